import { clamp, mean } from "@/lib/numbers.ts";

/**
 * How far amounts are off, beside always saying their mean: by squares, as networks are trained. Of absolute errors the median
 * would have the least, which is 0 for most expressions. Amounts are 0 to 1, of principal components standard deviations.
 */
export interface AmountErrors {
  /** Root mean square error. */
  readonly rmse: number;
  /** The same of always saying the mean of these amounts themselves: no other constant has less. */
  readonly rmseOfMean: number;
  /** R², the share of the amounts' variance that is explained: 1 − (rmse / rmseOfMean)²; null where they do not vary. */
  readonly explained: number | null;
}

/** How much of something a face does, from 0 to 1, in each frame of a video. */
export interface ExpressionCurve extends AmountErrors {
  /** What it does, such as "blink". */
  readonly name: string;
  /** As it was drawn. */
  readonly truth: readonly number[];
  /** As the network says. */
  readonly found: readonly number[];
}

/** Expressions over a drawn video. */
export interface ExpressionCurves {
  readonly framesPerSecond: number;
  readonly curves: readonly ExpressionCurve[];
}

/** The errors of all expressions' amounts together; the mean is each expression's own. */
export interface ExpressionErrors extends AmountErrors {
  readonly each: readonly (AmountErrors & { readonly name: string })[];
  /** Some of them over a drawn video, where there is one. */
  readonly video?: ExpressionCurves;
}

export interface ExpressionAnswers {
  readonly names: readonly string[];
  /** Each [names], of one face; amounts beyond 0 and 1, or what else is true of any face, count as these. */
  readonly found: readonly Float32Array[];
  readonly truth: readonly Float32Array[];
}

/** The errors of the amounts found in all faces. */
export function expressionErrors({ names, found, truth }: ExpressionAnswers): ExpressionErrors {
  const each = names.map((name, m) => ({
    name,
    ...amountErrors({ found: found.map((amounts) => amounts[m]!), truth: truth.map((amounts) => amounts[m]!) }),
  }));
  return { ...errorsTogether(each), each };
}

/** Those of several expressions as one; the mean is each expression's own. */
export function errorsTogether(each: readonly AmountErrors[]): AmountErrors {
  const together = (of: (errors: AmountErrors) => number) => Math.sqrt(mean(each.map((errors) => of(errors) ** 2)));
  return withExplained(together(({ rmse }) => rmse), together(({ rmseOfMean }) => rmseOfMean));
}

/** Errors of found amounts, which are first clipped to the least range that holds 0, 1 and all true ones. */
export function amountErrors({ found, truth }: Record<"found" | "truth", readonly number[]>): AmountErrors {
  const middle = mean(truth);
  const least = Math.min(0, ...truth), most = Math.max(1, ...truth);
  const rmseOf = (answer: (i: number) => number) =>
    Math.sqrt(mean(truth.map((amount, i) => (clamp(answer(i), least, most) - amount) ** 2)));
  return withExplained(rmseOf((i) => found[i]!), rmseOf(() => middle));
}

function withExplained(rmse: number, rmseOfMean: number): AmountErrors {
  return { rmse, rmseOfMean, explained: rmseOfMean > ROUNDING ? 1 - (rmse / rmseOfMean) ** 2 : null };
}

/** The most that the mean of equal amounts is off. */
const ROUNDING = 1e-9;
