import type { FaceAtlas } from "@/lib/face/atlas.ts";
import { noiseAt, type NoiseOptions } from "@/lib/portrait/noise.ts";
import type { Random } from "@/lib/random.ts";

const COUNT = 6;

/** A few noises of one kind over an atlas, each made when it is first asked for. */
export class Noises {
  readonly #atlas: FaceAtlas;
  readonly #options: NoiseOptions;
  readonly #made: Float32Array[] = [];

  constructor(atlas: FaceAtlas, options: NoiseOptions) {
    this.#atlas = atlas;
    this.#options = options;
  }

  /** [points], 0 at those that are not used; any whole number from 0 names one. */
  at(number: number): Float32Array {
    const k = number % COUNT;
    return this.#made[k] ??= noiseOver(this.#atlas, { ...this.#options, seed: this.#options.seed + 10 * k });
  }

  pick(random: Random): Float32Array {
    return this.at(random.integer(0, COUNT - 1));
  }
}

function noiseOver({ points, used }: FaceAtlas, options: NoiseOptions): Float32Array {
  const some = new Float32Array(3 * used.length);
  for (let k = 0; k < used.length; k++) {
    for (let axis = 0; axis < 3; axis++) some[3 * k + axis] = points[3 * used[k]! + axis]!;
  }
  const noise = noiseAt(some, options);
  const everywhere = new Float32Array(points.length / 3);
  for (let k = 0; k < used.length; k++) everywhere[used[k]!] = noise[k]!;
  return everywhere;
}
