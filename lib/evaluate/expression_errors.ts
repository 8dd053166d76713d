import { mean } from "@/lib/evaluate/nme.ts";
import type { ExpressionCurves } from "@/lib/evaluate/talking_face.ts";

/** Mean absolute errors of expressions' amounts, which are 0 to 1. */
export interface ExpressionErrors {
  readonly mean: number;
  /** The error of always saying the mean. */
  readonly baseline: number;
  readonly each: readonly { readonly name: string; readonly error: number; readonly baseline: number }[];
  /** Some of them over a drawn video, where there is one. */
  readonly video?: ExpressionCurves;
}

export interface ExpressionAnswers {
  readonly names: readonly string[];
  /** Each [names], of one face; amounts beyond 0 and 1 count as these. */
  readonly found: readonly Float32Array[];
  readonly truth: readonly Float32Array[];
  /** [names], of training faces, or of those that are measured where no others are at hand. */
  readonly meanAmounts: ArrayLike<number>;
}

/** The errors of the amounts found in all faces, beside the baseline's. */
export function expressionErrors({ names, found, truth, meanAmounts }: ExpressionAnswers): ExpressionErrors {
  const meanError = (m: number, answer: (face: number) => number) =>
    mean(truth.map((amounts, face) => Math.abs(Math.min(1, Math.max(0, answer(face))) - amounts[m]!)));
  const each = names.map((name, m) => ({
    name,
    error: meanError(m, (face) => found[face]![m]!),
    baseline: meanError(m, () => meanAmounts[m]!),
  }));
  return { mean: mean(each.map(({ error }) => error)), baseline: mean(each.map(({ baseline }) => baseline)), each };
}
