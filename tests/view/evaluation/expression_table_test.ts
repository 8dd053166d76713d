import type { ExpressionErrors } from "@/lib/evaluate/expression_errors.ts";
import { describeExpressions, ExpressionTable } from "@/lib/view/evaluation/expression_table.ts";
import { assertEquals } from "@/tests/support.ts";

Deno.test("an ExpressionTable and describeExpressions() say the same measure, and what share of the variance is explained", () => {
  const errors: ExpressionErrors = {
    ...{ rmse: 0.206, rmseOfMean: 0.231, explained: 0.203 },
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
    ["all 4", "0.208", "0.231", "19 %"],
    ["jawOpen", "0.177", "0.375", "78 %"],
    ["eyeBlink_L", "0.350", "0.250", "-96 %"],
    ["jawLeft", "0.098", "0.098", "0 %"],
    ["still", "0.100", "0.000", "–"],
  ]);
  assertEquals(
    describeExpressions(errors),
    "expressions, root mean square error of 4 amounts, 0 to 1: 0.208; always their mean: 0.231; variance explained: 19 %",
  );
});

Deno.test("amounts of principal components, which are standard deviations, are told apart from those that are 0 to 1", () => {
  const each = [
    { name: "jawOpen", rmse: 0.1, rmseOfMean: 0.2, explained: 0.75 },
    { name: "component 0", rmse: 0.6, rmseOfMean: 1, explained: 0.64 },
    { name: "component 1", rmse: 0.8, rmseOfMean: 1, explained: 0.36 },
  ];
  const { cells } = new ExpressionTable({ ...each[0]!, each });
  assertEquals(cells.slice(0, 3), [
    ["amounts are 0 to 1 or standard deviations", "root mean square error", "always their mean", "variance explained"],
    ["all 1, 0 to 1", "0.100", "0.200", "75 %"],
    ["all 2, standard deviations", "0.707", "1.000", "50 %"],
  ]);
  assertEquals(
    describeExpressions({ ...each[0]!, each: each.slice(1) }),
    "expressions, root mean square error of 2 amounts, standard deviations: 0.707; always their mean: 1.000; variance explained: 50 %",
  );
});
