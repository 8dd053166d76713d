import { dirname, relative } from "node:path";
import type * as z from "zod";
import { InputError, reasonOf } from "@/lib/errors.ts";
import { BYTE_ORDER_MARK, jsonOf } from "@/lib/json.ts";

/** Bytes of a text: a JavaScript engine has none of more than 2²⁹ characters. */
const MOST_TEXT = 500_000_000;

/** A file's text. Throws an InputError where it cannot be read. */
export async function readText(path: string): Promise<string> {
  const { size } = await Deno.stat(path).catch((error) => refuseFile(path, error));
  if (size > MOST_TEXT) refuseFile(path, `it has ${size} bytes, more than ${MOST_TEXT}`);
  const text = await Deno.readTextFile(path).catch((error) => refuseFile(path, error));
  return text.replace(BYTE_ORDER_MARK, "");
}

/**
 * A file's bytes. Throws an InputError where it cannot be read.
 *
 * @param wanted the end of its sentence, such as "a photo was expected"
 */
export async function readBytes(path: string, wanted?: string): Promise<Uint8Array<ArrayBuffer>> {
  return await Deno.readFile(path).catch((error) => {
    throw new InputError(`Cannot read ${path}: ${reasonOf(error)}${wanted === undefined ? "" : `; ${wanted}`}`);
  });
}

interface JsonOptions<T> {
  readonly path: string;
  readonly schema: z.ZodType<T>;
  /** The end of the error's sentence, such as "a photo was expected". */
  readonly wanted?: string;
}

/** What the text of a JSON file says. Throws an InputError where it is no JSON, or not of this schema. */
export function parseJson<T>(text: string, { path, schema, wanted }: JsonOptions<T>): T {
  const refuse = (what: string): never => {
    throw new InputError(`Cannot read ${path}: ${what}${wanted === undefined ? "" : `; ${wanted}`}`);
  };
  let json;
  try {
    json = jsonOf(text);
  } catch (error) {
    return refuse(reasonOf(error));
  }
  const { data, error } = schema.safeParse(json);
  if (data) return data;
  const { path: keys, message } = error!.issues[0]!;
  return refuse(`${keys.length > 0 ? `"${keys.join(".")}": ` : ""}${message}`);
}

/** Throws an InputError that says why a file could not be read. */
export function refuseFile(path: string, error: unknown): never {
  const reason = error instanceof Deno.errors.NotFound ? "there is no such file" : reasonOf(error);
  throw new InputError(`Cannot read ${path}: ${reason}`);
}

/**
 * Writes a file so that a kill or a power cut at any moment leaves either the old one or the new one, whole: a
 * temporary file beside it, synced, renamed, and the folder synced. Throws an InputError where the disk is full, or
 * that fails otherwise.
 */
export async function writeFileAtomic(path: string, content: Uint8Array | string): Promise<void> {
  await writing(path, () => writeSynced(path, content));
}

async function writeSynced(path: string, content: Uint8Array | string): Promise<void> {
  await replaceFile(path, content);
  await syncFolder(dirname(path));
}

/** Throws an InputError that says in a sentence what went wrong with writing there. */
export async function writing(path: string, write: () => Promise<void>): Promise<void> {
  try {
    await write();
  } catch (error) {
    throw new InputError(`Cannot write ${path}: ${await reasonAgainst(path, error)}`);
  }
}

/** Why nothing could be written there, for a sentence. */
async function reasonAgainst(path: string, error: unknown): Promise<string> {
  const file = await fileAbove(path), folder = dirname(path);
  if (file !== undefined) return `${file} is a file, not a folder`;
  return error instanceof Deno.errors.NotFound && !await isThere(folder)
    ? `there is no folder ${folder}`
    : reasonOf(error);
}

/** A path's part that would have to be a folder and is a file, as far as may be seen. */
export async function fileAbove(path: string): Promise<string | undefined> {
  const folder = dirname(path);
  if (folder === path) return undefined;
  return await isFile(folder) ? folder : await fileAbove(folder);
}

/** As `writeFileAtomic`, but that a power cut may still bring the old file back, until the folder is synced. */
export async function replaceFile(path: string, content: Uint8Array | string): Promise<void> {
  const temporary = temporaryName(path);
  try {
    using file = await Deno.open(temporary, { write: true, createNew: true });
    await writeAll(file, typeof content === "string" ? new TextEncoder().encode(content) : content);
    await file.sync();
    await Deno.rename(temporary, path);
  } catch (error) {
    await Deno.remove(temporary).catch(() => {});
    throw error;
  }
}

/**
 * Makes a new folder of these files, by their paths in it: all of them or nothing, through kills and power cuts. Throws an
 * InputError where it is there already, and where it cannot be written.
 */
export async function writeFolderAtomic(
  path: string,
  files: Iterable<FileContent> | AsyncIterable<FileContent>,
): Promise<void> {
  await makeFolderAtomic(path, async (making) => {
    for await (const [name, content] of files) {
      await writing(`${path}/${name}`, async () => {
        await Deno.mkdir(dirname(`${making}/${name}`), { recursive: true });
        await writeSynced(`${making}/${name}`, content);
      });
    }
  });
}

export type FileContent = readonly [name: string, content: Uint8Array | string];

/**
 * As {@linkcode writeFolderAtomic}, of what `fill` writes into the folder that it is given, which has another name until it
 * is whole; each file as `writeFileAtomic` does. Errors that name that folder name this one.
 */
export async function makeFolderAtomic(path: string, fill: (making: string) => Promise<void>): Promise<void> {
  const temporary = temporaryName(path);
  try {
    await refusePresent(path);
    await writing(path, () => Deno.mkdir(temporary, { recursive: true }));
    await fill(temporary);
    await writing(path, async () => {
      await Deno.rename(temporary, path);
      await syncFolder(dirname(path));
    });
  } catch (error) {
    await Deno.remove(temporary, { recursive: true }).catch(() => {});
    throw error instanceof InputError ? new InputError(error.message.replaceAll(temporary, path)) : error;
  }
}

/** Throws an InputError where there is already what is to be made anew. */
export async function refusePresent(path: string): Promise<void> {
  if (await isThere(path)) {
    throw new InputError(`Cannot write ${path}: it is there already; name another place by --out`);
  }
}

/**
 * Gives a file that has grown under a temporary name its own, whole, so that a power cut leaves all of it or nothing.
 * Throws an InputError where that fails.
 */
export async function keepFile(temporary: string, path: string): Promise<void> {
  await writing(path, async () => {
    using file = await Deno.open(temporary, { read: true, write: true });
    await file.sync();
    await Deno.rename(temporary, path);
    await syncFolder(dirname(path));
  });
}

/** Makes a folder and those that it is to be in, where they are missing. Throws an InputError where that fails. */
export async function makeFolder(path: string): Promise<void> {
  try {
    await Deno.mkdir(path, { recursive: true });
  } catch (error) {
    throw new InputError(`Cannot make the folder ${path}: ${await reasonAgainst(path, error)}`);
  }
}

/** Removes from a folder the files that killed writes left there. It may hold nothing that is being written. */
export async function removeTemporaries(folder: string): Promise<void> {
  for await (const { name } of Deno.readDir(folder)) {
    if (isTemporary(name)) await Deno.remove(`${folder}/${name}`);
  }
}

/** What is in a folder, but for what begins with a dot: locks, and what other programs keep there for themselves. */
export function namesIn(folder: string): string[] {
  return Array.from(Deno.readDirSync(folder), ({ name }) => name).filter((name) => !name.startsWith("."));
}

/** Folders below the one that is given. */
const DEEPEST = 4;

/**
 * These files, and all that are in those of them that are folders or some folders below, in order. Links count as what they
 * lead to, but for those that lead nowhere, or back to a folder that they are in. Throws an InputError where one that was
 * given is missing, or a folder cannot be read.
 */
export async function filesBelow(given: readonly string[]): Promise<string[]> {
  const found: string[] = [];
  const look = async (path: string, above: readonly string[]): Promise<void> => {
    const looked = await Promise.all([Deno.stat(path), Deno.realPath(path)])
      .catch((error) => above.length === 0 ? refuseFile(path, error) : undefined);
    if (!looked) return;
    const [{ isDirectory }, real] = looked;
    const leadsBack = above.some((folder) => !relative(real, folder).startsWith(".."));
    if (!isDirectory) found.push(path);
    else if (above.length <= DEEPEST && !leadsBack) {
      const entries = await Array.fromAsync(Deno.readDir(path)).catch((error) => refuseFile(path, error));
      const names = entries.map(({ name }) => name).sort();
      for (const name of names) await look(`${path}/${name}`, [...above, real]);
    }
  };
  for (const path of given) await look(path, []);
  return found;
}

/** Whether there is a file or a folder, as far as may be seen. */
export async function isThere(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}

/** Whether there is a file, as far as may be seen. */
export async function isFile(path: string): Promise<boolean> {
  return await Deno.stat(path).then((found) => found.isFile, () => false);
}

/** Whether two paths lead to the same file or folder, as far as may be seen: by links, too. */
export async function isSame(one: string, other: string): Promise<boolean> {
  const [real, otherReal] = await Promise.all([one, other].map((path) => Deno.realPath(path).catch(() => undefined)));
  return real !== undefined && real === otherReal;
}

/** For a file or folder that is not whole yet, beside where it will be: "faces/" is as "faces", not in it. */
export function temporaryName(path: string): string {
  const [, folder, name] = /^(.*\/)?(.*)$/s.exec(path.replace(/(?<=[^/])\/+$/, ""))!;
  return `${folder ?? ""}${startOf(name!)}.${crypto.randomUUID()}.tmp`;
}

/** As much of a name as leaves room for what is added to it: names have 255 bytes at most. */
function startOf(name: string): string {
  let start = name;
  while (new TextEncoder().encode(start).length > 200) start = [...start].slice(0, -1).join("");
  return start;
}

/** Whether a file is one that was not finished, as where its program was killed. */
export function isTemporary(name: string): boolean {
  return /\.[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}\.tmp$/.test(name);
}

export async function writeAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let written = 0; written < bytes.length;) written += await file.write(bytes.subarray(written));
}

/** Makes what was appended to a file last through a power cut. Throws an InputError where that fails. */
export async function syncFile(path: string): Promise<void> {
  await writing(path, async () => {
    using file = await Deno.open(path, { write: true });
    await file.sync();
  });
}

/** Makes a rename in this folder last through a power cut. */
export async function syncFolder(path: string): Promise<void> {
  if (Deno.build.os === "windows") return; // folders cannot be opened there
  using folder = await Deno.open(path);
  await folder.sync();
}

/**
 * Holds a folder so that no other process works in it at the same time, and removes what killed writes left there. Waits for
 * the other one, of which it tells once. Throws an InputError where the folder cannot be written to.
 */
export async function claimFolder(folder: string, options: LockOptions = {}): Promise<Disposable> {
  const lock = await lockFile(`${folder}/.lock`, options).catch((error) => {
    options.signal?.throwIfAborted();
    throw new InputError(`Cannot write to ${folder}: ${reasonOf(error)}`);
  });
  try {
    await removeTemporaries(folder);
    return lock;
  } catch (error) {
    lock[Symbol.dispose]();
    throw new InputError(`Cannot write to ${folder}: ${reasonOf(error)}`);
  }
}

export interface LockOptions {
  readonly onWait?: (() => void) | undefined;
  readonly signal?: AbortSignal | undefined;
}

/**
 * Holds a file so that no other process does at the same time; the lock ends with its process, however that ends. Waits
 * for the other one, of which it tells once. Where the file system has no locks, nothing is waited for.
 */
export async function lockFile(path: string, { onWait, signal }: LockOptions = {}): Promise<Disposable> {
  const file = await Deno.open(path, { write: true, create: true });
  try {
    const isHeld = () => file.tryLock(true).catch(() => true); // some clusters' file systems have no locks
    for (let attempt = 0; !await isHeld(); attempt++) {
      if (attempt === 0) onWait?.();
      await new Promise((resolve) => setTimeout(resolve, 200));
      signal?.throwIfAborted();
    }
    return file;
  } catch (error) {
    file.close();
    throw error;
  }
}

/** A file's path and what tells two states of it apart: size, time of change, and when it was last touched at all. */
export type FileFacts = readonly [path: string, size: number, changed: number, touched: number];

/**
 * Without reading the file. The last of the facts also moves where a program sets the time of change back. File systems
 * may count time in whole seconds: facts of a file that was touched just now hold only once, as it could change again
 * within the same second.
 */
export async function fileFacts(path: string): Promise<FileFacts> {
  const { size, mtime, ctime } = await Deno.stat(path);
  const touched = ctime?.getTime() ?? 0;
  const now = Date.now();
  const isRecent = now - touched < COARSEST_CLOCK;
  return [path, size, mtime?.getTime() ?? 0, isRecent ? now : touched];
}

/** Milliseconds. */
const COARSEST_CLOCK = 2000;

/** posmap's folder in the user's cache, made where it is missing; POSMAP_CACHE names another. */
export async function cacheFolder(): Promise<string> {
  const folder = Deno.env.get("POSMAP_CACHE") || `${userCache()}/posmap`; // set but empty is as if not set
  try {
    await Deno.mkdir(folder, { recursive: true });
  } catch (error) {
    throw new InputError(
      `Cannot make the cache folder ${folder}: ${reasonOf(error)}. ` +
        "Set POSMAP_CACHE to a folder that can be made",
    );
  }
  return folder;
}

function userCache(): string {
  const home = Deno.env.get("HOME") || ".";
  if (Deno.build.os === "darwin") return `${home}/Library/Caches`;
  return Deno.env.get("XDG_CACHE_HOME") || `${home}/.cache`;
}
