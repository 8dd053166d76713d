/**
 * CRC-32C (Castagnoli's polynomial, RFC 3720), which TensorFlow's files carry: sixteen bytes a round, each by a table of
 * its own ("slicing", Kounavis & Berry, 2005).
 *
 * @param before the checksum of the bytes before these, to go on from
 */
export function crc32c(bytes: Uint8Array, before = 0): number {
  const { buffer, byteOffset, length } = bytes;
  const head = -byteOffset & 3; // words begin where 4 divides the address
  if (length < head + 16) return ~bytewise(~before, bytes, 0, length) >>> 0;
  const words = new Int32Array(buffer, byteOffset + head, ((length - head) >> 4) << 2);
  let crc = bytewise(~before, bytes, 0, head);
  for (let i = 0; i < words.length; i += 4) {
    crc = throughTables(words[i]! ^ crc, 15) ^ throughTables(words[i + 1]!, 11) ^
      throughTables(words[i + 2]!, 7) ^ throughTables(words[i + 3]!, 3);
  }
  return ~bytewise(crc, bytes, head + 4 * words.length, length) >>> 0;
}

/** What LevelDB and TensorFlow store for a checksum: one over bytes that hold checksums themselves would be weak. */
export function maskedCrc32c(bytes: Uint8Array): number {
  return mask(crc32c(bytes));
}

/** A CRC rotated and shifted, as LevelDB stores it. */
export function mask(crc: number): number {
  return (((crc >>> 15) | (crc << 17)) + 0xa282ead8) >>> 0;
}

/** 16 tables of 256: number k takes a byte that k more follow. */
const tables = new Int32Array(16 * 256);
for (let byte = 0; byte < 256; byte++) {
  let crc = byte;
  for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0x82f63b78 : crc >>> 1;
  tables[byte] = crc;
}
for (let i = 256; i < tables.length; i++) tables[i] = (tables[i - 256]! >>> 8) ^ tables[tables[i - 256]! & 255]!;

/** Four bytes, the first of which `following` more follow in the round. */
function throughTables(word: number, following: number): number {
  const table = following << 8;
  return tables[table + (word & 255)]! ^ tables[table - 256 + ((word >>> 8) & 255)]! ^
    tables[table - 512 + ((word >>> 16) & 255)]! ^ tables[table - 768 + (word >>> 24)]!;
}

function bytewise(crc: number, bytes: Uint8Array, start: number, end: number): number {
  for (let i = start; i < end; i++) crc = (crc >>> 8) ^ tables[(crc ^ bytes[i]!) & 255]!;
  return crc;
}
