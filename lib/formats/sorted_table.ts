import { crc32c, mask } from "@/lib/formats/crc32c.ts";
import { ByteReader, bytesOf, concatBytes, varint } from "@/lib/formats/protobuf.ts";

/**
 * LevelDB's sorted table (https://github.com/google/leveldb/blob/main/doc/table_format.md): blocks of keys and values,
 * an index of the blocks, and a footer that says where that is. TensorFlow writes a checkpoint's `.index` so, without
 * compression.
 */

export type TableEntry = readonly [key: Uint8Array, value: Uint8Array];

const FOOTER_LENGTH = 48;
const MAGIC = Uint8Array.of(0x57, 0xfb, 0x80, 0x8b, 0x24, 0x75, 0x47, 0xdb);
const NOT_COMPRESSED = 0;
/** Entries from one whole key to the next. */
const ENTRIES_PER_RESTART = 16;

/** A table of one block. Its entries are sorted by the bytes of their keys. */
export function writeTable(entries: readonly TableEntry[]): Uint8Array<ArrayBuffer> {
  const [data, metaIndex] = [sealBlock(entries), sealBlock([])];
  const index = sealBlock([[successor(entries.at(-1)![0]), blockHandle(0, data)]]);
  const handles = concatBytes(
    blockHandle(data.length, metaIndex),
    blockHandle(data.length + metaIndex.length, index),
  );
  const padding = new Uint8Array(FOOTER_LENGTH - MAGIC.length - handles.length);
  return concatBytes(data, metaIndex, index, handles, padding, MAGIC);
}

/**
 * All entries of a table, in order. Throws a RangeError where the bytes are not such a table, whole and with the right
 * checksums.
 */
export function* readTable(table: Uint8Array): Generator<TableEntry> {
  for (const [, handle] of blockEntries(readBlock(table, indexBlock(table)))) {
    yield* blockEntries(readBlock(table, readHandle(new ByteReader(handle))));
  }
}

const TRAILER_LENGTH = 5;

/** A block as the file has it, with its trailer: a byte of compression type, and the checksum of both. */
function sealBlock(entries: readonly TableEntry[]): Uint8Array<ArrayBuffer> {
  const parts: Uint8Array[] = [];
  const restarts = [0];
  let length = 0;
  entries.forEach(([key, value], i) => {
    const isWhole = i % ENTRIES_PER_RESTART === 0;
    if (isWhole && i > 0) restarts.push(length);
    const shared = isWhole ? 0 : sharedLength(entries[i - 1]![0], key);
    const lengths = [shared, key.length - shared, value.length].map(varint);
    const entry = concatBytes(...lengths, key.subarray(shared), value);
    parts.push(entry);
    length += entry.length;
  });
  const restartArray = bytesOf(Uint32Array.of(...restarts, restarts.length));
  const block = concatBytes(...parts, restartArray, Uint8Array.of(NOT_COMPRESSED));
  return concatBytes(block, bytesOf(Uint32Array.of(mask(crc32c(block)))));
}

/** Where a sealed block lies. */
function blockHandle(offset: number, { length }: Uint8Array): Uint8Array {
  return concatBytes(varint(offset), varint(length - TRAILER_LENGTH));
}

function sharedLength(a: Uint8Array, b: Uint8Array): number {
  let length = 0;
  while (length < a.length && length < b.length && a[length] === b[length]) length++;
  return length;
}

/** A short key that is not less: what LevelDB's index has for the last block. */
function successor(key: Uint8Array): Uint8Array {
  const first = key.findIndex((byte) => byte !== 0xff);
  return first < 0 ? key : Uint8Array.of(...key.subarray(0, first), key[first]! + 1);
}

/** Where a block lies, in bytes, without its trailer. */
interface BlockHandle {
  readonly offset: number;
  readonly length: number;
}

/** The footer: handles of the unused meta index and of the index, padding, magic number. */
function indexBlock(table: Uint8Array): BlockHandle {
  const footer = table.subarray(-FOOTER_LENGTH);
  if (footer.length < FOOTER_LENGTH || MAGIC.some((byte, i) => footer[FOOTER_LENGTH - MAGIC.length + i] !== byte)) {
    throw new RangeError("the table's last 48 bytes are not its footer");
  }
  const reader = new ByteReader(footer);
  readHandle(reader);
  return readHandle(reader);
}

function readHandle(reader: ByteReader): BlockHandle {
  return { offset: reader.varint(), length: reader.varint() };
}

function readBlock(table: Uint8Array, { offset, length }: BlockHandle): Uint8Array {
  if (offset + length + TRAILER_LENGTH > table.length) throw new RangeError("a block reaches past the table's end");
  const trailer = new DataView(table.buffer, table.byteOffset + offset + length, TRAILER_LENGTH);
  if (mask(crc32c(table.subarray(offset, offset + length + 1))) !== trailer.getUint32(1, true)) {
    throw new RangeError(`the block at byte ${offset} has another checksum`);
  }
  if (trailer.getUint8(0) !== NOT_COMPRESSED) {
    throw new RangeError("the table is compressed, which TensorFlow does not write");
  }
  return table.subarray(offset, offset + length);
}

/** A block's keys, each stored as what differs from the one before, and values. */
function* blockEntries(block: Uint8Array): Generator<TableEntry> {
  const restarts = new DataView(block.buffer, block.byteOffset, block.byteLength).getUint32(block.length - 4, true);
  const reader = new ByteReader(block.subarray(0, Math.max(0, block.length - 4 * (restarts + 1))));
  let key: Uint8Array = new Uint8Array(0);
  while (!reader.done) {
    const [shared, unshared, length] = [reader.varint(), reader.varint(), reader.varint()];
    key = concatBytes(key.subarray(0, shared), reader.bytes(unshared));
    yield [key, reader.bytes(length)];
  }
}
