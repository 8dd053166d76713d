import fc from "@/tests/fast_check.ts";
import { median, quantile } from "@/lib/numbers.ts";
import { assert, assertEquals, assertThrows } from "@/tests/support.ts";

const measured = fc.array(fc.double({ min: 1e-3, max: 1e6, noNaN: true }), { minLength: 1, maxLength: 9 });

Deno.test("median() leaves as many numbers below as above, in whatever order they come", async () => {
  fc.assert(fc.property(measured, (values) => {
    const middle = median(values);
    const below = values.filter((value) => value < middle).length;
    const above = values.filter((value) => value > middle).length;
    assert(below <= values.length / 2 && above <= values.length / 2, `${below} below, ${above} above`);
    assert(Math.min(...values) <= middle && middle <= Math.max(...values));
    assertEquals(median(values.toReversed()), middle);
  }));
  assertEquals(median([4, 1, 2, 3]), 2.5);
  await assertThrows(() => median([]), RangeError, /the median of no numbers/);
});

Deno.test("quantile() has that share of the numbers before it in their order, and is one of them", () => {
  fc.assert(fc.property(measured, fc.double({ min: 0, max: 1, noNaN: true }), (values, share) => {
    const found = quantile(values, share);
    const below = values.filter((value) => value < found).length,
      upTo = values.filter((value) => value <= found).length;
    assert(values.includes(found) && below <= share * values.length, `${below} below ${found}`);
    assert(upTo >= share * values.length, `${upTo} up to ${found}`);
  }));
  assertEquals([0, 0.5, 0.95, 1].map((share) => quantile([3, 10, 2, 1], share)), [1, 3, 10, 10]);
  assertEquals(quantile([], 0.5), NaN);
});
