import fc from "@/tests/fast_check.ts";
import { NearestPoints } from "@/lib/geometry/nearest_points.ts";
import { Random } from "@/lib/random.ts";
import { assert, assertEquals, assertThrows } from "@/tests/support.ts";

Deno.test("NearestPoints.nearest() agrees with a look at every point: on surfaces, lines, one place, from far away", async () => {
  const shape = fc.constantFrom<readonly [number, number, number]>([1, 1, 1], [1, 1, 0], [1, 0, 0], [0, 0, 0], [
    5,
    1,
    0.01,
  ]);
  fc.assert(fc.property(fc.integer(), shape, fc.integer({ min: 1, max: 400 }), (seed, extents, count) => {
    const random = new Random(seed);
    const points = Float32Array.from({ length: 3 * count }, (_, i) => extents[i % 3]! * random.normal());
    const near = new NearestPoints(points);
    for (let query = 0; query < 20; query++) {
      const reach = random.pick([0.1, 1, 50]);
      const at = [0, 1, 2].map(() => reach * random.normal()) as [number, number, number];
      const away = (i: number) => Math.hypot(...at.map((value, axis) => points[3 * i + axis]! - value));
      const least = Math.min(...Array.from({ length: count }, (_, i) => away(i)));
      assertEquals(away(near.nearest(...at)), least);
    }
  }));
  await assertThrows(() => new NearestPoints(new Float32Array()), RangeError, /no points/);
  const line = new NearestPoints(Float32Array.from({ length: 3 * 5000 }, (_, i) => i % 3 === 0 ? i : 0));
  assert(line.nearest(3000, 1, -1) === 1000);
});
