import type { AmountErrors, ExpressionErrors } from "@/lib/evaluate/expression_errors.ts";
import { NumberTable } from "@/lib/view/evaluation/number_table.ts";

/**
 * Root mean square errors of expressions' amounts beside those of always saying their mean; all together come first, then what
 * was followed through a video.
 */
export class ExpressionTable extends NumberTable {
  constructor({ each, video, ...all }: ExpressionErrors) {
    const curves = video?.curves.map((curve) => ({ ...curve, name: `${curve.name} over a drawn video` })) ?? [];
    const rows = [{ name: `all ${each.length}`, ...all }, ...curves, ...each];
    super([
      ["amounts are 0 to 1", "root mean square error", "always their mean", "variance explained"],
      ...rows.map(({ name, ...errors }) => [name, ...amountFigures(errors)]),
    ]);
  }
}

/** Its root mean square error, that of the mean, and the share of the variance that is explained; "–" where there is none. */
export function amountFigures({ rmse, rmseOfMean, explained }: AmountErrors): [string, string, string] {
  const share = explained === null ? "–" : `${Math.round(100 * explained)} %`;
  return [rmse.toFixed(3), rmseOfMean.toFixed(3), share];
}

/** The errors of all amounts together, in one line. */
export function describeExpressions({ each, ...all }: ExpressionErrors): string {
  const [rmse, rmseOfMean, share] = amountFigures(all);
  return `expressions, root mean square error of ${each.length} amounts from 0 to 1: ${rmse}; ` +
    `always their mean: ${rmseOfMean}; variance explained: ${share}`;
}
