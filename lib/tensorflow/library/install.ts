import { createHash } from "node:crypto";
import { statfs } from "node:fs/promises";
import { bytesText } from "@/lib/counted.ts";
import { InputError } from "@/lib/errors.ts";
import { cacheFolder, lockFile, syncFolder, writeFileAtomic } from "@/lib/files.ts";
import { libraryFile, libraryFolder, type LibraryVariant } from "@/lib/tensorflow/library/library.ts";
import {
  checkPip,
  fetchWheels,
  readRequirements,
  type UnpackedFile,
  unpackLibraries,
} from "@/lib/tensorflow/library/wheels.ts";

export interface InstallOptions {
  readonly variant: LibraryVariant;
  /** Whether one that is there is looked at by its files' SHA-256; see {@linkcode isInstalled}. */
  readonly verify?: boolean | undefined;
  /** Called with each stage in a sentence; what it gives is called with the part done, from 0 to 1. */
  readonly onStage: (sentence: string) => (done: number) => void;
  /** Called with what pip warns of. */
  readonly onWarning: (line: string) => void;
  /** Ends it with the signal's reason; what was half done is removed. */
  readonly signal: AbortSignal;
}

interface Stamp {
  /** The requirement file's text, so that a newer pin is noticed. */
  readonly requirements: string;
  /** By their paths in the folder. */
  readonly files: Readonly<Record<string, UnpackedFile>>;
}

/** Bytes that pip fetches. */
const downloadSize: Record<LibraryVariant, number> = { cpu: 0.27e9, gpu: 3.4e9 };

/**
 * Bytes wanted for a moment: pip holds its wheels twice; then there are wheels beside what is unpacked of them, 0.85 GB
 * and 5.7 GB in the end.
 */
const roomWanted: Record<LibraryVariant, number> = { cpu: 1.4e9, gpu: 8e9 };

/**
 * True where the pinned library is unpacked, whole: by its files' sizes, or, where it is to be verified, by their SHA-256,
 * which takes a second or more. Throws an InputError where there is none for this machine.
 */
export async function isInstalled(
  variant: LibraryVariant,
  { verify = false }: { readonly verify?: boolean | undefined } = {},
): Promise<boolean> {
  const { text } = await readRequirements(variant);
  const folder = await libraryFolder(variant);
  try {
    const { requirements, files } = await readStamp(folder);
    return requirements === text && await (verify ? hasHashes(folder, files) : hasSizes(folder, files));
  } catch {
    return false;
  }
}

/**
 * Looks at a library that does not load: where its files are not what was unpacked, it is no longer taken for set up, so
 * that the next set-up fetches it anew, and true is given. A whole one is left: fetching it again would change nothing.
 */
export async function discardDamaged(library: string): Promise<boolean> {
  const folder = library.slice(0, -libraryFile("").length);
  try {
    const { files } = await readStamp(folder);
    if (await hasHashes(folder, files)) return false;
    await Deno.remove(`${folder}/stamp.json`);
    return true;
  } catch {
    return false; // a library of the user's own, or one that is not to be changed
  }
}

async function readStamp(folder: string): Promise<Stamp> {
  return JSON.parse(await Deno.readTextFile(`${folder}/stamp.json`));
}

async function hasSizes(folder: string, files: Stamp["files"]): Promise<boolean> {
  const sizes = Object.entries(files).map(async ([path, { bytes }]) =>
    (await Deno.stat(`${folder}/${path}`)).size === bytes
  );
  return (await Promise.all(sizes)).every(Boolean);
}

async function hasHashes(folder: string, files: Stamp["files"]): Promise<boolean> {
  for (const [path, { sha256 }] of Object.entries(files)) {
    using file = await Deno.open(`${folder}/${path}`);
    const hash = createHash("sha256");
    for await (const part of file.readable) hash.update(part);
    if (hash.digest("hex") !== sha256) return false;
  }
  return true;
}

/** The build for CUDA where it was set up before, whole or not, else the one for the CPU. */
export async function variantInUse(): Promise<LibraryVariant> {
  return await Deno.stat(await libraryFolder("gpu")).then(() => "gpu", () => "cpu");
}

/**
 * Has pip fetch the pinned wheels and unpacks their shared libraries into the cache folder. Two at once wait for each
 * other; what an interrupted one left is removed. Throws an InputError that says what to do where it cannot.
 */
export async function install({ variant, verify, onStage, onWarning, signal }: InstallOptions): Promise<void> {
  const requirements = await readRequirements(variant);
  const cache = await cacheFolder();
  using _lock = await lockSetup(cache, { onStage, signal });
  if (await isInstalled(variant, { verify })) return;
  await checkPip();
  await removeInterrupted(cache);
  checkRoom(await freeBytes(cache), { folder: cache, variant });
  const folder = await libraryFolder(variant);
  const partial = `${cache}/${partialPrefix}${crypto.randomUUID()}`;
  try {
    const [wheels, temporary] = [`${partial}/wheels`, `${partial}/temporary`];
    await Promise.all([wheels, temporary].map((path) => Deno.mkdir(path, { recursive: true })));
    const onProgress = onStage(`Fetching TensorFlow's library with pip (about ${bytesText(downloadSize[variant])})`);
    const onBytes = (bytes: number) => onProgress(Math.min(1, bytes / downloadSize[variant]));
    await fetchWheels(requirements, { into: wheels, temporary, signal, onBytes, onWarning });
    onStage("Unpacking the shared libraries");
    const files = await unpackLibraries(wheels, { into: partial, signal });
    const library = libraryFile(partial).slice(partial.length + 1);
    if (!(library in files)) throw new Error(`The wheels pinned in ${requirements.path} have no ${library}`);
    await Promise.all([wheels, temporary].map((path) => Deno.remove(path, { recursive: true })));
    const stamp: Stamp = { requirements: requirements.text, files };
    await writeFileAtomic(`${partial}/stamp.json`, JSON.stringify(stamp, null, 2));
    await removeIfThere(folder);
    await Deno.rename(partial, folder);
    await syncFolder(cache);
  } catch (error) {
    await removeIfThere(partial).catch(() => {}); // the next one tries again, and this error is the one to tell
    throw error;
  }
}

const partialPrefix = "setup-partial-";

/** Waits until no other process sets up in this cache folder. */
async function lockSetup(
  cache: string,
  { onStage, signal }: Pick<InstallOptions, "onStage" | "signal">,
): Promise<Disposable> {
  try {
    return await lockFile(`${cache}/setup.lock`, {
      onWait: () => onStage(`Waiting for another set-up in ${cache}`),
      signal,
    });
  } catch (error) {
    signal.throwIfAborted();
    throw new InputError(
      `Cannot set up TensorFlow in ${cache}: ${error instanceof Error ? error.message : error}. ` +
        "Set POSMAP_CACHE to a folder that can be written to",
    );
  }
}

async function removeInterrupted(cache: string): Promise<void> {
  for await (const { name } of Deno.readDir(cache)) {
    if (name.startsWith(partialPrefix)) await removeIfThere(`${cache}/${name}`);
  }
}

async function freeBytes(folder: string): Promise<number> {
  const { bavail, bsize } = await statfs(folder);
  return bavail * bsize;
}

/** Throws an InputError where the bytes that are free in a folder are too few to set up. */
export function checkRoom(free: number, { folder, variant }: { folder: string; variant: LibraryVariant }): void {
  if (free >= roomWanted[variant]) return;
  throw new InputError(
    `Cannot set up TensorFlow in ${folder}: ${bytesText(free)} are free there and ` +
      `${bytesText(roomWanted[variant])} are needed. Make room, or set POSMAP_CACHE to a folder that has it`,
  );
}

async function removeIfThere(path: string): Promise<void> {
  try {
    await Deno.remove(path, { recursive: true });
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
  }
}
