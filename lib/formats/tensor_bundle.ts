import { Buffer } from "node:buffer";
import { InputError, reasonOf } from "@/lib/errors.ts";
import { replaceFile, writeAll } from "@/lib/files.ts";
import { crc32c, mask } from "@/lib/formats/crc32c.ts";
import { type DataTypeName, dataTypeName, dataTypes, type HostValues, numberArrays } from "@/lib/formats/data_types.ts";
import {
  ByteReader,
  bytesField,
  bytesOf,
  concatBytes,
  fixed32Field,
  messageFields,
  varint,
  varintField,
} from "@/lib/formats/protobuf.ts";
import { readTable, type TableEntry, writeTable } from "@/lib/formats/sorted_table.ts";

/**
 * TensorFlow's checkpoint format, which its ops SaveV2 and RestoreV2 write and read
 * (tensorflow/core/util/tensor_bundle, tensorflow/core/protobuf/tensor_bundle.proto): "PREFIX.index", a sorted table of
 * what the tensors are and where they lie, and their values in "PREFIX.data-00000-of-00001", each with its CRC-32C.
 */

type NumericType = keyof typeof numberArrays;

/** What a checkpoint says about one of its tensors. */
export interface TensorInfo {
  readonly name: string;
  readonly dtype: DataTypeName;
  readonly shape: readonly number[];
}

/** A tensor as a checkpoint holds it. */
export interface StoredTensor extends TensorInfo {
  /** Row-major. */
  readonly values: HostValues;
}

/**
 * Writes tensors of float32, float64, int32, int64, uint8, bool or string. The values are on the disk before the index,
 * which comes into place as a whole: without it there is no checkpoint. What lasts through a power cut is up to the
 * folder's sync.
 */
export async function writeBundle(
  prefix: string,
  tensors: Iterable<StoredTensor> | AsyncIterable<StoredTensor>,
): Promise<void> {
  const entries: TableEntry[] = [];
  using data = await Deno.open(dataPath(prefix, 0, 1), { write: true, create: true, truncate: true });
  let offset = 0;
  for await (const tensor of tensors) {
    const { pieces, crc } = encodeValues(tensor);
    const size = pieces.reduce((sum, { length }) => sum + length, 0);
    for (const piece of pieces) await writeAll(data, piece);
    entries.push([
      new TextEncoder().encode(tensor.name),
      encodeEntry(tensor, { shard: 0, offset, size, crc: mask(crc) }),
    ]);
    offset += size;
  }
  await data.sync();
  entries.sort(([a], [b]) => Buffer.compare(a, b));
  await replaceFile(indexPath(prefix), writeTable([[new Uint8Array(0), header], ...entries]));
}

/** Names, types and shapes of a checkpoint's tensors, sorted by name. Needs only its index. */
export async function listBundle(prefix: string): Promise<TensorInfo[]> {
  return (await readIndex(prefix)).tensors.map(({ name, dtype, shape }) => ({ name, dtype, shape }));
}

/**
 * The tensors whose names are accepted, by name; their checksums are verified. Throws an InputError where a file is
 * missing, cut short or changed since it was written, or a tensor is of a type that is not read.
 */
export async function readBundle(
  prefix: string,
  accept: (name: string) => boolean = () => true,
): Promise<Map<string, StoredTensor>> {
  const { tensors, shardCount } = await readIndex(prefix);
  const accepted = tensors.filter(({ name }) => accept(name));
  const found = new Map<string, StoredTensor>();
  for (const shard of new Set(accepted.map(({ shard }) => shard))) {
    const path = dataPath(prefix, shard, shardCount);
    await reading(path, async () => {
      using file = await Deno.open(path);
      const { size: length } = await file.stat();
      for (const entry of accepted.filter((entry) => entry.shard === shard)) {
        const { name, dtype, shape, offset, size } = entry;
        if (offset + size > length) throw new RangeError(`${name} ends at byte ${offset + size}, it has ${length}`);
        const bytes = new Uint8Array(size);
        await file.seek(offset, Deno.SeekMode.Start);
        await readAll(file, bytes);
        found.set(name, { name, dtype, shape, values: decodeValues(bytes, entry) });
      }
    });
  }
  return found;
}

/** A checkpoint's files. */
export function isBundleFile(suffix: string): boolean {
  return /^\.(index|data-\d{5}-of-\d{5})$/.test(suffix);
}

/** Path of the file that lists a checkpoint's tensors. */
export function indexPath(prefix: string): string {
  return `${prefix}.index`;
}

function dataPath(prefix: string, shard: number, shardCount: number): string {
  const [number, count] = [shard, shardCount].map((value) => String(value).padStart(5, "0"));
  return `${prefix}.data-${number}-of-${count}`;
}

/** Where a tensor's values lie, and their masked checksum. */
interface Place {
  readonly shard: number;
  readonly offset: number;
  readonly size: number;
  readonly crc: number;
}

/** BundleHeaderProto, under the empty key: one shard, little-endian (which is 0 and left out), version { producer: 1 }. */
const header = concatBytes(varintField(1, 1), bytesField(3, varintField(1, 1)));

/** BundleEntryProto; as protocol buffers have it, what is 0 is left out. */
function encodeEntry({ dtype, shape }: TensorInfo, { shard, offset, size, crc }: Place): Uint8Array {
  const dimensions = shape.map((length) => bytesField(2, length === 0 ? "" : varintField(1, length)));
  return concatBytes(
    varintField(1, dataTypes[dtype]),
    bytesField(2, concatBytes(...dimensions)),
    ...[[3, shard], [4, offset], [5, size]].map(([field, value]) =>
      value === 0 ? new Uint8Array(0) : varintField(field!, value!)
    ),
    fixed32Field(6, crc),
  );
}

function decodeEntry(name: string, message: Uint8Array): TensorInfo & Place {
  const found = { name, dtype: "", shape: [] as number[], shard: 0, offset: 0, size: 0, crc: 0 };
  for (const { field, number, bytes } of messageFields(message)) {
    if (field === 1) found.dtype = dataTypeName(number);
    if (field === 2) found.shape = decodeShape(bytes);
    if (field === 3) found.shard = number;
    if (field === 4) found.offset = number;
    if (field === 5) found.size = number;
    if (field === 6) found.crc = word(bytes);
    if (field === 7) throw new RangeError(`${name} is stored in slices, which are not read`);
  }
  return found as typeof found & { dtype: DataTypeName };
}

/** TensorShapeProto: field 2 repeats { 1: length }. */
function decodeShape(message: Uint8Array): number[] {
  return [...messageFields(message)].filter(({ field }) => field === 2)
    .map(({ bytes }) => [...messageFields(bytes)].find(({ field }) => field === 1)?.number ?? 0);
}

async function readIndex(prefix: string): Promise<{ tensors: (TensorInfo & Place)[]; shardCount: number }> {
  const path = indexPath(prefix);
  return await reading(path, async () => {
    const [first, ...entries] = readTable(await Deno.readFile(path));
    if (first?.[0].length !== 0) throw new RangeError("it has no header");
    const fields = new Map([...messageFields(first[1])].map(({ field, number }) => [field, number]));
    if (fields.get(2)) throw new RangeError("its numbers are big-endian, which are not read");
    const tensors = entries.map(([key, value]) => decodeEntry(new TextDecoder().decode(key), value));
    return { tensors, shardCount: fields.get(1) ?? 0 };
  });
}

/** Values as the file has them, and their checksum, which for strings is not of the same bytes. */
function encodeValues(
  { name, dtype, shape, values }: StoredTensor,
): { pieces: Uint8Array<ArrayBuffer>[]; crc: number } {
  const count = shape.reduce((product, length) => product * length, 1);
  const Values = dtype === "string" ? Array : numberArrays[dtype as NumericType];
  if (!Values || !(values instanceof Values) || values.length !== count) {
    throw new TypeError(`Cannot store ${name}: ${values.length} values are no ${dtype} of shape [${shape}]`);
  }
  if (dtype !== "string") {
    const bytes = bytesOf(values as Exclude<HostValues, readonly Uint8Array[]>);
    return { pieces: [bytes], crc: crc32c(bytes) };
  }
  const strings = values as readonly Uint8Array<ArrayBuffer>[];
  const lengthsCrc = checksumOfLengths(strings.map(({ length }) => length));
  const lengthsSum = bytesOf(Uint32Array.of(mask(lengthsCrc)));
  const lengths = concatBytes(...strings.map(({ length }) => varint(length)), lengthsSum);
  return {
    pieces: [lengths, ...strings],
    crc: strings.reduce((crc, s) => crc32c(s, crc), crc32c(lengthsSum, lengthsCrc)),
  };
}

function decodeValues(
  bytes: Uint8Array<ArrayBuffer>,
  { name, dtype, shape, crc }: TensorInfo & Place,
): StoredTensor["values"] {
  const count = shape.reduce((product, length) => product * length, 1);
  const changed = new RangeError(`${name} has another checksum`);
  if (dtype === "string") {
    const reader = new ByteReader(bytes);
    const lengths = Array.from({ length: count }, () => reader.varint());
    const withLengths = crc32c(reader.bytes(4), checksumOfLengths(lengths));
    const strings = lengths.map((length) => reader.bytes(length));
    if (mask(strings.reduce((crc, s) => crc32c(s, crc), withLengths)) !== crc) throw changed;
    return strings;
  }
  const Values = numberArrays[dtype as NumericType];
  if (!Values) {
    throw new RangeError(`${name} is of type ${dtype}, wanted ${Object.keys(numberArrays).join(", ")} or string`);
  }
  if (bytes.length !== count * Values.BYTES_PER_ELEMENT) {
    throw new RangeError(`${name} of shape [${shape}] has ${bytes.length} bytes`);
  }
  if (mask(crc32c(bytes)) !== crc) throw changed;
  return new Values(bytes.buffer);
}

/** Strings' lengths are summed as numbers of 32 bits, though the file has them as varints. */
function checksumOfLengths(lengths: readonly number[]): number {
  return crc32c(bytesOf(Uint32Array.from(lengths)));
}

function word(bytes: Uint8Array): number {
  return new DataView(bytes.buffer, bytes.byteOffset).getUint32(0, true);
}

async function readAll(file: Deno.FsFile, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.length;) {
    const count = await file.read(bytes.subarray(done));
    if (count === null) throw new RangeError("it ends early");
    done += count;
  }
}

async function reading<T>(path: string, read: () => Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    const isMissing = error instanceof Deno.errors.NotFound;
    throw new InputError(`Cannot read ${path}: ${isMissing ? "there is no such file" : reasonOf(error)}`);
  }
}
