/**
 * A reader of NumPy's `.npz` files, as `numpy.savez` and `savez_compressed` write them: zip archives (PKWARE's APPNOTE 6.3) of
 * `.npy` files, each stored or deflated.
 */
import { crc32, inflateRawSync } from "node:zlib";
import { InputError } from "@/lib/errors.ts";
import { refuseFile } from "@/lib/files.ts";
import { type NpyArray, parseNpy, parseNpyTexts } from "@/lib/formats/npy.ts";

/** Most that a file inflates to, and its numbers take, relative to its size: what was measured is rarely deflated to a tenth. */
const MOST_INFLATION = 64;
/** Bytes that numbers may take in any case, and in none. */
const [FREE_BYTES, MOST_NUMBERS] = [2 ** 26, 2 ** 32];
/** Bytes of an array. */
const MOST_BYTES = 2 ** 30;

/** The arrays of a file, each of which is only read when it is asked for. */
export interface Npz {
  readonly path: string;
  /** Bytes of the file. */
  readonly size: number;
  readonly names: readonly string[];
  /**
   * Throws an InputError where there is no such array, or it is damaged, larger than a gigabyte or not of numbers, or where what
   * has been read takes more than 64 times the file's size, in double precision, and more than 64 MiB.
   */
  read(name: string): NpyArray;
  /** As {@linkcode read}, of an array of texts. */
  readTexts(name: string): string[];
}

/** Throws an InputError where the file is missing, cut, malformed, or says that it holds far more than its size. */
export async function openNpz(path: string): Promise<Npz> {
  const { size } = await Deno.stat(path).catch((error) => refuseFile(path, error));
  return listArrays({ path, size, slice: (start, length) => bytesOf(path, start, length) });
}

function bytesOf(path: string, start: number, length: number): Uint8Array {
  try {
    using file = Deno.openSync(path);
    file.seekSync(start, Deno.SeekMode.Start);
    const bytes = new Uint8Array(length);
    for (let at = 0; at < length;) at += file.readSync(bytes.subarray(at)) ?? length;
    return bytes;
  } catch (error) {
    return refuseFile(path, error);
  }
}

/** As {@linkcode openNpz}, of a file's bytes, which attacks damage one after the other; the path is for messages. */
export function parseNpz(bytes: Uint8Array, path: string): Npz {
  return listArrays({ path, size: bytes.length, slice: (start, length) => bytes.subarray(start, start + length) });
}

interface Archive {
  readonly path: string;
  readonly size: number;
  /** Bytes of it; none of them lie outside. */
  readonly slice: (start: number, length: number) => Uint8Array;
}

function listArrays({ path, ...archive }: Archive): Npz {
  const refuse = (found: string): never => {
    throw new InputError(`Cannot read ${path}: ${found}; a whole NumPy archive (.npz) was expected`);
  };
  const members = new Map<string, Member>();
  for (const member of listMembers(archive, refuse)) {
    if (members.has(member.name)) refuse(`it has two members called ${member.name}`);
    members.set(member.name, member);
  }
  const names = [...members.keys()].filter((name) => name.endsWith(NPY)).map((name) => name.slice(0, -NPY.length));
  let made = 0;
  const spend = (bytes: number) => {
    if ((made += bytes) > Math.min(MOST_NUMBERS, Math.max(FREE_BYTES, MOST_INFLATION * archive.size))) {
      refuse(`its numbers take more than ${MOST_INFLATION} times its size`);
    }
  };
  const content = (name: string) => {
    const member = members.get(name + NPY);
    if (!member) throw new InputError(`Cannot find ${name} in ${path}: it has ${names.join(", ") || "no arrays"}`);
    if (member.length > MOST_BYTES) refuse(`${member.name} has ${member.length} bytes, more than ${MOST_BYTES}`);
    const { start, packed, length, crc, isDeflated } = member;
    const data = archive.slice(start, packed);
    const bytes = isDeflated ? inflated(data, length) : data;
    return bytes && crc32(bytes) === crc ? bytes : refuse(`${member.name} is damaged`);
  };
  return {
    path,
    size: archive.size,
    names,
    read: (name) => parseNpy(content(name), `${name} of ${path}`, { spend }),
    readTexts: (name) => parseNpyTexts(content(name), `${name} of ${path}`),
  };
}

const NPY = ".npy";

type Refuse = (found: string) => never;

interface Member {
  readonly name: string;
  readonly isDeflated: boolean;
  readonly crc: number;
  /** Where its data begin, and how many bytes they are in the archive and once inflated. */
  readonly start: number;
  readonly packed: number;
  readonly length: number;
}

/** What records of an archive begin with, and how long they are without what has no fixed length. */
const [MEMBER, ENTRY, END] = [
  { mark: 0x04034b50, bytes: 30 },
  { mark: 0x02014b50, bytes: 46 },
  { mark: 0x06054b50, bytes: 22 },
] as const;
const [STORED, DEFLATED] = [0, 8];
const ENCRYPTED = 1;

/** Members as the directory at the archive's end lists them, each as its own header has it, too. */
function listMembers({ size, slice }: Omit<Archive, "path">, refuse: Refuse): Member[] {
  const endAt = size - END.bytes; // NumPy's have no comment behind it
  const end = endAt >= 0 ? record(slice(endAt, END.bytes), 0, END.mark) : undefined;
  if (!end) return refuse("it does not end as an archive does");
  const [count, length, start] = [end.u16(10), end.u32(12), end.u32(16)];
  if (end.u32(4) !== 0 || end.u16(8) !== count || end.u16(20) !== 0 || start + length !== endAt) {
    refuse("the directory at its end does not fit");
  }
  const directory = slice(start, length);
  const members: Member[] = [];
  let at = 0, left = MOST_INFLATION * size;
  for (let number = 1; number <= count; number++) {
    const what = `member ${number}`;
    const entry = at + ENTRY.bytes <= length ? record(directory, at, ENTRY.mark) : undefined;
    if (!entry) return refuse(`it has no entry for ${what}`);
    const [flags, method, crc, nameLength] = [entry.u16(8), entry.u16(10), entry.u32(16), entry.u16(28)];
    const [packed, unpacked, headerAt] = [entry.u32(20), entry.u32(24), entry.u32(42)];
    const fixed = headerAt + MEMBER.bytes <= start ? record(slice(headerAt, MEMBER.bytes), 0, MEMBER.mark) : undefined;
    if (!fixed || fixed.u16(8) !== method || fixed.u16(26) !== nameLength) {
      return refuse(`${what} is not where it says`);
    }
    const nameAt = headerAt + MEMBER.bytes;
    const data = nameAt + nameLength + fixed.u16(28);
    if (data + packed > start) refuse(`${what} reaches past the others`);
    const name = textOf(directory.subarray(at + ENTRY.bytes, at + ENTRY.bytes + nameLength));
    if (textOf(slice(nameAt, nameLength)) !== name) refuse(`${what} has two names`);
    if (method !== STORED && method !== DEFLATED || flags & ENCRYPTED) refuse(`${what} is packed in another way`);
    if (method === STORED && packed !== unpacked) refuse(`${what} is stored, but has two lengths`);
    if ((left -= unpacked) < 0) refuse(`it says that it holds more than ${MOST_INFLATION} times its size`);
    members.push({ name, isDeflated: method === DEFLATED, crc, start: data, packed, length: unpacked });
    at += ENTRY.bytes + nameLength + entry.u16(30) + entry.u16(32);
  }
  return at === length ? members : refuse("the directory at its end does not fit");
}

/** Numbers of the record that begins here; undefined where that is another one. */
function record(bytes: Uint8Array, at: number, mark: number) {
  const view = new DataView(bytes.buffer, bytes.byteOffset + at);
  if (view.getUint32(0, true) !== mark) return undefined;
  return {
    u16: (offset: number) => view.getUint16(offset, true),
    u32: (offset: number) => view.getUint32(offset, true),
  };
}

function textOf(bytes: Uint8Array): string {
  return new TextDecoder().decode(bytes);
}

/** Undefined where it is not of this length. */
function inflated(data: Uint8Array, length: number): Uint8Array | undefined {
  try {
    const content = inflateRawSync(data, { maxOutputLength: Math.max(1, length) });
    return content.length === length ? content : undefined;
  } catch {
    return undefined;
  }
}
