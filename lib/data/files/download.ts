import { createHash } from "node:crypto";
import { InputError, reasonOf } from "@/lib/errors.ts";
import { claimFolder, makeFolder, writeFileAtomic } from "@/lib/files.ts";

/** Files that somebody else publishes, each of which may only be what it was when it was pinned. */
export interface PinnedFiles {
  /** What the files' names follow, up to the slash. */
  readonly url: string;
  readonly files: Readonly<Record<string, Pin>>;
}

interface Pin {
  readonly bytes: number;
  /** In hexadecimal digits. */
  readonly sha256: string;
}

export interface DownloadOptions {
  readonly into: string;
  /** A folder that has the files, in place of their address. */
  readonly from?: string | undefined;
  /** Milliseconds in which a server must send something. */
  readonly patience?: number;
  /** Milliseconds before a server is asked again; twice as long each time. */
  readonly pause?: number;
  /** Called with the share of all bytes that is there. */
  readonly onProgress?: ((done: number) => void) | undefined;
  /** Called once, where another process is at it. */
  readonly onWait?: (() => void) | undefined;
  readonly signal?: AbortSignal;
}

/** How many files are fetched at once, and how often one is asked for. */
const [AT_ONCE, ATTEMPTS] = [6, 5] as const;

/**
 * Fetches files, several at once. Each is looked at by its SHA-256 before it gets its name, so that what was there before
 * is whole and is kept, however a download ended. Throws an InputError where one cannot be had, or is not what was pinned.
 */
export async function downloadFiles(
  { url, files }: PinnedFiles,
  { into, from, onProgress, onWait, ...options }: DownloadOptions,
): Promise<void> {
  await makeFolder(into);
  using _lock = await claimFolder(into, { onWait, signal: options.signal });

  const total = Object.values(files).reduce((sum, { bytes }) => sum + bytes, 0);
  let received = 0;
  const onBytes = (bytes: number) => onProgress?.((received += bytes) / total);
  const waiting = Object.entries(files);
  const failed = new AbortController();
  const signal = AbortSignal.any([failed.signal, ...options.signal ? [options.signal] : []]);
  const worker = async () => {
    for (let next; (next = waiting.shift());) {
      const [name, pin] = next;
      signal.throwIfAborted();
      if (await isWhole(`${into}/${name}`, pin)) {
        onBytes(pin.bytes);
        continue;
      }
      const place = from === undefined ? url + encodeURIComponent(name) : `${from}/${name}`;
      const bytes = from === undefined
        ? await fetchPatiently(place, pin, { ...options, signal, onBytes })
        : await readLocal(place, onBytes);
      const found = sha256(bytes);
      if (found !== pin.sha256) {
        throw new InputError(
          `Cannot use ${place}: it is not the file that was pinned: its SHA-256 is ${found}, wanted ${pin.sha256}`,
        );
      }
      await writeFileAtomic(`${into}/${name}`, bytes);
    }
  };
  const ends = await Promise.allSettled(Array.from({ length: AT_ONCE }, () =>
    worker().catch((error) => {
      if (!failed.signal.aborted) failed.abort(error); // the others end with the first one's error
      throw error;
    })));
  options.signal?.throwIfAborted();
  if (ends.some(({ status }) => status === "rejected")) throw failed.signal.reason;
}

/** Whether all files of a folder are there, in the size that they have. */
export async function areDownloaded({ files }: PinnedFiles, folder: string): Promise<boolean> {
  const sizes = Object.entries(files).map(async ([name, { bytes }]) =>
    (await Deno.stat(`${folder}/${name}`)).size === bytes
  );
  return await Promise.all(sizes).then((all) => all.every(Boolean), () => false);
}

async function isWhole(path: string, pin: Pin): Promise<boolean> {
  try {
    return (await Deno.stat(path)).size === pin.bytes && sha256(await Deno.readFile(path)) === pin.sha256;
  } catch {
    return false; // it will be put there, which says what is wrong if that fails
  }
}

function sha256(bytes: Uint8Array): string {
  return createHash("sha256").update(bytes).digest("hex");
}

async function readLocal(path: string, onBytes: (bytes: number) => void): Promise<Uint8Array> {
  try {
    const bytes = await Deno.readFile(path);
    onBytes(bytes.length);
    return bytes;
  } catch (error) {
    throw new InputError(`Cannot read ${path}: ${reasonOf(error)}`);
  }
}

interface FetchOptions extends Pick<DownloadOptions, "patience" | "pause"> {
  readonly signal: AbortSignal;
  /** Called with the number of bytes that came, a negative one for bytes that came for nothing. */
  readonly onBytes: (bytes: number) => void;
}

/** What may be otherwise the next time. */
class Passing extends Error {}

/** Again where the server or what lies between fails in passing. A file begins anew then: it may come compressed. */
async function fetchPatiently(url: string, { bytes }: Pin, options: FetchOptions): Promise<Uint8Array> {
  const { signal, pause = 1000 } = options;
  for (let attempt = 1;; attempt++) {
    try {
      return await fetchOnce(url, bytes, options);
    } catch (error) {
      signal.throwIfAborted();
      if (!(error instanceof Passing)) throw error;
      if (attempt === ATTEMPTS) {
        throw new InputError(
          `Cannot fetch ${url}: ${error.message}, ${ATTEMPTS} times. What is here so far is kept: try again later`,
        );
      }
      await wait(pause * 2 ** (attempt - 1), signal);
    }
  }
}

async function fetchOnce(
  url: string,
  size: number,
  { signal, patience = 60_000, onBytes }: FetchOptions,
): Promise<Uint8Array> {
  const silence = new AbortController();
  const complain = () => silence.abort(new Passing(`nothing came for ${patience / 1000} s`));
  let timer = setTimeout(complain, patience);
  const bytes = new Uint8Array(size);
  let length = 0;
  try {
    const response = await fetch(url, { signal: AbortSignal.any([signal, silence.signal]) });
    if (!response.ok) {
      await response.body?.cancel();
      const answer = `the server answered ${response.status} ${response.statusText}`.trimEnd();
      if (response.status >= 500 || response.status === 429) throw new Passing(answer);
      throw new InputError(`Cannot fetch ${url}: ${answer}`);
    }
    for await (const part of response.body ?? []) {
      clearTimeout(timer);
      timer = setTimeout(complain, patience);
      if (length + part.length > size) throw new InputError(`Cannot use ${url}: it is longer than ${size} bytes`);
      bytes.set(part, length);
      length += part.length;
      onBytes(part.length);
    }
    if (length < size) throw new Passing(`it ended after ${length} of ${size} bytes`);
    return bytes;
  } catch (error) {
    onBytes(-length);
    if (error instanceof InputError || error instanceof Passing) throw error;
    throw silence.signal.aborted ? silence.signal.reason : new Passing(reasonOf(error));
  } finally {
    clearTimeout(timer);
  }
}

async function wait(milliseconds: number, signal: AbortSignal): Promise<void> {
  const { promise, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  signal.addEventListener("abort", () => resolve(), { once: true });
  await promise;
  clearTimeout(timer);
  signal.throwIfAborted();
}
