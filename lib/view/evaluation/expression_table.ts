import type { ExpressionErrors } from "@/lib/evaluate/expression_errors.ts";
import { NumberTable } from "@/lib/view/evaluation/number_table.ts";

/**
 * Mean absolute errors of expressions' amounts beside those of always saying the mean; the mean of all comes first, then
 * what was followed through a video.
 */
export class ExpressionTable extends NumberTable {
  constructor({ mean, baseline, each, video }: ExpressionErrors) {
    const curves = video?.curves.map((curve) => ({ ...curve, name: `${curve.name} over a drawn video` })) ?? [];
    const rows = [{ name: `mean of ${each.length}`, error: mean, baseline }, ...curves, ...each];
    super([
      ["amounts are 0 to 1", "error", "always the mean"],
      ...rows.map(({ name, error, baseline }) => [name, error.toFixed(3), baseline.toFixed(3)]),
    ]);
  }
}
