import { InputError } from "@/lib/errors.ts";
import type { LibraryVariant } from "@/lib/tensorflow/library/library.ts";

/** pip's names for the platforms of the pinned wheels; the CUDA wheels carry several. */
const pipPlatforms: Readonly<Record<string, readonly string[]>> = {
  "linux-x86_64": ["manylinux_2_27_x86_64", "manylinux2014_x86_64", "manylinux_2_17_x86_64", "manylinux2010_x86_64"],
  "linux-aarch64": ["manylinux_2_27_aarch64"],
  "darwin-aarch64": ["macosx_12_0_arm64"],
};

/** A requirement file of pip, which pins wheels by their hashes. */
export interface Requirements {
  readonly path: string;
  readonly text: string;
  /** pip's names for the platform of its wheels. */
  readonly platforms: readonly string[];
}

/** Pins of a library's wheels for this machine, or for another. Throws an InputError where TensorFlow has none. */
export async function readRequirements(
  variant: LibraryVariant,
  { os, arch }: { os: string; arch: string } = Deno.build,
): Promise<Requirements> {
  const path = `${import.meta.dirname}/../../../data/tensorflow-${os}-${arch}-${variant}.txt`;
  try {
    return {
      path: await Deno.realPath(path),
      text: await Deno.readTextFile(path),
      platforms: pipPlatforms[`${os}-${arch}`]!,
    };
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    const known = [...Object.keys(pipPlatforms).map((name) => `${name} (cpu)`), "linux-x86_64 (gpu)"].join(", ");
    throw new InputError(
      `Cannot set up TensorFlow (${variant}) on ${os}-${arch}: its library is there for ${known}. ` +
        "Set TENSORFLOW_LIBRARY to a libtensorflow_cc of your own to use that",
    );
  }
}

/** Throws an InputError where there is no Python with pip. */
export async function checkPip(): Promise<void> {
  let found = "none";
  try {
    const { success, stderr } = await runPython(["-m", "pip", "--version"]);
    if (success) return;
    found = lastLine(stderr);
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
  throw new InputError(
    `Cannot set up TensorFlow: its library is fetched by python3 with pip, and the PATH has ${found}. Install one ` +
      '(for example "apt install python3-pip"), or set TENSORFLOW_LIBRARY to a libtensorflow_cc of your own',
  );
}

export interface FetchOptions {
  readonly into: string;
  /** Where pip keeps what it is fetching. */
  readonly temporary: string;
  readonly signal: AbortSignal;
  /** Called now and then with the number of bytes that are there. */
  readonly onBytes: (bytes: number) => void;
  /** Called with each of pip's warnings. */
  readonly onWarning: (line: string) => void;
}

/** Has pip fetch the pinned wheels and check their hashes. */
export async function fetchWheels(
  { path, platforms }: Requirements,
  { into, temporary, signal, onBytes, onWarning }: FetchOptions,
): Promise<void> {
  const look = () => bytesIn(temporary).then(onBytes).catch(() => {}); // pip moves files meanwhile
  const polling = setInterval(look, 500);
  using _ = { [Symbol.dispose]: () => clearInterval(polling) };
  const { success, stderr } = await runPython([
    "-c",
    WATCHED,
    "-m",
    "pip",
    "download",
    "--no-deps",
    "--no-cache-dir",
    "--require-hashes",
    "--only-binary=:all:",
    "--disable-pip-version-check",
    ...platforms.flatMap((name) => ["--platform", name]),
    "--python-version=3.12",
    "--implementation=cp",
    `--dest=${into}`,
    `--requirement=${path}`,
  ], {
    signal,
    environment: { TMPDIR: temporary, PIP_REQUIRE_VIRTUALENV: "false", PYTHONUNBUFFERED: "1" },
    onErrorLine: (line) => /^WARNING: Retrying /.test(line) && onWarning(line),
  });
  if (success) return;
  if (/DO NOT MATCH THE HASHES/.test(stderr)) {
    throw new InputError(
      `Cannot set up TensorFlow: a wheel that pip fetched is not the one pinned in ${path} (its hash differs). ` +
        "Try again; if it stays so, something between here and PyPI changes files",
    );
  }
  checkNoSpace(stderr, into);
  const reason = stderr.trim().split("\n").findLast((line) => /ERROR/.test(line)) ?? lastLine(stderr);
  throw new InputError(
    `Cannot set up TensorFlow: pip could not fetch it (${reason.replace(/^ERROR: /, "")}). Is PyPI, or the mirror ` +
      'that pip is configured for, within reach? Run "deno task setup" to try again',
  );
}

/** A file out of a wheel. */
export interface UnpackedFile {
  readonly bytes: number;
  /** In hexadecimal digits. */
  readonly sha256: string;
}

/**
 * Takes the shared libraries, and the CUDA tools that XLA calls, out of the wheels; prints their sizes and SHA-256 as JSON,
 * of what the wheels hold, after it was found to be what the disk gives back.
 */
const unpackScript = `
import hashlib, json, os, re, sys, zipfile
def digest(file):
    hash = hashlib.sha256()
    while part := file.read(1 << 20): hash.update(part)
    return hash.hexdigest()
wheels, folder = sys.argv[1:]
wanted = re.compile(r"tensorflow/libtensorflow_(cc|framework)\\.(so\\.2|2\\.dylib)$|nvidia/.*(\\.so(\\.[0-9]+)*|/ptxas|\\.bc)$")
files = {}
for name in sorted(os.listdir(wheels)):
    wheel = os.path.join(wheels, name)
    with zipfile.ZipFile(wheel) as archive:
        for member in archive.infolist():
            if wanted.match(member.filename):
                path = archive.extract(member, folder)
                if path.endswith("/ptxas"): os.chmod(path, 0o755)
                with open(path, "rb") as file:
                    os.fsync(file.fileno())
                    found = digest(file)
                with archive.open(member) as file: wanted_digest = digest(file)
                if found != wanted_digest: sys.exit("the disk gave back other bytes than " + member.filename + " has")
                files[member.filename] = {"bytes": member.file_size, "sha256": found}
    os.remove(wheel)
print(json.dumps(files))
`;

/** Unpacks the libraries of the wheels in a folder, removing each wheel. Gives them by path in `into`. */
export async function unpackLibraries(
  wheels: string,
  { into, signal }: Pick<FetchOptions, "into" | "signal">,
): Promise<Record<string, UnpackedFile>> {
  const { success, stdout, stderr } = await runPython(["-c", unpackScript, wheels, into], { signal });
  if (success) return JSON.parse(stdout);
  checkNoSpace(stderr, into);
  throw new InputError(
    `Cannot set up TensorFlow: its wheels could not be unpacked in ${into} (${lastLine(stderr)}). ` +
      'Run "deno task setup" to try again',
  );
}

function checkNoSpace(stderr: string, folder: string): void {
  if (!/No space left|Disk quota exceeded/.test(stderr)) return;
  throw new InputError(
    `Cannot set up TensorFlow: no space is left for ${folder}. Make room, or set POSMAP_CACHE to a folder that has it`,
  );
}

async function bytesIn(folder: string): Promise<number> {
  let bytes = 0;
  for await (const { name, isDirectory } of Deno.readDir(folder)) {
    const path = `${folder}/${name}`;
    bytes += isDirectory ? await bytesIn(path) : (await Deno.lstat(path)).size;
  }
  return bytes;
}

/** Runs the module that the arguments name, for as long as whoever started it lives and holds standard input open. */
const WATCHED = `
import os, runpy, sys, threading
def watch():
    os.read(0, 1)
    os._exit(1)
threading.Thread(target=watch, daemon=True).start()
module = sys.argv[2]
sys.argv = sys.argv[2:]
runpy.run_module(module, run_name="__main__", alter_sys=True)
`;

interface PythonOptions {
  readonly signal?: AbortSignal;
  readonly environment?: Readonly<Record<string, string>>;
  /** Called with the lines of standard error as they come. */
  readonly onErrorLine?: (line: string) => void;
}

async function runPython(args: readonly string[], { signal, environment = {}, onErrorLine }: PythonOptions = {}) {
  const child = new Deno.Command("python3", {
    args: [...args],
    clearEnv: true,
    env: { ...allowedEnvironment(), ...environment },
    stdin: "piped", // closed where this process ends, however it does; see WATCHED
    stdout: "piped",
    stderr: "piped",
    ...(signal && { signal }),
  }).spawn();
  const output = Promise.all([collect(child.stderr, onErrorLine), collect(child.stdout)]);
  const { success } = await child.status;
  await child.stdin.close().catch(() => {}); // Python has ended
  if (!success) await new Promise((resolve) => setTimeout(resolve, 100)); // Ctrl-C may reach Python before it reaches us
  signal?.throwIfAborted(); // and some child of Python's may still hold its output open
  const [stderr, stdout] = await output;
  return { success, stdout, stderr };
}

/** Deno starts a program that is allowed by name only without the variables that could make it load other code. */
export function allowedEnvironment(): Record<string, string> {
  return Object.fromEntries(Object.entries(Deno.env.toObject()).filter(([name]) => !/^(LD|DYLD)_/.test(name)));
}

async function collect(stream: ReadableStream<Uint8Array>, onLine?: (line: string) => void): Promise<string> {
  let text = "";
  let reported = 0; // up to here, in whole lines
  for await (const part of stream.pipeThrough(new TextDecoderStream())) {
    text += part;
    for (let end; onLine && (end = text.indexOf("\n", reported)) >= 0; reported = end + 1) {
      onLine(text.slice(reported, end));
    }
  }
  return text;
}

function lastLine(text: string): string {
  return text.trim().split("\n").at(-1)!;
}
