import type { FaceAtlas } from "@/lib/face/atlas.ts";
import { ease } from "@/lib/geometry/smoothstep.ts";
import { pointAt } from "@/lib/geometry/vectors.ts";
import type { Random } from "@/lib/random.ts";

/** Smooth noise in space: random values at whole points, blended in between (value noise), several octaves of it. */
export interface NoiseOptions {
  readonly seed: number;
  /** Cycles per unit in the first octave; each next octave has twice the frequency and half the amplitude. */
  readonly frequency: number;
  readonly octaves: number;
}

const COUNT = 6;

/** A few noises of one kind over an atlas, each made when it is first asked for. */
export class Noises {
  readonly #made: Float32Array[] = [];

  constructor(readonly atlas: FaceAtlas, readonly options: NoiseOptions) {}

  /** [points], 0 at those that are not used; any whole number from 0 names one. */
  at(number: number): Float32Array {
    const k = number % COUNT;
    return this.#made[k] ??= noiseOver(this.atlas, { ...this.options, seed: this.options.seed + 10 * k });
  }

  pick(random: Random): Float32Array {
    return this.at(random.integer(0, COUNT - 1));
  }
}

/** Noise of mean 0 and standard deviation 1 over the points that are used. */
function noiseOver({ points, used }: FaceAtlas, { seed, frequency, octaves }: NoiseOptions): Float32Array {
  const noise = new Float32Array(used.length);
  used.forEach((point, k) => {
    const [x, y, z] = pointAt(points, point);
    let amplitude = 1, f = frequency, sum = 0;
    for (let octave = 0; octave < octaves; octave++) {
      sum += amplitude * valueNoise(x * f, y * f, z * f, seed + octave);
      amplitude *= 0.5;
      f *= 2;
    }
    noise[k] = sum;
  });
  standardize(noise);
  const everywhere = new Float32Array(points.length / 3);
  used.forEach((point, k) => everywhere[point] = noise[k]!);
  return everywhere;
}

/** In place. */
function standardize(values: Float32Array): void {
  let sum = 0, squares = 0;
  for (const value of values) {
    sum += value;
    squares += value * value;
  }
  const mean = sum / values.length;
  const deviation = Math.sqrt(Math.max(squares / values.length - mean * mean, 1e-12));
  for (let i = 0; i < values.length; i++) values[i] = (values[i]! - mean) / deviation;
}

function valueNoise(x: number, y: number, z: number, seed: number): number {
  const i = Math.floor(x), j = Math.floor(y), k = Math.floor(z);
  const u = ease(x - i), v = ease(y - j), w = ease(z - k);
  // A value's hash begins with one product for each of its coordinates.
  const s = Math.imul(seed, 0x27d4eb2f);
  const x0 = Math.imul(i, 0x9e3779b1), x1 = (x0 + 0x9e3779b1) | 0;
  const y0 = Math.imul(j, 0x85ebca77), y1 = (y0 + 0x85ebca77) | 0;
  const z0 = Math.imul(k, 0xc2b2ae3d) ^ s, z1 = ((z0 ^ s) + 0xc2b2ae3d) ^ s;
  const p = (1 - u) * (1 - v), q = u * (1 - v), r = (1 - u) * v, t = u * v;
  let sum = p * (1 - w) * latticeValue(x0 ^ y0 ^ z0);
  sum += q * (1 - w) * latticeValue(x1 ^ y0 ^ z0);
  sum += r * (1 - w) * latticeValue(x0 ^ y1 ^ z0);
  sum += t * (1 - w) * latticeValue(x1 ^ y1 ^ z0);
  sum += p * w * latticeValue(x0 ^ y0 ^ z1);
  sum += q * w * latticeValue(x1 ^ y0 ^ z1);
  sum += r * w * latticeValue(x0 ^ y1 ^ z1);
  sum += t * w * latticeValue(x1 ^ y1 ^ z1);
  return sum;
}

/** In [0, 1). */
function latticeValue(hash: number): number {
  let h = Math.imul(hash ^ (hash >>> 15), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return ((h ^ (h >>> 16)) >>> 0) / 0x1_0000_0000;
}
