import fc from "@/tests/fast_check.ts";
import { warpPhoto } from "@/lib/data/maps/warp.ts";
import { Random } from "@/lib/random.ts";
import { assert } from "@/tests/support.ts";

Deno.test("warpPhoto() without a turn gives what it gives for a turn too small to see", () => {
  const random = new Random("warp");
  const photo = { width: 37, height: 29, rgb: Uint8Array.from({ length: 37 * 29 * 3 }, () => random.integer(0, 255)) };
  fc.assert(fc.property(
    fc.double({ min: 0.03, max: 4, noNaN: true }),
    fc.double({ min: -60, max: 60, noNaN: true }),
    fc.double({ min: -60, max: 60, noNaN: true }),
    (scale, dx, dy) => {
      const warp = (rotation: number) =>
        warpPhoto(photo, { transform: { rotation, scale, dx, dy }, width: 23, height: 31 }).rgb;
      const [straight, turned] = [warp(0), warp(1e-13)];
      const apart = straight.reduce((most, value, i) => Math.max(most, Math.abs(value - turned[i]!)), 0);
      assert(apart <= 1, `${apart} gray levels apart`); // each rounds on its own
    },
  ));
});
