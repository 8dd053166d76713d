import { vector } from "@/lib/geometry/vectors.ts";
import type { Vec3 } from "@/lib/types.ts";
import type { Head } from "./head.ts";

/** The ear's plane: it leans back and stands off the head. Centimeters and unit vectors. */
const center: Vec3 = [7.08, -1.3, -0.85];
const backwards: Vec3 = [0.42, -0.12, -0.9];
const upwards: Vec3 = [0.06, 0.97, -0.24];
const outwards: Vec3 = [0.9, 0.05, 0.42];

/** From the canal over the rim to behind the ear: share of the outline, height over the plane. */
const profile: readonly (readonly [reach: number, height: number])[] = [
  [0.02, -0.9],
  [0.2, -0.75],
  [0.35, -0.2],
  [0.48, 0.12],
  [0.6, 0.16],
  [0.72, 0],
  [0.82, -0.05],
  [0.9, 0.12],
  [0.97, 0.2],
  [1, 0.08],
  [0.96, -0.12],
  [0.8, -0.35],
  [0.6, -1.3],
];

const SEGMENTS = 28;

/** Both ears: shells that stand off the head. */
export function addEars(head: Head): void {
  for (const side of [-1, 1] as const) {
    let outer: number[] | undefined;
    for (const at of profile) {
      const ring = Array.from(
        { length: SEGMENTS },
        (_, k) => head.add(place(2 * Math.PI * k / SEGMENTS, at, side), "skin"),
      );
      if (outer && side > 0) head.joinRings(outer, ring);
      else if (outer) head.joinRings(ring, outer);
      outer = ring;
    }
  }
  head.cover("skin");
}

/** A point of the ear; angles from the back over the top. */
function place(angle: number, [reach, height]: readonly [number, number], side: 1 | -1): Vec3 {
  const back = reach * Math.cos(angle) * (1.45 + 0.35 * Math.sin(angle)); // wider above than at the lobe
  const up = reach * 3.05 * Math.sin(angle);
  const [x, y, z] = vector((k) => center[k] + backwards[k] * back + upwards[k] * up + outwards[k] * height);
  return [side * x, y, z];
}
