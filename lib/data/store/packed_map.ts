import { constants, zstdCompressSync, zstdDecompressSync } from "node:zlib";
import { pointAt } from "@/lib/geometry/vectors.ts";
import type { PositionMap, Vec3 } from "@/lib/types.ts";

/**
 * A position map in 16 bits a number, compressed: of each axis, its range is divided into 65,535 steps, so that no number is
 * off by more than half of one. Of a face in a crop of 256 pixels that is 0.003 pixels at most.
 */
export interface PackedMap {
  /** The least x, y and z, and how far the largest are from them. */
  readonly least: Vec3;
  readonly range: Vec3;
  /** Zstandard (RFC 8878) of [3, 2, size, size] bytes: of each axis the low bytes, then the high ones. */
  readonly bytes: Uint8Array;
}

const STEPS = 65_535;

/** Undone by {@linkcode unpackMap}. */
export function packMap({ size, positions }: PositionMap): PackedMap {
  const count = size * size;
  const bytes = new Uint8Array(6 * count);
  const least: number[] = [], range: number[] = [];
  const numbers = new Uint16Array(count);
  for (let axis = 0; axis < 3; axis++) {
    let [low, high] = [Infinity, -Infinity];
    for (let i = axis; i < positions.length; i += 3) {
      low = Math.min(low, positions[i]!);
      high = Math.max(high, positions[i]!);
    }
    [low, high] = [Math.fround(low), Math.fround(Math.fround(high) - Math.fround(low))]; // as they are kept
    least.push(low), range.push(high);
    const scale = high > 0 ? STEPS / high : 0;
    for (let i = 0; i < count; i++) numbers[i] = Math.min(STEPS, Math.round((positions[3 * i + axis]! - low) * scale));
    const lows = bytes.subarray(2 * axis * count), highs = bytes.subarray((2 * axis + 1) * count);
    for (let i = 0; i < count; i++) {
      const off = (numbers[i]! - expected(numbers, i, size)) << 16 >> 16;
      const code = off << 1 ^ off >> 31; // small ones of either sign become small
      lows[i] = code;
      highs[i] = code >> 8;
    }
  }
  const options = { params: { [constants.ZSTD_c_compressionLevel]: 1 } };
  return { least: pointAt(least, 0), range: pointAt(range, 0), bytes: zstdCompressSync(bytes, options) };
}

/** Throws where the bytes are not of a map of this size. */
export function unpackMap({ least, range, bytes }: PackedMap, size: number): PositionMap {
  const count = size * size;
  const unpacked = zstdDecompressSync(bytes, { maxOutputLength: 6 * count });
  if (unpacked.length !== 6 * count) throw new RangeError(`it has ${unpacked.length} bytes`);
  const positions = new Float32Array(3 * count);
  const numbers = new Uint16Array(count);
  for (let axis = 0; axis < 3; axis++) {
    const low = least[axis]!, step = range[axis]! / STEPS;
    const lows = 2 * axis * count, highs = lows + count;
    for (let i = 0; i < count; i++) {
      const code = unpacked[lows + i]! | unpacked[highs + i]! << 8;
      numbers[i] = expected(numbers, i, size) + (code >> 1 ^ -(code & 1));
      positions[3 * i + axis] = low + step * numbers[i]!;
    }
  }
  return { size, positions };
}

/** What a texel would be on a plane through those to its left and above; the rest takes far fewer bits. */
function expected(numbers: Uint16Array, i: number, size: number): number {
  if (i < size) return i === 0 ? 0 : numbers[i - 1]!;
  if (i % size === 0) return numbers[i - size]!;
  return numbers[i - 1]! + numbers[i - size]! - numbers[i - size - 1]!;
}

/** Pixels that numbers of a map may be off by. */
export function packingLoss({ range }: Pick<PackedMap, "range">): number {
  return Math.max(...range) / STEPS / 2;
}
