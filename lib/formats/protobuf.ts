/**
 * The pieces of the protocol buffer wire format that events, checkpoints and TensorFlow's C API need
 * (https://protobuf.dev/programming-guides/encoding/). A message is the concatenation of its fields.
 */

const VARINT = 0;
const FIXED64 = 1;
const LENGTH_DELIMITED = 2;
const FIXED32 = 5;

/** A message made of these fields. */
export function concatBytes(...parts: readonly ArrayLike<number>[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(parts.reduce((length, part) => length + part.length, 0));
  let offset = 0;
  for (const part of parts) {
    bytes.set(part, offset);
    offset += part.length;
  }
  return bytes;
}

/** A whole number, exact up to 2^53 unless it is a bigint, a boolean or an enum's value. */
export function varintField(field: number, value: number | bigint | boolean): Uint8Array<ArrayBuffer> {
  return withKey(field, VARINT, varint(typeof value === "boolean" ? Number(value) : value));
}

/** A number of 64 bits. */
export function doubleField(field: number, value: number): Uint8Array<ArrayBuffer> {
  return withKey(field, FIXED64, bytesOf(Float64Array.of(value)));
}

/** A number of 32 bits, to which the value is rounded. */
export function floatField(field: number, value: number): Uint8Array<ArrayBuffer> {
  return withKey(field, FIXED32, bytesOf(Float32Array.of(value)));
}

/** A whole number below 2^32. */
export function fixed32Field(field: number, value: number): Uint8Array<ArrayBuffer> {
  return withKey(field, FIXED32, bytesOf(Uint32Array.of(value)));
}

/** Where an array lies in memory: little-endian, as is all that Deno runs on. */
export function bytesOf({ buffer, byteOffset, byteLength }: ArrayBufferView): Uint8Array<ArrayBuffer> {
  return new Uint8Array(buffer as ArrayBuffer, byteOffset, byteLength);
}

/** A string, bytes or an inner message. */
export function bytesField(field: number, value: Uint8Array | string): Uint8Array<ArrayBuffer> {
  const bytes = typeof value === "string" ? new TextEncoder().encode(value) : value;
  return withKey(field, LENGTH_DELIMITED, bytes, varint(bytes.length));
}

/** A field's number and wire type, its length where it has one, and its content. */
function withKey(field: number, type: number, content: ArrayLike<number>, length: readonly number[] = []) {
  const key = varint(field * 8 + type);
  const bytes = new Uint8Array(key.length + length.length + content.length);
  bytes.set(key);
  bytes.set(length, key.length);
  bytes.set(content, key.length + length.length);
  return bytes;
}

/** The bytes of a whole number, its low bits first, seven a byte; a negative one is that of 64 bits which overflows to it. */
export function varint(value: number | bigint): number[] {
  const bytes: number[] = [];
  if (typeof value === "bigint" || value < 0) {
    let rest = BigInt.asUintN(64, BigInt(value));
    for (; rest >= 128n; rest >>= 7n) bytes.push(Number(rest & 127n) + 128);
    value = Number(rest);
  }
  for (; value >= 128; value = Math.floor(value / 128)) bytes.push(value % 128 + 128);
  bytes.push(value);
  return bytes;
}

export interface Field {
  readonly field: number;
  /** The value of a varint; the length of anything else. */
  readonly number: number;
  /** The content of anything but a varint. */
  readonly bytes: Uint8Array;
}

/** The fields of a message, in order. Throws a RangeError where it is cut short or uses a wire type that is no more. */
export function* messageFields(message: Uint8Array): Generator<Field> {
  const reader = new ByteReader(message);
  while (!reader.done) {
    const key = reader.varint();
    const field = Math.floor(key / 8);
    const type = key % 8;
    if (type === VARINT) {
      yield { field, number: reader.varint(), bytes: new Uint8Array(0) };
      continue;
    }
    const length = type === FIXED64
      ? 8
      : type === FIXED32
      ? 4
      : type === LENGTH_DELIMITED
      ? reader.varint()
      : undefined;
    if (length === undefined) {
      throw new RangeError(`Cannot read field ${field}: wire type ${type}, expected 0, 1, 2 or 5`);
    }
    yield { field, number: length, bytes: reader.bytes(length) };
  }
}

/** Reads bytes from front to back. Throws a RangeError past their end. */
export class ByteReader {
  #offset = 0;

  constructor(readonly source: Uint8Array) {}

  get done(): boolean {
    return this.#offset === this.source.length;
  }

  /** Exact up to 2^53. */
  varint(): number {
    let value = 0;
    for (let scale = 1; scale < 2 ** 64; scale *= 128) {
      const byte = this.bytes(1)[0]!;
      value += (byte % 128) * scale;
      if (byte < 128) return value;
    }
    throw new RangeError("Cannot read a number of more than 64 bits");
  }

  bytes(length: number): Uint8Array {
    const end = this.#offset + length;
    if (end > this.source.length) {
      throw new RangeError(`Cannot read ${length} bytes at ${this.#offset}: there are ${this.source.length}`);
    }
    const bytes = this.source.subarray(this.#offset, end);
    this.#offset = end;
    return bytes;
  }
}
