import { NearestPoints } from "@/lib/geometry/nearest_points.ts";
import { alignPoints3D, type Similarity3D, transformPoints3D, unmoved } from "@/lib/geometry/procrustes.ts";
import { distanceBetween, pointAt } from "@/lib/geometry/vectors.ts";

const ROUNDS = 50;
/** As many points are enough to align by. */
const ALIGNED_BY = 2000;
/** Share of the sum of squared distances that a round must at least take off it to be worth another. */
const SETTLED = 1e-3;

/**
 * Brings points near to a surface's, of which no two are known to belong together: turned, scaled and shifted again and
 * again, each time so that they come nearest to those that are the nearest then (iterative closest points; Besl and McKay,
 * PAMI 1992). Both are [n, 3]; they should lie near each other from the beginning. Throws a RangeError where they leave the
 * rotation open.
 */
export function alignByNearest(from: Float32Array, to: Float32Array, target = new NearestPoints(to)): Similarity3D {
  const step = Math.max(1, Math.floor(from.length / 3 / ALIGNED_BY));
  const some = from.filter((_, i) => Math.floor(i / 3) % step === 0);
  let placement = unmoved;
  let before = Infinity;
  for (let round = 0; round < ROUNDS; round++) {
    const placed = transformPoints3D(some, placement);
    const partners = new Float32Array(some.length);
    let sum = 0;
    for (let i = 0; i < placed.length; i += 3) {
      const partner = pointAt(to, target.nearest(placed[i]!, placed[i + 1]!, placed[i + 2]!));
      partners.set(partner, i);
      sum += distanceBetween(pointAt(placed, i / 3), partner) ** 2;
    }
    if (sum >= before * (1 - SETTLED)) break;
    before = sum;
    placement = alignPoints3D(some, partners);
  }
  return placement;
}

/** The distance of points from the nearest of others, mean; both are [n, 3]. */
export function meanDistance(points: Float32Array, to: Float32Array, target = new NearestPoints(to)): number {
  let sum = 0;
  for (let v = 0; v < points.length / 3; v++) {
    const point = pointAt(points, v);
    sum += distanceBetween(point, pointAt(to, target.nearest(...point)));
  }
  return 3 * sum / points.length;
}
