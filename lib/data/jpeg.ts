import type { Photo } from "@/lib/types.ts";

/**
 * What JPEG does to a picture, without the file: 4:2:0 chroma, 8×8 blocks, quantized cosine coefficients. The tables
 * are those of annex K of the standard (ITU-T T.81), scaled by quality as libjpeg scales them.
 */
export function compressAsJpeg(photo: Photo, quality: number): void {
  const { width, height, rgb } = photo;
  if (!(quality >= 1 && quality <= 100)) {
    throw new RangeError(`Cannot compress at quality ${quality}: it must be from 1 to 100`);
  }
  const planes = planesFor(width, height);
  const { luma, blue, red, lumaStride, chromaStride } = planes;
  toPlanes(rgb, width, height, planes);
  quantize(luma, lumaStride, stepsOf(lumaTable, quality));
  const chromaSteps = stepsOf(chromaTable, quality);
  quantize(blue, chromaStride, chromaSteps);
  quantize(red, chromaStride, chromaSteps);
  fromPlanes(rgb, width, height, planes);
}

/** Luma at full size, chroma at half; strides and heights are whole numbers of 16 and 8. */
interface Planes {
  readonly luma: Float32Array;
  readonly blue: Float32Array;
  readonly red: Float32Array;
  readonly lumaStride: number;
  readonly chromaStride: number;
}

const planeCache = new Map<string, Planes>();

function planesFor(width: number, height: number): Planes {
  const key = `${width}×${height}`;
  let planes = planeCache.get(key);
  if (!planes) {
    const lumaStride = Math.ceil(width / 16) * 16;
    const rows = Math.ceil(height / 16) * 16;
    const chromaStride = lumaStride / 2;
    const chroma = () => new Float32Array(chromaStride * rows / 2);
    planes = { luma: new Float32Array(lumaStride * rows), blue: chroma(), red: chroma(), lumaStride, chromaStride };
    planeCache.set(key, planes);
  }
  return planes;
}

function toPlanes(rgb: Uint8Array, width: number, height: number, planes: Planes): void {
  const { luma, blue, red, lumaStride, chromaStride } = planes;
  const rows = luma.length / lumaStride;
  blue.fill(0);
  red.fill(0);
  for (let y = 0; y < rows; y++) {
    const sourceRow = Math.min(y, height - 1) * width;
    const chromaRow = (y >> 1) * chromaStride;
    for (let x = 0; x < lumaStride; x++) {
      const i = 3 * (sourceRow + Math.min(x, width - 1));
      const r = rgb[i]!, g = rgb[i + 1]!, b = rgb[i + 2]!;
      const c = chromaRow + (x >> 1);
      luma[y * lumaStride + x] = 0.299 * r + 0.587 * g + 0.114 * b - 128;
      blue[c]! += 0.25 * (-0.168736 * r - 0.331264 * g + 0.5 * b);
      red[c]! += 0.25 * (0.5 * r - 0.418688 * g - 0.081312 * b);
    }
  }
}

function fromPlanes(rgb: Uint8Array, width: number, height: number, planes: Planes): void {
  const { luma, blue, red, lumaStride, chromaStride } = planes;
  for (let y = 0; y < height; y++) {
    const chromaRow = (y >> 1) * chromaStride;
    for (let x = 0; x < width; x++) {
      const l = luma[y * lumaStride + x]! + 128.5;
      const b = blue[chromaRow + (x >> 1)]!;
      const r = red[chromaRow + (x >> 1)]!;
      const i = 3 * (y * width + x);
      rgb[i] = toByte(l + 1.402 * r);
      rgb[i + 1] = toByte(l - 0.344136 * b - 0.714136 * r);
      rgb[i + 2] = toByte(l + 1.772 * b);
    }
  }
}

function toByte(value: number): number {
  return value < 0 ? 0 : value > 255 ? 255 : value | 0;
}

/** Quantizes each 8×8 block's cosine coefficients in place. */
function quantize(plane: Float32Array, stride: number, steps: Float32Array): void {
  for (let top = 0; top < plane.length; top += 8 * stride) {
    for (let left = top; left < top + stride; left += 8) {
      for (let row = 0; row < 8; row++) forwardCosine(plane, left + row * stride, 1);
      for (let column = 0; column < 8; column++) forwardCosine(plane, left + column, stride);
      for (let k = 0; k < 64; k++) {
        const i = left + (k >> 3) * stride + (k & 7);
        const gain = coefficientGain[k]!;
        const step = steps[k]!;
        // The transforms leave out a scale, which depends on the coefficient; rounding sees the true value.
        plane[i] = Math.round(plane[i]! / (8 * gain * step)) * step * gain * 0.125;
      }
      for (let column = 0; column < 8; column++) inverseCosine(plane, left + column, stride);
      for (let row = 0; row < 8; row++) inverseCosine(plane, left + row * stride, 1);
    }
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
  const s04 = a[start]! + a[i4]!, d04 = a[start]! - a[i4]!;
  const s26 = a[i2]! + a[i6]!, d26 = (a[i2]! - a[i6]!) * Math.SQRT2 - s26;
  const e0 = s04 + s26, e3 = s04 - s26, e1 = d04 + d26, e2 = d04 - d26;
  const z13 = a[i5]! + a[i3]!, z10 = a[i5]! - a[i3]!;
  const z11 = a[i1]! + a[i7]!, z12 = a[i1]! - a[i7]!;
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
  return Float32Array.from(table, (step) => Math.min(255, Math.max(1, Math.floor((step * percent + 50) / 100))));
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
