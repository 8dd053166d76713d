import type { ExpressionErrors } from "@/lib/evaluate/expression_errors.ts";
import { describeExpressions, ExpressionTable } from "@/lib/view/evaluation/expression_table.ts";
import { assertEquals } from "@/tests/support.ts";

Deno.test("an ExpressionTable and describeExpressions() say the same measure, and what share of the variance is explained", () => {
  const errors: ExpressionErrors = {
    ...{ rmse: 0.14, rmseOfMean: 0.16, explained: 0.234 },
    each: [
      { name: "jawOpen", rmse: 0.1766, rmseOfMean: 0.375, explained: 0.778 },
      { name: "eyeBlink_L", rmse: 0.35, rmseOfMean: 0.25, explained: -0.96 },
      { name: "jawLeft", rmse: 0.0981, rmseOfMean: 0.098, explained: -0.002 },
      { name: "still", rmse: 0.1, rmseOfMean: 0, explained: null },
    ],
  };
  const { cells } = new ExpressionTable(errors);
  assertEquals(cells, [
    ["amounts are 0 to 1", "root mean square error", "always their mean", "variance explained"],
    ["all 4", "0.140", "0.160", "23 %"],
    ["jawOpen", "0.177", "0.375", "78 %"],
    ["eyeBlink_L", "0.350", "0.250", "-96 %"],
    ["jawLeft", "0.098", "0.098", "0 %"],
    ["still", "0.100", "0.000", "–"],
  ]);
  assertEquals(
    describeExpressions(errors),
    "expressions, root mean square error of 4 amounts from 0 to 1: 0.140; always their mean: 0.160; variance explained: 23 %",
  );
});
