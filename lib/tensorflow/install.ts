import { statfs } from "node:fs/promises";
import { InputError } from "@/lib/errors.ts";
import { cacheFolder, syncFolder, writeFileAtomic } from "@/lib/files.ts";
import { libraryFolder, type LibraryVariant } from "@/lib/tensorflow/library.ts";

export interface InstallOptions {
  readonly variant: LibraryVariant;
  /** Told each stage in a sentence; the program that runs tells the rest on its own standard error. */
  readonly onStage: (sentence: string) => void;
}

interface Stamp {
  /** The requirement file's text, so that a newer pin is noticed. */
  readonly requirements: string;
  /** Sizes in bytes of the files by their paths in the folder. */
  readonly files: Readonly<Record<string, number>>;
}

/** Room in bytes for the wheels and what is taken of them; measured, with some to spare. */
const roomWanted: Record<LibraryVariant, number> = { cpu: 1.4e9, gpu: 10e9 };

/** pip's names for the platforms of the pinned wheels; the CUDA wheels carry several. */
const pipPlatforms: Readonly<Record<string, readonly string[]>> = {
  "linux-x86_64": ["manylinux_2_27_x86_64", "manylinux2014_x86_64", "manylinux_2_17_x86_64", "manylinux2010_x86_64"],
  "linux-aarch64": ["manylinux_2_27_aarch64"],
  "darwin-aarch64": ["macosx_12_0_arm64"],
};

/** True where the pinned library is unpacked, whole. */
export async function isInstalled(variant: LibraryVariant): Promise<boolean> {
  const folder = await libraryFolder(variant);
  try {
    const stamp: Stamp = JSON.parse(await Deno.readTextFile(`${folder}/stamp.json`));
    const sizes = await Promise.all(
      Object.entries(stamp.files).map(async ([path, size]) => (await Deno.stat(`${folder}/${path}`)).size === size),
    );
    return stamp.requirements === await requirements(variant) && sizes.every(Boolean);
  } catch (error) {
    if (error instanceof InputError) throw error;
    return false;
  }
}

/**
 * Has pip fetch the pinned wheels and unpacks their shared libraries into the cache folder. Two at once wait for each
 * other; what an interrupted one left is removed. Throws an InputError that says what to do where it cannot.
 */
export async function install({ variant, onStage }: InstallOptions): Promise<void> {
  const cache = await cacheFolder();
  using lock = await Deno.open(`${cache}/setup.lock`, { write: true, create: true });
  await lock.lock(true); // closing the file, or a kill, lets it go
  if (await isInstalled(variant)) return;
  const folder = await libraryFolder(variant);
  const partial = `${folder}.partial`;
  await checkPip();
  await removeIfThere(partial);
  await removeIfThere(folder);
  await checkRoom(cache, variant);
  await Deno.mkdir(`${partial}/wheels`, { recursive: true });
  try {
    onStage(`Fetching TensorFlow's library with pip (${variant === "cpu" ? "about 270 MB" : "about 3.5 GB"})`);
    await fetchWheels({ variant, into: `${partial}/wheels` });
    onStage("Unpacking the shared libraries");
    const files = await unpack(partial);
    await removeIfThere(`${partial}/wheels`);
    const stamp: Stamp = { requirements: await requirements(variant), files };
    await writeFileAtomic(`${partial}/stamp.json`, JSON.stringify(stamp, null, 2));
    await Deno.rename(partial, folder);
    await syncFolder(cache);
  } catch (error) {
    await removeIfThere(partial);
    throw error;
  }
}

function platform(): string {
  return `${Deno.build.os}-${Deno.build.arch}`;
}

async function requirements(variant: LibraryVariant): Promise<string> {
  try {
    return await Deno.readTextFile(requirementsPath(variant));
  } catch {
    const known = [...Object.keys(pipPlatforms).map((name) => `${name} (cpu)`), "linux-x86_64 (gpu)"].join(", ");
    throw new InputError(
      `Cannot set up TensorFlow (${variant}) on ${platform()}: its library is there for ${known}. ` +
        `Set TENSORFLOW_LIBRARY to a libtensorflow_cc of your own to use that`,
    );
  }
}

function requirementsPath(variant: LibraryVariant): string {
  return new URL(`../../data/tensorflow-${platform()}-${variant}.txt`, import.meta.url).pathname;
}

async function checkRoom(folder: string, variant: LibraryVariant): Promise<void> {
  const { bavail, bsize } = await statfs(folder);
  const free = bavail * bsize;
  if (free >= roomWanted[variant]) return;
  throw new InputError(
    `Cannot set up TensorFlow in ${folder}: ${gigabytes(free)} are free there and ` +
      `${gigabytes(roomWanted[variant])} are needed. Make room, or set POSMAP_CACHE to a folder that has it`,
  );
}

function gigabytes(bytes: number): string {
  return `${(bytes / 1e9).toFixed(1)} GB`;
}

const python = "python3";

async function checkPip(): Promise<void> {
  try {
    if ((await run(["-m", "pip", "--version"])).success) return;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  throw new InputError(
    "Cannot set up TensorFlow: found no python3 with pip on the PATH, which fetches its library. Install one " +
      '(for example "apt install python3-pip"), or set TENSORFLOW_LIBRARY to a libtensorflow_cc of your own',
  );
}

async function fetchWheels({ variant, into }: { variant: LibraryVariant; into: string }): Promise<void> {
  const { success, stderr } = await run([
    "-m",
    "pip",
    "download",
    "--no-deps",
    "--no-cache-dir",
    "--require-hashes",
    "--only-binary=:all:",
    "--disable-pip-version-check",
    ...pipPlatforms[platform()]!.flatMap((name) => ["--platform", name]),
    "--python-version=3.12",
    "--implementation=cp",
    `--dest=${into}`,
    `--requirement=${requirementsPath(variant)}`,
  ], { showOutput: true });
  if (success) return;
  if (/DO NOT MATCH THE HASHES/.test(stderr)) {
    throw new InputError(
      `Cannot set up TensorFlow: a wheel that pip fetched is not the one pinned in ${requirementsPath(variant)} ` +
        `(its hash differs). Try again; if it stays so, something between here and PyPI changes files`,
    );
  }
  if (/No space left/.test(stderr)) {
    throw new InputError(
      "Cannot set up TensorFlow: no space was left while pip fetched it. Make room there and where TMPDIR points, " +
        "or set POSMAP_CACHE to a folder that has it",
    );
  }
  const reason = stderr.trim().split("\n").findLast((line) => /ERROR/.test(line)) ?? stderr.trim().split("\n").at(-1);
  throw new InputError(
    `Cannot set up TensorFlow: pip could not fetch it (${reason}). Is PyPI, or the mirror that pip is configured ` +
      `for, within reach? Run "deno task setup" to try again`,
  );
}

/** Takes the shared libraries, and the small CUDA tools that XLA calls, out of the wheels; prints their sizes as JSON. */
const unpackScript = `
import glob, json, os, re, sys, zipfile
folder = sys.argv[1]
wanted = re.compile(r"tensorflow/libtensorflow_(cc|framework)\\.(so\\.2|2\\.dylib)$|nvidia/.*(\\.so(\\.[0-9]+)*|/ptxas|\\.bc)$")
sizes = {}
for wheel in sorted(glob.glob(folder + "/wheels/*.whl")):
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            if wanted.match(member.filename):
                archive.extract(member, folder)
                path = os.path.join(folder, member.filename)
                if path.endswith("/ptxas"): os.chmod(path, 0o755)
                with open(path, "rb") as file: os.fsync(file.fileno())
                sizes[member.filename] = member.file_size
    os.remove(wheel)
print(json.dumps(sizes))
`;

async function unpack(folder: string): Promise<Record<string, number>> {
  const { success, stdout, stderr } = await run(["-c", unpackScript, folder]);
  if (!success) {
    const reason = stderr.trim().split("\n").at(-1);
    throw new InputError(`Cannot set up TensorFlow: unpacking its wheel in ${folder} failed (${reason}). Try again`);
  }
  return JSON.parse(stdout);
}

/** With showOutput, what Python says goes to this program's standard error as it says it. */
async function run(args: string[], { showOutput = false } = {}) {
  const child = new Deno.Command(python, {
    args,
    stdin: "null",
    stdout: showOutput && Deno.stdout.isTerminal() ? "inherit" : "piped", // pip draws its progress bar on a terminal only
    stderr: "piped",
  }).spawn();
  const collect = async (stream: ReadableStream<Uint8Array>) => {
    let text = "";
    for await (const part of stream.pipeThrough(new TextDecoderStream())) {
      text += part;
      if (showOutput) await Deno.stderr.write(new TextEncoder().encode(part));
    }
    return text;
  };
  const [status, stderr, stdout] = await Promise.all([
    child.status,
    collect(child.stderr),
    showOutput && Deno.stdout.isTerminal() ? "" : collect(child.stdout),
  ]);
  return { success: status.success, stdout, stderr };
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
