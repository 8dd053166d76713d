/** Smooth noise in space: random values at whole points, blended in between (value noise), several octaves of it. */
export interface NoiseOptions {
  readonly seed: number;
  /** Of the first octave, in cycles per unit; each next octave has twice the frequency and half the amplitude. */
  readonly frequency: number;
  readonly octaves: number;
}

/** Noise at points [n, 3]: mean 0 and standard deviation 1 over the points. */
export function noiseAt(points: Float32Array, { seed, frequency, octaves }: NoiseOptions): Float32Array {
  const count = points.length / 3;
  const noise = new Float32Array(count);
  for (let i = 0; i < count; i++) {
    let amplitude = 1, f = frequency, sum = 0;
    for (let octave = 0; octave < octaves; octave++) {
      sum += amplitude * valueNoise(points[3 * i]! * f, points[3 * i + 1]! * f, points[3 * i + 2]! * f, seed + octave);
      amplitude *= 0.5;
      f *= 2;
    }
    noise[i] = sum;
  }
  return standardize(noise);
}

/** In place. */
export function standardize(values: Float32Array): Float32Array {
  let sum = 0, squares = 0;
  for (const value of values) {
    sum += value;
    squares += value * value;
  }
  const mean = sum / values.length;
  const deviation = Math.sqrt(Math.max(squares / values.length - mean * mean, 1e-12));
  for (let i = 0; i < values.length; i++) values[i] = (values[i]! - mean) / deviation;
  return values;
}

function valueNoise(x: number, y: number, z: number, seed: number): number {
  const i = Math.floor(x), j = Math.floor(y), k = Math.floor(z);
  const u = smooth(x - i), v = smooth(y - j), w = smooth(z - k);
  let sum = 0;
  for (let corner = 0; corner < 8; corner++) {
    const a = corner & 1, b = (corner >> 1) & 1, c = corner >> 2;
    const weight = (a ? u : 1 - u) * (b ? v : 1 - v) * (c ? w : 1 - w);
    sum += weight * latticeValue(i + a, j + b, k + c, seed);
  }
  return sum;
}

function smooth(t: number): number {
  return t * t * (3 - 2 * t);
}

/** In [0, 1). */
function latticeValue(x: number, y: number, z: number, seed: number): number {
  let h = Math.imul(x, 0x9e3779b1) ^ Math.imul(y, 0x85ebca77) ^ Math.imul(z, 0xc2b2ae3d) ^ Math.imul(seed, 0x27d4eb2f);
  h = Math.imul(h ^ (h >>> 15), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 0x1_0000_0000;
}
