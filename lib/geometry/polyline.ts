import { clamp } from "@/lib/numbers.ts";

/** Lines through points of the plane; points in space are seen from the front: their z is passed over. */
type Point = readonly [x: number, y: number, ...rest: number[]];

/** From a point to the nearest of a line through points. */
export function distanceToLine([x, y]: Point, line: readonly Point[]): number {
  let nearest = Infinity;
  for (let i = 0; i + 1 < line.length; i++) {
    const [[ax, ay], [bx, by]] = [line[i]!, line[i + 1]!];
    const squared = (bx - ax) ** 2 + (by - ay) ** 2;
    const along = squared > 0 ? ((x - ax) * (bx - ax) + (y - ay) * (by - ay)) / squared : 0;
    const t = clamp(along, 0, 1);
    nearest = Math.min(nearest, Math.hypot(x - (ax + t * (bx - ax)), y - (ay + t * (by - ay))));
  }
  return nearest;
}

/** From a point to the nearest of a polygon's outline, negative inside. */
export function distanceToPolygon([x, y]: Point, polygon: readonly Point[]): number {
  let inside = false;
  for (let i = 0, j = polygon.length - 1; i < polygon.length; j = i++) {
    const [[ax, ay], [bx, by]] = [polygon[i]!, polygon[j]!];
    if ((ay > y) !== (by > y) && x < (bx - ax) * (y - ay) / (by - ay) + ax) inside = !inside;
  }
  const distance = distanceToLine([x, y], [...polygon, polygon[0]!]);
  return inside ? -distance : distance;
}
