import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { cacheFolder, isThere } from "@/lib/files.ts";
import { InputError } from "@/lib/errors.ts";
import { ChildError, type Children, type Command } from "./children.ts";

const names = { torch: "PyTorch", onnxruntime: "onnxruntime", scipy: "SciPy", trimesh: "trimesh" } as const;
type PythonPeer = keyof typeof names;

const TCMALLOC = "tcmalloc";
/** Debian's, and its name since version 13. */
const debianPackages = ["libtcmalloc-minimal4", "libtcmalloc-minimal4t64"];

/** What is installed of the programs that posmap is measured beside. */
export interface Peers {
  readonly missing: readonly string[];
  readonly has: (peer: PythonPeer | typeof TCMALLOC) => boolean;
  /** Such as "PyTorch 2.13.0". */
  readonly nameOf: (peer: PythonPeer) => string;
  /** A program of tasks/bench, given these options. */
  readonly python: (script: string, options: object) => Command;
  /** The library to preload. */
  readonly tcmalloc: string | undefined;
  /** The folder of face3d's modules. */
  readonly face3d: string | undefined;
}

export async function findPeers(): Promise<Peers> {
  const { pythonFolder, tcmallocFolder, face3dFolder } = await peerFolders();
  const versions = pinnedVersions(await Deno.readTextFile(pinsFile));
  const nameOf = (peer: PythonPeer) => `${names[peer]} ${versions[peer]}`;
  const hasPython = await isThere(pythonFolder);
  const tcmalloc = await findTcmalloc(tcmallocFolder);
  const face3d = await isThere(face3dFolder) ? `${face3dFolder}/insightface/thirdparty/face3d` : undefined;
  return {
    missing: [
      ...hasPython ? [] : (Object.keys(names) as PythonPeer[]).map(nameOf),
      ...tcmalloc ? [] : [TCMALLOC],
      ...face3d ? [] : ["face3d"],
    ],
    has: (peer) => hasPython && (peer !== TCMALLOC || tcmalloc !== undefined),
    nameOf,
    python: (script, options) => ({
      program: "python3",
      args: [`${import.meta.dirname}/${script}`, JSON.stringify(options)],
      environment: { PYTHONPATH: pythonFolder },
    }),
    tcmalloc,
    face3d,
  };
}

/** Fetches what is missing into the cache folder. Throws an InputError where Python's packages cannot be had. */
export async function installPeers(
  { children, note }: { readonly children: Children; readonly note: (sentence: string) => void },
): Promise<void> {
  const { pythonFolder, tcmallocFolder, face3dFolder } = await peerFolders();
  if (!await isThere(pythonFolder)) {
    note("Fetching PyTorch, onnxruntime, SciPy and trimesh with pip (0.4 GB, or 3 GB where PyTorch comes with CUDA)");
    await whole(pythonFolder, async (folder) => {
      const options = ["--quiet", "--disable-pip-version-check", "--only-binary=:all:", "--target", folder];
      const args = ["-m", "pip", "install", ...options, "--requirement", pinsFile];
      await run(children, { program: "python3", args });
    }).catch((error) => {
      throw error instanceof ChildError
        ? new InputError(`Cannot install the peers: pip could not fetch them (${lastError(error)})`)
        : error;
    });
  }
  if (!await findTcmalloc(tcmallocFolder)) {
    note(`Fetching ${debianPackages[0]} with apt-get`);
    await whole(tcmallocFolder, (folder) => fetchTcmalloc(children, folder)).catch((error) => {
      if (children.signal.aborted) throw error;
      note(`tcmalloc is left out: apt-get could not fetch it (${error.message})`);
    });
  }
  if (!await isThere(face3dFolder)) {
    note("Building face3d with pip, of InsightFace's sources");
    await whole(face3dFolder, (folder) => {
      const options = ["--quiet", "--disable-pip-version-check", "--no-deps", "--no-binary=insightface"];
      const args = ["-m", "pip", "install", ...options, "--target", folder, "--requirement", sourcePinsFile];
      return run(children, { program: "python3", args });
    }).catch((error) => {
      if (!(error instanceof ChildError)) throw error;
      note(`face3d is left out: pip could not build it (${lastError(error)})`);
    });
  }
}

const data = fileURLToPath(new URL("../../data/", import.meta.url));
const [pinsFile, sourcePinsFile] = [`${data}bench-peers.txt`, `${data}bench-face3d.txt`];

function pinnedVersions(pins: string): Record<string, string> {
  return Object.fromEntries([...pins.matchAll(/^(\S+)==(\S+)$/gm)].map(([, name, version]) => [name!, version!]));
}

async function peerFolders() {
  const cache = await cacheFolder();
  const digest = async (path: string) =>
    createHash("sha256").update(await Deno.readTextFile(path)).digest("hex").slice(0, 16);
  return {
    pythonFolder: `${cache}/bench-peers-${await digest(pinsFile)}`,
    face3dFolder: `${cache}/bench-face3d-${await digest(sourcePinsFile)}`,
    tcmallocFolder: `${cache}/bench-tcmalloc`,
  };
}

async function findTcmalloc(folder: string): Promise<string | undefined> {
  const libraries = `${folder}/usr/lib`;
  if (!await isThere(libraries)) return undefined;
  for await (const { name } of Deno.readDir(libraries)) {
    const path = `${libraries}/${name}/libtcmalloc_minimal.so.4`;
    if (await isThere(path)) return path;
  }
  return undefined;
}

async function fetchTcmalloc(children: Children, folder: string): Promise<void> {
  const download = (name: string) => run(children, { program: "apt-get", args: ["download", "--quiet", name] }, folder);
  await download(debianPackages[0]!).catch(() => download(debianPackages[1]!));
  for await (const { name } of Deno.readDir(folder)) {
    if (name.endsWith(".deb")) {
      await run(children, { program: "dpkg", args: ["--extract", `${folder}/${name}`, folder] });
    }
  }
}

/** Fills a folder that is there only once it is whole. */
async function whole(folder: string, fill: (folder: string) => Promise<void>): Promise<void> {
  const partial = `${folder}.${crypto.randomUUID()}`;
  try {
    await Deno.mkdir(partial);
    await fill(partial);
    await Deno.rename(partial, folder);
  } catch (error) {
    await Deno.remove(partial, { recursive: true }).catch(() => {});
    throw error;
  }
}

async function run(children: Children, command: Command, folder?: string): Promise<void> {
  using child = children.spawn(command, folder);
  if (!await child.ended) throw await child.failure();
}

function lastError({ standardError }: ChildError): string {
  const line = standardError.split("\n").findLast((line) => /ERROR/.test(line)) ?? standardError.split("\n").at(-1)!;
  return line.replace(/^ERROR: /, "");
}
