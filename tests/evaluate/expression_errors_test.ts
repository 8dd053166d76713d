import { amountErrors, expressionErrors } from "@/lib/evaluate/expression_errors.ts";
import { assert, assertAllClose, assertClose, assertEquals } from "@/tests/support.ts";

const errors = expressionErrors({
  names: ["jawOpen", "eyeBlink_L"],
  found: [[0.5, -3], [1, 7]].map((amounts) => Float32Array.from(amounts)),
  truth: [[0.25, 0], [1, 0.5]].map((amounts) => Float32Array.from(amounts)),
});

Deno.test("expressionErrors() are root mean squares of amounts within 0 and 1, beside those of their own means", () => {
  const { rmse, rmseOfMean, explained, each } = errors;
  assertEquals(each.map(({ name }) => name), ["jawOpen", "eyeBlink_L"]);
  assertAllClose(each.map((one) => one.rmse), [Math.sqrt(0.25 ** 2 / 2), Math.sqrt(0.5 ** 2 / 2)], 1e-7);
  assertAllClose(each.map((one) => one.rmseOfMean), [0.375, 0.25], 1e-7);
  assertAllClose(each.map((one) => one.explained!), [7 / 9, -1], 1e-6);
  assertAllClose([rmse ** 2, rmseOfMean ** 2, explained!], [5 / 64, 13 / 128, 3 / 13], 1e-6);
});

Deno.test("amountErrors() explain nothing by any constant, of amounts that are mostly 0 too: their mean errs the least", () => {
  const truth = [0, 0, 0, 0.9];
  const always = (amount: number) => amountErrors({ found: truth.map(() => amount), truth });
  const mean = always(0.225);
  assertClose(mean.rmse, mean.rmseOfMean, 1e-12);
  assertClose(mean.explained!, 0, 1e-12);
  for (const amount of [0, 0.1, 0.2, 0.25, 0.5, 1]) assert(always(amount).explained! < -0.001, `${amount}`);
  assertEquals(amountErrors({ found: truth, truth }).explained, 1);
  const equal = [0.1, 0.1, 0.1]; // whose mean is not quite 0.1
  assertEquals(amountErrors({ found: [0.2, 0.2, 0.2], truth: equal }).explained, null);
});
