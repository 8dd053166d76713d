import { ByteReader, messageFields } from "@/lib/tensorflow/files/protobuf.ts";
import { type DataTypeName, dataTypeName } from "@/lib/tensorflow/backend/data_types.ts";

/** What a checkpoint says about one of its tensors. */
export interface TensorInfo {
  readonly name: string;
  readonly dtype: DataTypeName;
  readonly shape: readonly number[];
}

/**
 * Reads the `.index` file of a TensorFlow checkpoint, sorted by name: a LevelDB table whose values are
 * BundleEntryProto messages (tensorflow/core/util/tensor_bundle). No TensorFlow op lists names, and this one needs
 * no library. Throws a RangeError where the bytes are not such a table, whole and with the right checksums.
 */
export function readBundleIndex(index: Uint8Array): TensorInfo[] {
  const tensors: TensorInfo[] = [];
  for (const [, handle] of tableEntries(readBlock(index, indexBlock(index)))) {
    for (const [key, value] of tableEntries(readBlock(index, readHandle(new ByteReader(handle))))) {
      if (key.length > 0) tensors.push(readEntry(new TextDecoder().decode(key), value)); // the empty key is the header's
    }
  }
  return tensors;
}

/** Where a block lies, in bytes, without its trailer. */
interface BlockHandle {
  readonly offset: number;
  readonly length: number;
}

const FOOTER_LENGTH = 48;
const MAGIC = [0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb];

/** The footer: handles of the unused meta index and of the index, padding, magic number. */
function indexBlock(table: Uint8Array): BlockHandle {
  const footer = table.subarray(-FOOTER_LENGTH);
  if (footer.length < FOOTER_LENGTH || MAGIC.some((byte, i) => footer[FOOTER_LENGTH - 8 + i] !== byte)) {
    throw new RangeError("the table's last 48 bytes are not its footer");
  }
  const reader = new ByteReader(footer);
  readHandle(reader);
  return readHandle(reader);
}

function readHandle(reader: ByteReader): BlockHandle {
  return { offset: reader.varint(), length: reader.varint() };
}

/** A block's content, followed in the file by one byte of compression type and the masked CRC-32C of both. */
function readBlock(table: Uint8Array, { offset, length }: BlockHandle): Uint8Array {
  if (offset + length + 5 > table.length) throw new RangeError("a block reaches past the table's end");
  const trailer = new DataView(table.buffer, table.byteOffset + offset + length, 5);
  const crc = crc32c(table.subarray(offset, offset + length + 1));
  const masked = (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0; // LevelDB's mask
  if (masked !== trailer.getUint32(1, true)) throw new RangeError(`the block at byte ${offset} has another checksum`);
  if (trailer.getUint8(0) !== 0) throw new RangeError("the table is compressed, which TensorFlow does not write");
  return table.subarray(offset, offset + length);
}

/** The keys, each stored as what differs from the one before, and values of a block. */
function* tableEntries(block: Uint8Array): Generator<[key: Uint8Array, value: Uint8Array]> {
  const restarts = new DataView(block.buffer, block.byteOffset, block.byteLength).getUint32(block.length - 4, true);
  const reader = new ByteReader(block.subarray(0, Math.max(0, block.length - 4 * (restarts + 1))));
  let key = new Uint8Array(0);
  while (!reader.done) {
    const [shared, unshared, length] = [reader.varint(), reader.varint(), reader.varint()];
    key = Uint8Array.of(...key.subarray(0, shared), ...reader.bytes(unshared));
    yield [key, reader.bytes(length)];
  }
}

/** BundleEntryProto: 1 is the data type, 2 the shape, whose field 2 repeats { 1: size }. */
function readEntry(name: string, entry: Uint8Array): TensorInfo {
  let dtype = 0;
  const shape: number[] = [];
  for (const { field, number, bytes } of messageFields(entry)) {
    if (field === 1) dtype = number;
    if (field !== 2) continue;
    for (const dimension of messageFields(bytes)) {
      if (dimension.field !== 2) continue;
      const size = [...messageFields(dimension.bytes)].find(({ field }) => field === 1);
      shape.push(size?.number ?? 0);
    }
  }
  return { name, dtype: dataTypeName(dtype) as DataTypeName, shape };
}

/** Castagnoli's polynomial, bits reversed. */
const crcTable = Uint32Array.from({ length: 256 }, (_, byte) => {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  return crc;
});

function crc32c(bytes: Uint8Array): number {
  let crc = 0xffffffff;
  for (const byte of bytes) crc = (crc >>> 8) ^ crcTable[(crc ^ byte) & 255]!;
  return (crc ^ 0xffffffff) >>> 0;
}
