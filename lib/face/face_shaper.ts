import type { FaceCoefficients, MorphableModel } from "@/lib/face/morphable_model.ts";
import { Kernels } from "@/lib/geometry/kernels.ts";
import { boundsOf, minus } from "@/lib/geometry/vectors.ts";

/**
 * Largest move of a vertex by one step of a mode's bytes at an amount of 1, as a share of the face's largest extent. A mode that
 * needs larger steps is kept as two: the second holds what the first rounds off.
 */
const LARGEST_STEP = 4e-5;

/** Steps from 0 to a mode's largest number. */
const STEPS = 127;

/** Numbers that are summed at once, and modes. */
const BLOCK = 16;
const PAIR = 2;
/** The largest integer amount. */
const MOST = 32767;

/**
 * Makes the vertices of many faces of one model, as `shapeFace` does, from modes of one byte a number: for models whose
 * modes are too large to be read whole for each face. Off by about 7e-5 of a face's extent where hundreds of modes have amounts
 * of 1: by a hundredth of a pixel where a face has 170.
 */
export class FaceShaper {
  readonly #kernels: Kernels;
  readonly #mean: Float32Array;
  readonly #shaped: Float32Array;
  readonly #modes: Uint8Array;
  /** [rows, 2], 16-bit amounts. */
  readonly #amounts: Int16Array;
  readonly #rows: Row[];
  readonly #identityCount: number;
  readonly #count: number;

  /**
   * @param take what is made of a face's vertices, [vertexCount, 3]: a linear function, such as some of them, or the texels of
   * a map. Called once with the mean and with each mode.
   */
  constructor(
    { mean, identityModes, expressionModes }: Pick<MorphableModel, "mean" | "identityModes" | "expressionModes">,
    take: (vertices: Float32Array) => Float32Array = (vertices) => vertices,
  ) {
    const { low, high } = boundsOf(mean);
    const step = LARGEST_STEP * Math.max(...minus(high, low));
    const taken = take(mean);
    this.#rows = [];
    const rowBytes: Int8Array[] = [];
    [...identityModes, ...expressionModes].forEach((mode, of) => {
      const values = take(mode), unit = largest(values) / STEPS;
      this.#rows.push({ of, unit });
      rowBytes.push(inSteps(values, unit));
      if (unit <= step) return;
      const rest = values.map((value) => value - unit * Math.round(value / unit));
      this.#rows.push({ of, unit: unit / (2 * STEPS) });
      rowBytes.push(inSteps(rest, unit / (2 * STEPS)));
    });
    this.#identityCount = identityModes.length;
    this.#count = taken.length;
    const blocks = Math.ceil(this.#count / BLOCK), pairs = Math.ceil(rowBytes.length / PAIR);
    const kernels = this.#kernels = new Kernels((PAIR * pairs + 8) * BLOCK * blocks + 4 * pairs + 1000);
    this.#mean = kernels.floats(BLOCK * blocks);
    this.#mean.set(taken);
    this.#shaped = kernels.floats(BLOCK * blocks);
    this.#modes = kernels.bytes(PAIR * pairs * BLOCK * blocks);
    const amounts = kernels.ints(pairs);
    this.#amounts = new Int16Array(amounts.buffer, amounts.byteOffset, PAIR * pairs);
    rowBytes.forEach((bytes, row) => {
      const first = BLOCK * PAIR * (row >> 1) + row % PAIR;
      for (let i = 0; i < bytes.length; i++) {
        this.#modes[first + Math.floor(i / BLOCK) * pairs * PAIR * BLOCK + PAIR * (i % BLOCK)] = bytes[i]!;
      }
    });
  }

  /** What is taken of this face, in model space; the next call overwrites it. */
  shape({ identity, expression }: FaceCoefficients): Float32Array {
    const amounts = this.#rows.map(({ of, unit }) => {
      const amount = of < this.#identityCount ? identity[of] : expression[of - this.#identityCount];
      return unit * (amount ?? 0);
    });
    const unit = amounts.reduce((most, amount) => Math.max(most, Math.abs(amount)), 0) / MOST;
    amounts.forEach((amount, row) => this.#amounts[row] = unit === 0 ? 0 : Math.round(amount / unit));
    const blocks = this.#mean.length / BLOCK, pairs = this.#amounts.length / PAIR;
    this.#kernels.run.sumModes(this.#shaped, this.#mean, blocks, this.#modes, this.#amounts, pairs, unit);
    return this.#shaped.subarray(0, this.#count);
  }
}

/** A mode as bytes. */
interface Row {
  /** The mode's place among all. */
  readonly of: number;
  /** What a byte's step means. */
  readonly unit: number;
}

function inSteps(values: Float32Array, unit: number): Int8Array {
  return Int8Array.from(values, (value) => unit === 0 ? 0 : Math.round(value / unit));
}

function largest(values: Float32Array): number {
  let most = 0;
  for (const value of values) most = Math.max(most, Math.abs(value));
  return most;
}
