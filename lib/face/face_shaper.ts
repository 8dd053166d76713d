import type { FaceCoefficients, MorphableModel } from "@/lib/face/morphable_model.ts";
import { Kernels } from "@/lib/geometry/kernels.ts";
import { boundsOf, minus } from "@/lib/geometry/vectors.ts";

/**
 * Of a face's largest extent, what one step of a mode's bytes may move a vertex at an amount of 1. A mode that needs larger
 * steps is kept as two: the second holds what the first rounds off.
 */
const LARGEST_STEP = 4e-5;

/** Of a mode's largest number. */
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
  readonly #vertices: Float32Array;
  readonly #modes: Uint8Array;
  /** [rows, 2], 16-bit amounts. */
  readonly #amounts: Int16Array;
  readonly #rows: readonly Row[];
  readonly #identityCount: number;
  readonly #count: number;

  /** Of all vertices of the model, or of these alone, in this order. */
  constructor(
    { mean, identityModes, expressionModes }: Pick<MorphableModel, "mean" | "identityModes" | "expressionModes">,
    vertices: Uint32Array = Uint32Array.from({ length: mean.length / 3 }, (_, v) => v),
  ) {
    const modes = [...identityModes, ...expressionModes];
    const { low, high } = boundsOf(mean);
    const step = LARGEST_STEP * Math.max(...minus(high, low));
    this.#rows = modes.flatMap((mode, of): Row[] => {
      const unit = largest(mode) / STEPS;
      return unit > step ? [{ of, unit }, { of, unit: unit / (2 * STEPS), rest: unit }] : [{ of, unit }];
    });
    this.#identityCount = identityModes.length;
    this.#count = 3 * vertices.length;
    const blocks = Math.ceil(this.#count / BLOCK), pairs = Math.ceil(this.#rows.length / PAIR);
    const kernels = this.#kernels = new Kernels((PAIR * pairs + 8) * BLOCK * blocks + 4 * pairs + 1000);
    this.#mean = kernels.floats(BLOCK * blocks);
    this.#vertices = kernels.floats(BLOCK * blocks);
    this.#modes = kernels.bytes(PAIR * pairs * BLOCK * blocks);
    const amounts = kernels.ints(pairs);
    this.#amounts = new Int16Array(amounts.buffer, amounts.byteOffset, PAIR * pairs);
    const numbers = Uint32Array.from({ length: this.#count }, (_, i) => 3 * vertices[Math.floor(i / 3)]! + i % 3);
    numbers.forEach((number, i) => this.#mean[i] = mean[number]!);
    this.#rows.forEach(({ of, unit, rest }, row) => {
      if (unit === 0) return;
      const mode = modes[of]!, bytes = this.#modes;
      const first = BLOCK * PAIR * (row >> 1) + row % PAIR;
      for (let i = 0; i < numbers.length; i++) {
        const value = mode[numbers[i]!]!;
        const left = rest === undefined ? value : value - rest * Math.round(value / rest);
        bytes[first + Math.floor(i / BLOCK) * pairs * PAIR * BLOCK + PAIR * (i % BLOCK)] = Math.round(left / unit);
      }
    });
  }

  /** [vertexCount, 3], in model space; the next call overwrites them. */
  shape({ identity, expression }: FaceCoefficients): Float32Array {
    const amounts = this.#rows.map(({ of, unit }) => {
      const amount = of < this.#identityCount ? identity[of] : expression[of - this.#identityCount];
      return unit * (amount ?? 0);
    });
    const unit = amounts.reduce((most, amount) => Math.max(most, Math.abs(amount)), 0) / MOST;
    amounts.forEach((amount, row) => this.#amounts[row] = unit === 0 ? 0 : Math.round(amount / unit));
    const blocks = this.#mean.length / BLOCK, pairs = this.#amounts.length / PAIR;
    this.#kernels.run.sumModes(this.#vertices, this.#mean, blocks, this.#modes, this.#amounts, pairs, unit);
    return this.#vertices.subarray(0, this.#count);
  }
}

/** A mode as bytes. */
interface Row {
  /** The mode's place among all. */
  readonly of: number;
  /** What a byte's step means. */
  readonly unit: number;
  /** Where this row holds what another one rounds off: that one's step. */
  readonly rest?: number;
}

function largest(values: Float32Array): number {
  let most = 0;
  for (const value of values) most = Math.max(most, Math.abs(value));
  return most;
}
