import { InputError } from "@/lib/errors.ts";
import type { Npz } from "@/lib/formats/npz.ts";

/** A length, or the name of one: the first array that has it sets it for all others. */
type Length = number | string;

/** Reads arrays of an NPZ whose shapes must fit each other's. Throws an InputError that names what does not. */
export class ArrayReader {
  readonly #npz: Npz;
  readonly #lengths = new Map<string, number>();

  constructor(npz: Npz) {
    this.#npz = npz;
  }

  has(name: string): boolean {
    return this.#npz.names.includes(name);
  }

  /** What a name of a length stands for. */
  length(name: string): number {
    return this.#lengths.get(name)!;
  }

  /** Finite numbers, row-major. */
  numbers(name: string, wanted: readonly Length[]): Float64Array {
    const { shape, values } = this.#npz.read(name);
    const known = wanted.map((length) => typeof length === "number" ? length : this.#lengths.get(length));
    if (
      shape.length !== wanted.length || known.some((length, axis) => length !== undefined && length !== shape[axis])
    ) {
      const lengths = wanted.map((length, axis) => known[axis] ?? length);
      this.refuse(name, `[${shape.join(", ")}]`, `[${lengths.join(", ")}] numbers`);
    }
    wanted.forEach((length, axis) => {
      if (typeof length === "string") this.#lengths.set(length, shape[axis]!);
    });
    const odd = values.findIndex((value) => !Number.isFinite(value));
    return odd < 0 ? values : this.refuse(name, `${values[odd]} at ${odd}`, "finite numbers");
  }

  /** Whole numbers from 0 and below this, or this length. */
  indices(name: string, wanted: readonly Length[], below: Length): Uint32Array {
    const values = this.numbers(name, wanted);
    const end = typeof below === "number" ? below : this.length(below);
    const odd = values.findIndex((value) => !(Number.isInteger(value) && value >= 0 && value < end));
    if (odd >= 0) this.refuse(name, `${values[odd]} at ${odd}`, `whole numbers from 0 to ${end - 1}`);
    return Uint32Array.from(values);
  }

  texts(name: string, count: number): string[] {
    const texts = this.#npz.readTexts(name);
    return texts.length === count ? texts : this.refuse(name, `${texts.length} texts`, String(count));
  }

  /** Shares of threes, which add up to 1. */
  weights(name: string, wanted: readonly Length[]): Float32Array {
    const weights = Float32Array.from(this.numbers(name, wanted));
    for (let i = 0; i < weights.length; i += 3) {
      const shares = weights.subarray(i, i + 3);
      if (shares.every((share) => share >= 0) && Math.abs(shares[0]! + shares[1]! + shares[2]! - 1) < 1e-3) continue;
      this.refuse(name, `${[...shares].join(", ")}`, "shares from 0 that add up to 1");
    }
    return weights;
  }

  refuse(name: string, found: string, wanted: string): never {
    throw new InputError(`Cannot use ${name} of ${this.#npz.path}: found ${found}, wanted ${wanted}`);
  }
}

/** Views of equally long parts. */
export function rowsOf(values: Float64Array, length: number): Float64Array[] {
  return Array.from({ length: values.length / length }, (_, row) => values.subarray(row * length, (row + 1) * length));
}
