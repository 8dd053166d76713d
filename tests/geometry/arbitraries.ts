import fc from "@/tests/fast_check.ts";
import type { Vec3 } from "@/lib/types.ts";

/** Evenly spread, unlike fc.double, most of whose numbers are close to 0. */
export function uniform(low: number, high: number): fc.Arbitrary<number> {
  const steps = 2 ** 30;
  return fc.integer({ min: 0, max: steps }).map((n) => low + (high - low) * n / steps);
}

/** Evenly spread over the sphere, of length 1. */
export const direction: fc.Arbitrary<Vec3> = fc.tuple(uniform(-1, 1), uniform(0, 2 * Math.PI)).map(([z, turn]) => {
  const radius = Math.sqrt(1 - z * z);
  return [radius * Math.cos(turn), radius * Math.sin(turn), z];
});
