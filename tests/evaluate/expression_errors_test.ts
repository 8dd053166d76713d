import { expressionErrors } from "@/lib/evaluate/expression_errors.ts";
import { assertAllClose, assertEquals } from "@/tests/support.ts";

Deno.test("expressionErrors() are mean absolute errors of amounts within 0 and 1, beside the mean's", () => {
  const found = [[0.5, -3], [1, 7]].map((amounts) => Float32Array.from(amounts));
  const truth = [[0.25, 0], [1, 0.5]].map((amounts) => Float32Array.from(amounts));
  const { mean, baseline, each } = expressionErrors({
    names: ["jawOpen", "eyeBlink_L"],
    found,
    truth,
    meanAmounts: [0.5, 0.25],
  });
  assertEquals(each.map(({ name }) => name), ["jawOpen", "eyeBlink_L"]);
  assertAllClose(each.flatMap(({ error, baseline }) => [error, baseline]), [0.125, 0.375, 0.25, 0.25], 1e-7);
  assertAllClose([mean, baseline], [0.1875, 0.3125], 1e-7);
});
