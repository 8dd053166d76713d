import fc from "@/tests/fast_check.ts";
import { median } from "@/lib/numbers.ts";
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
