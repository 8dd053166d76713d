import { clamp } from "@/lib/numbers.ts";
import type { Photo } from "@/lib/types.ts";

/** How a picture is compressed. */
export interface Compression {
  /** From 1 to 100. */
  readonly quality: number;
  /** Pixels of the first blocks, of 16 by 16, that lie left of the picture and above it: even, from 0 to 14. */
  readonly left?: number;
  readonly top?: number;
}

/**
 * What JPEG does to a picture, without the file: 4:2:0 chroma, 8×8 blocks, quantized cosine coefficients. The tables
 * are those of annex K of the standard (ITU-T T.81), scaled by quality as libjpeg scales them.
 */
export function compressAsJpeg(photo: Photo, { quality, left = 0, top = 0 }: Compression): void {
  const { width, height } = photo;
  if (!(quality >= 1 && quality <= 100)) {
    throw new RangeError(`Cannot compress at quality ${quality}: it must be from 1 to 100`);
  }
  if (![left, top].every((shift) => shift >= 0 && shift < 16 && shift % 2 === 0)) {
    throw new RangeError(
      `Cannot compress with blocks ${left} and ${top} pixels outside: even numbers to 14 were expected`,
    );
  }
  const planes = planesFor(width + left, height + top);
  const { luma, blue, red } = planes;
  toPlanes(photo, planes, { left, top });
  quantize(luma, stepsOf(lumaTable, quality));
  const chromaSteps = stepsOf(chromaTable, quality);
  quantize(blue, chromaSteps);
  quantize(red, chromaSteps);
  fromPlanes(photo, planes, { left, top });
}

type Shift = Required<Pick<Compression, "left" | "top">>;

/** Luma at full size, chroma at half, each in blocks of 64 that follow one another, row by row of blocks. */
interface Planes {
  readonly luma: Float32Array;
  readonly blue: Float32Array;
  readonly red: Float32Array;
  /** Squares of 2×2 pixels, and blocks of chroma, across and down. */
  readonly quadColumns: number;
  readonly quadRows: number;
}

const planeCache = new Map<string, Planes>();

function planesFor(width: number, height: number): Planes {
  const key = `${width}×${height}`;
  let planes = planeCache.get(key);
  if (!planes) {
    const quadColumns = 8 * Math.ceil(width / 16), quadRows = 8 * Math.ceil(height / 16);
    const chroma = () => new Float32Array(quadColumns * quadRows);
    planes = {
      luma: new Float32Array(4 * quadColumns * quadRows),
      blue: chroma(),
      red: chroma(),
      quadColumns,
      quadRows,
    };
    planeCache.set(key, planes);
  }
  return planes;
}

/** Where in a plane of this many blocks across a number lies. */
function placeInBlocks(row: number, column: number, blocksAcross: number): number {
  return (((row >> 3) * blocksAcross + (column >> 3)) << 6) + ((row & 7) << 3) + (column & 7);
}

/** Beyond the picture, its edges repeat. */
function toPlanes(
  { width, height, rgb }: Photo,
  { luma, blue, red, quadColumns, quadRows }: Planes,
  shift: Shift,
): void {
  const across = quadColumns >> 3;
  for (let quadRow = 0; quadRow < quadRows; quadRow++) {
    const row = 2 * quadRow - shift.top;
    const upper = width * (row < 0 ? 0 : row < height ? row : height - 1);
    const lower = width * (row < 0 ? 0 : row + 1 < height ? row + 1 : height - 1);
    for (let quadColumn = 0; quadColumn < quadColumns; quadColumn++) {
      const column = 2 * quadColumn - shift.left;
      const left = column < 0 ? 0 : column < width ? column : width - 1;
      const right = column >= 0 && left + 1 < width ? left + 1 : left;
      const i = 3 * (upper + left), j = 3 * (upper + right), k = 3 * (lower + left), l = 3 * (lower + right);
      const r0 = rgb[i]!, g0 = rgb[i + 1]!, b0 = rgb[i + 2]!, r1 = rgb[j]!, g1 = rgb[j + 1]!, b1 = rgb[j + 2]!;
      const r2 = rgb[k]!, g2 = rgb[k + 1]!, b2 = rgb[k + 2]!, r3 = rgb[l]!, g3 = rgb[l + 1]!, b3 = rgb[l + 2]!;
      const at = placeInBlocks(2 * quadRow, 2 * quadColumn, 2 * across);
      luma[at] = 0.299 * r0 + 0.587 * g0 + 0.114 * b0 - 128;
      luma[at + 1] = 0.299 * r1 + 0.587 * g1 + 0.114 * b1 - 128;
      luma[at + 8] = 0.299 * r2 + 0.587 * g2 + 0.114 * b2 - 128;
      luma[at + 9] = 0.299 * r3 + 0.587 * g3 + 0.114 * b3 - 128;
      const r = 0.25 * (r0 + r1 + r2 + r3), g = 0.25 * (g0 + g1 + g2 + g3), b = 0.25 * (b0 + b1 + b2 + b3);
      const c = placeInBlocks(quadRow, quadColumn, across);
      blue[c] = -0.168736 * r - 0.331264 * g + 0.5 * b;
      red[c] = 0.5 * r - 0.418688 * g - 0.081312 * b;
    }
  }
}

function fromPlanes(
  { width, height, rgb }: Photo,
  { luma, blue, red, quadColumns }: Planes,
  { left, top }: Shift,
): void {
  const across = quadColumns >> 3;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column += 2) {
      const c = placeInBlocks((row + top) >> 1, (column + left) >> 1, across);
      const b = blue[c]!, r = red[c]!;
      const redShift = 1.402 * r, greenShift = 0.344136 * b + 0.714136 * r, blueShift = 1.772 * b;
      const at = placeInBlocks(row + top, column + left, 2 * across), i = 3 * (row * width + column);
      const l = luma[at]! + 128.5;
      rgb[i] = toByte(l + redShift);
      rgb[i + 1] = toByte(l - greenShift);
      rgb[i + 2] = toByte(l + blueShift);
      if (column + 1 === width) continue;
      const next = luma[at + 1]! + 128.5;
      rgb[i + 3] = toByte(next + redShift);
      rgb[i + 4] = toByte(next - greenShift);
      rgb[i + 5] = toByte(next + blueShift);
    }
  }
}

function toByte(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : value | 0;
}

/** Quantizes each block's cosine coefficients in place. */
function quantize(plane: Float32Array, steps: Float32Array): void {
  // The transforms leave out a scale, which depends on the coefficient; rounding sees the true value.
  const toSteps = Float64Array.from(steps, (step, k) => 1 / (8 * coefficientGain[k]! * step));
  const fromSteps = Float64Array.from(steps, (step, k) => step * coefficientGain[k]! * 0.125);
  for (let start = 0; start < plane.length; start += 64) {
    for (let row = start; row < start + 64; row += 8) forwardCosine(plane, row, 1);
    for (let column = start; column < start + 8; column++) forwardCosine(plane, column, 8);
    for (let k = 0; k < 64; k++) {
      plane[start + k] = Math.floor(plane[start + k]! * toSteps[k]! + 0.5) * fromSteps[k]!;
    }
    for (let column = start; column < start + 8; column++) inverseCosine(plane, column, 8);
    for (let row = start; row < start + 64; row += 8) inverseCosine(plane, row, 1);
  }
}

/** One-dimensional scaled cosine transform of 8 numbers (Arai, Agui and Nakajima, 1988). */
function forwardCosine(a: Float32Array, start: number, stride: number): void {
  const i1 = start + stride, i2 = i1 + stride, i3 = i2 + stride;
  const i4 = i3 + stride, i5 = i4 + stride, i6 = i5 + stride, i7 = i6 + stride;
  const s07 = a[start]! + a[i7]!, d07 = a[start]! - a[i7]!;
  const s16 = a[i1]! + a[i6]!, d16 = a[i1]! - a[i6]!;
  const s25 = a[i2]! + a[i5]!, d25 = a[i2]! - a[i5]!;
  const s34 = a[i3]! + a[i4]!, d34 = a[i3]! - a[i4]!;
  const e0 = s07 + s34, e3 = s07 - s34, e1 = s16 + s25, e2 = s16 - s25;
  const z1 = (e2 + e3) * Math.SQRT1_2;
  a[start] = e0 + e1;
  a[i4] = e0 - e1;
  a[i2] = e3 + z1;
  a[i6] = e3 - z1;
  const o0 = d34 + d25, o1 = d25 + d16, o2 = d16 + d07;
  const z5 = (o0 - o2) * 0.382683433;
  const z2 = 0.5411961 * o0 + z5, z4 = 1.306562965 * o2 + z5, z3 = o1 * Math.SQRT1_2;
  const p = d07 + z3, m = d07 - z3;
  a[i5] = m + z2;
  a[i3] = m - z2;
  a[i1] = p + z4;
  a[i7] = p - z4;
}

/** Undoes {@linkcode forwardCosine} up to the gains. */
function inverseCosine(a: Float32Array, start: number, stride: number): void {
  const i1 = start + stride, i2 = i1 + stride, i3 = i2 + stride;
  const i4 = i3 + stride, i5 = i4 + stride, i6 = i5 + stride, i7 = i6 + stride;
  const c0 = a[start]!, c1 = a[i1]!, c2 = a[i2]!, c3 = a[i3]!, c4 = a[i4]!, c5 = a[i5]!, c6 = a[i6]!, c7 = a[i7]!;
  // Most blocks lose most of what is fine.
  if (c1 === 0 && c2 === 0 && c3 === 0 && c4 === 0 && c5 === 0 && c6 === 0 && c7 === 0) {
    a[i1] =
      a[i2] =
      a[i3] =
      a[i4] =
      a[i5] =
      a[i6] =
      a[i7] =
        c0;
    return;
  }
  const s04 = c0 + c4, d04 = c0 - c4;
  const s26 = c2 + c6, d26 = (c2 - c6) * Math.SQRT2 - s26;
  const e0 = s04 + s26, e3 = s04 - s26, e1 = d04 + d26, e2 = d04 - d26;
  const z13 = c5 + c3, z10 = c5 - c3;
  const z11 = c1 + c7, z12 = c1 - c7;
  const o7 = z11 + z13;
  const z5 = (z10 + z12) * 1.847759065;
  const o6 = z5 - 2.61312593 * z10 - o7;
  const o5 = (z11 - z13) * Math.SQRT2 - o6;
  const o4 = 1.0823922 * z12 - z5 + o5;
  a[start] = e0 + o7;
  a[i7] = e0 - o7;
  a[i1] = e1 + o6;
  a[i6] = e1 - o6;
  a[i2] = e2 + o5;
  a[i5] = e2 - o5;
  a[i4] = e3 + o4;
  a[i3] = e3 - o4;
}

/** [64], what the scaled transforms multiply each coefficient by, over 8. */
const coefficientGain = Float32Array.from({ length: 64 }, (_, k) => cosineGain(k >> 3) * cosineGain(k & 7));

function cosineGain(frequency: number): number {
  return frequency === 0 ? 1 : Math.SQRT2 * Math.cos(frequency * Math.PI / 16);
}

function stepsOf(table: readonly number[], quality: number): Float32Array {
  const percent = quality < 50 ? 5000 / quality : 200 - 2 * quality;
  return Float32Array.from(table, (step) => clamp(Math.floor((step * percent + 50) / 100), 1, 255));
}

// deno-fmt-ignore
const lumaTable = [
  16, 11, 10, 16, 24, 40, 51, 61, 12, 12, 14, 19, 26, 58, 60, 55, 14, 13, 16, 24, 40, 57, 69, 56, 14, 17, 22, 29, 51,
  87, 80, 62, 18, 22, 37, 56, 68, 109, 103, 77, 24, 35, 55, 64, 81, 104, 113, 92, 49, 64, 78, 87, 103, 121, 120, 101,
  72, 92, 95, 98, 112, 100, 103, 99,
];

// deno-fmt-ignore
const chromaTable = [
  17, 18, 24, 47, 99, 99, 99, 99, 18, 21, 26, 66, 99, 99, 99, 99, 24, 26, 56, 99, 99, 99, 99, 99, 47, 66, 99, 99, 99,
  99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99, 99,
  99, 99, 99, 99, 99, 99,
];
