import type { FaceAtlas } from "@/lib/face/atlas.ts";
import type { Vec3 } from "@/lib/types.ts";

/** In face units. */
export interface Box {
  readonly left: number;
  readonly right: number;
  readonly bottom: number;
  readonly top: number;
  readonly back: number;
}

export const everywhere: Box = { left: -Infinity, right: Infinity, bottom: -Infinity, top: Infinity, back: -Infinity };

/** With this much room around the points, but for what is before them. */
export function boxAround(points: readonly Vec3[], reach: number): Box {
  return { ...flatBoxAround(points, reach), back: Math.min(...points.map(([, , z]) => z)) - reach };
}

/** Likewise, but as deep as can be. */
export function flatBoxAround(points: readonly Vec3[], reach: number): Box {
  const x = points.map(([x]) => x), y = points.map(([, y]) => y);
  return {
    ...everywhere,
    left: Math.min(...x) - reach,
    right: Math.max(...x) + reach,
    bottom: Math.min(...y) - reach,
    top: Math.max(...y) + reach,
  };
}

/** The points of an atlas that are used and lie in the box. */
export function usedWithin(
  { points, used }: Pick<FaceAtlas, "points" | "used">,
  { left, right, bottom, top, back }: Box,
): Uint32Array {
  const found = new Uint32Array(used.length);
  let count = 0;
  for (let k = 0; k < used.length; k++) {
    const i = used[k]!;
    const x = points[3 * i]!, y = points[3 * i + 1]!;
    if (x < left || x > right || y < bottom || y > top || points[3 * i + 2]! < back) continue;
    found[count++] = i;
  }
  return found.subarray(0, count);
}
