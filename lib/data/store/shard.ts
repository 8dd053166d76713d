import { createHash } from "node:crypto";
import * as z from "zod";
import { InputError, reasonOf } from "@/lib/errors.ts";
import { crc32c } from "@/lib/formats/crc32c.ts";

/** Facts about a shard's samples. */
const factsSchema = z.strictObject({
  /** The largest error of a position that 16 bits leave, in pixels of the crop. */
  loss: z.number().nonnegative(),
  /** The photos that are missing, as they could not be used, and why. */
  refused: z.array(z.strictObject({ photo: z.string(), reason: z.string() })),
  /** How far the samples' labels are from what they were made of, where that is known, in percent of the face's size. */
  errors: z.array(z.number().nonnegative()).optional(),
});
export type ShardFacts = Readonly<z.infer<typeof factsSchema>>;

/**
 * A file of some samples, little-endian: the SHA-256 of all that follows; the key, 32 bytes, of the store that it belongs to;
 * the number of samples; for each of them, and for the facts after them, length and CRC-32C; the CRC-32C of the file from the
 * key on so far; the samples; and the facts, as JSON.
 */
const HASH = 32, KEY = 32;
/** Where the entries start. */
const ENTRIES = HASH + KEY + 4;
const ENTRY = 8;

/** The bytes of a shard's file; samples are encoded already. */
export function encodeShard(
  samples: readonly Uint8Array[],
  { key, facts }: { readonly key: Uint8Array; readonly facts: ShardFacts },
): Uint8Array<ArrayBuffer> {
  const parts = [...samples, new TextEncoder().encode(JSON.stringify(facts))];
  const head = headLength(samples.length);
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, head));
  const view = new DataView(bytes.buffer);
  bytes.set(key, HASH);
  view.setUint32(ENTRIES - 4, samples.length, true);
  let at = head;
  parts.forEach((part, i) => {
    view.setUint32(ENTRIES + ENTRY * i, part.length, true);
    view.setUint32(ENTRIES + ENTRY * i + 4, crc32c(part), true);
    bytes.set(part, at);
    at += part.length;
  });
  view.setUint32(head - 4, crc32c(bytes.subarray(HASH, head - 4)), true);
  bytes.set(createHash("sha256").update(bytes.subarray(HASH)).digest());
  return bytes;
}

function headLength(sampleCount: number): number {
  return ENTRIES + ENTRY * (sampleCount + 1) + 4;
}

/** What a whole shard says of itself. */
export interface CheckedShard {
  /** Whether it is of the store with this key. */
  readonly isOurs: boolean;
  readonly samples: number;
  readonly facts: ShardFacts;
  /** In hexadecimal digits. */
  readonly sha256: string;
}

/** Undefined where the bytes are not all of a shard, as it was written. */
export function checkShard(bytes: Uint8Array, key: Uint8Array): CheckedShard | undefined {
  if (bytes.length < headLength(0)) return undefined;
  const hash = createHash("sha256").update(bytes.subarray(HASH)).digest();
  if (!hash.every((byte, i) => byte === bytes[i])) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const samples = view.getUint32(ENTRIES - 4, true);
  const facts = factsOf(bytes, samples);
  if (!facts) return undefined;
  const isOurs = key.every((byte, i) => byte === bytes[HASH + i]);
  return { isOurs, samples, facts, sha256: new Uint8Array(hash).toHex() };
}

/** Undefined where there are none: whoever wrote it, with a hash that is right, wrote no shard. */
function factsOf(bytes: Uint8Array, samples: number): ShardFacts | undefined {
  if (bytes.length < headLength(samples)) return undefined;
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const length = view.getUint32(ENTRIES + ENTRY * samples, true);
  try {
    return factsSchema.parse(JSON.parse(new TextDecoder().decode(bytes.subarray(-length))));
  } catch {
    return undefined;
  }
}

/** Reads samples of a shard one by one, each checked by itself: nothing of the file is kept open. */
export class Shard {
  /** Where each sample starts, and the facts after them. */
  #entries: readonly Entry[] | undefined;

  constructor(readonly path: string, readonly key: Uint8Array, readonly samples: number) {}

  /** Throws an InputError where the file is missing or damaged there. */
  async read(index: number): Promise<Uint8Array> {
    try {
      using file = await Deno.open(this.path);
      this.#entries ??= await this.#readEntries(file);
      const { start, length, crc } = this.#entries[index]!;
      const bytes = await readAt(file, start, length);
      if (crc32c(bytes) !== crc) throw new Error("its checksum is another");
      return bytes;
    } catch (error) {
      throw this.damaged(index, error);
    }
  }

  damaged(index: number, error: unknown): InputError {
    return new InputError(
      `Cannot read sample ${index} of ${this.path}: ${
        reasonOf(error)
      }; preparing the store again makes what is damaged anew`,
    );
  }

  async #readEntries(file: Deno.FsFile): Promise<readonly Entry[]> {
    const length = headLength(this.samples);
    const { size } = await file.stat();
    if (length > size) throw new Error(`it has ${size} bytes`); // before memory is taken for more
    const head = await readAt(file, HASH, length - HASH);
    const view = new DataView(head.buffer);
    const at = (place: number) => view.getUint32(place - HASH, true);
    const isWhole = at(length - 4) === crc32c(head.subarray(0, -4)) && at(ENTRIES - 4) === this.samples &&
      this.key.every((byte, i) => byte === head[i]);
    if (!isWhole) throw new Error("its head is not what was written");
    let start = length;
    const entries = Array.from({ length: this.samples }, (_, i) => {
      const entry = { start, length: at(ENTRIES + ENTRY * i), crc: at(ENTRIES + ENTRY * i + 4) };
      start += entry.length;
      return entry;
    });
    if (start > size) throw new Error(`its samples end ${start - size} bytes behind it`);
    return entries;
  }
}

interface Entry {
  readonly start: number;
  readonly length: number;
  readonly crc: number;
}

async function readAt(file: Deno.FsFile, start: number, length: number): Promise<Uint8Array<ArrayBuffer>> {
  await file.seek(start, Deno.SeekMode.Start);
  const bytes = new Uint8Array(length);
  for (let done = 0; done < length;) {
    const read = await file.read(bytes.subarray(done));
    if (read === null) throw new Error(`it ends ${length - done} bytes early`);
    done += read;
  }
  return bytes;
}
