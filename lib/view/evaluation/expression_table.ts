import type { ExpressionErrors } from "@/lib/evaluate/expression_errors.ts";
import { NumberTable } from "@/lib/view/evaluation/number_table.ts";

/** Mean absolute errors of expressions' amounts beside those of always saying the mean; the mean of all comes first. */
export class ExpressionTable extends NumberTable {
  constructor({ mean, baseline, each }: ExpressionErrors) {
    const rows = [{ name: `mean of ${each.length}`, error: mean, baseline }, ...each];
    super([
      ["amounts are 0 to 1", "error", "always the mean"],
      ...rows.map(({ name, error, baseline }) => [name, error.toFixed(3), baseline.toFixed(3)]),
    ]);
  }
}
