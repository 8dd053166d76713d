import { isAmongBest } from "@/lib/train/best_weights.ts";
import { assertEquals } from "@/tests/support.ts";

Deno.test("isAmongBest() takes what is better, and what is worse by no more than chance on these faces", () => {
  const least = [2, 3, 4, 5];
  assertEquals(isAmongBest([9, 9], null), true);
  assertEquals(isAmongBest([1.9, 2.9, 3.9, 4.9], least), true);
  assertEquals(isAmongBest(least, least), true);
  assertEquals(isAmongBest([2.1, 3.1, 4.1, 5.1], least), false); // each face the same: no chance is left
  // differences of 1, −1, 1 and 1 have the mean 0.5 and the standard error sqrt(0.75 / 3) = 0.5
  assertEquals(isAmongBest([3, 2, 5, 6], least), true);
  assertEquals(isAmongBest([3, 2.5, 5, 6], least), false);
  assertEquals([isAmongBest([1], [2]), isAmongBest([3], [2])], [true, false]);
});
