import { xoroshiro128plus } from "pure-rand/generator/xoroshiro128plus";
import { uniformInt } from "pure-rand/distribution/uniformInt";

/**
 * A seeded stream of random numbers. Streams forked by different names are independent, so adding a draw to one does
 * not reshuffle the others.
 */
export class Random {
  readonly #generator;
  readonly #path: string;

  constructor(seed: number | string) {
    this.#path = String(seed);
    this.#generator = xoroshiro128plus(hash(this.#path));
  }

  /** An independent stream: a function of this stream's seed and the name, not of what was drawn so far. */
  fork(name: string | number): Random {
    return new Random(`${this.#path}/${name}`);
  }

  /** Uniform in [0, 1), with 32 random bits. */
  next(): number {
    return (this.#generator.next() >>> 0) / 0x1_0000_0000;
  }

  /** Uniform in [low, high). */
  uniform(low: number, high: number): number {
    return low + (high - low) * this.next();
  }

  /** Uniform whole number in [low, high], both included. */
  integer(low: number, high: number): number {
    return uniformInt(this.#generator, low, high);
  }

  /** Normal with mean 0 and standard deviation 1 (Box and Muller, 1958). */
  normal(): number {
    const radius = Math.sqrt(-2 * Math.log(1 - this.next()));
    return radius * Math.cos(2 * Math.PI * this.next());
  }

  /** True with this probability. */
  chance(probability: number): boolean {
    return this.next() < probability;
  }

  pick<T>(choices: readonly T[]): T {
    if (choices.length === 0) throw new RangeError("Cannot pick from an empty list");
    return choices[this.integer(0, choices.length - 1)]!;
  }
}

/** FNV-1a with a final avalanche (MurmurHash3's), so that names that differ in one letter give unrelated seeds. */
function hash(text: string): number {
  let h = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) h = Math.imul(h ^ text.charCodeAt(i), 0x01000193);
  h = Math.imul(h ^ (h >>> 16), 0x85ebca6b);
  h = Math.imul(h ^ (h >>> 13), 0xc2b2ae35);
  return (h ^ (h >>> 16)) | 0;
}
