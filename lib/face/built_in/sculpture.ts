import { controlPoints } from "./control_points.ts";
import { distanceToLine } from "@/lib/geometry/polyline.ts";
import { smoothstep } from "@/lib/geometry/smoothstep.ts";
import { bump } from "./curve.ts";
import { MOUTH_Q, type MovablePoint, type Sheets, type Site } from "./grid.ts";
import { coverEyeball } from "./lids.ts";
import { symmetricThinPlate } from "./thin_plate.ts";

/** Positions of the sheet's vertices, [vertexCount, 3]. */
export function sculpt(sheets: Sheets): Float64Array {
  const base = symmetricThinPlate(controlPoints);
  const positions = new Float64Array(sheets.p.length * 3);
  for (let v = 0; v < sheets.p.length; v++) {
    const p = sheets.p[v]!;
    if (p < 0) continue;
    const site = { p, q: sheets.q[v]!, side: sheets.side[v]!, ring: sheets.ring[v]! };
    const point = base(p, site.q);
    coverEyeball(point, site);
    partLips(point, site);
    carveNostril(point, site);
    shapeWing(point, site);
    const m = sheets.mirror[v]! * 3;
    positions.set([-point[0], point[1], point[2]], m);
    positions.set(point, v * 3);
  }
  return positions;
}

/** Draws the line between the lips, and turns their inner edges into the mouth. */
function partLips(point: MovablePoint, { p, q, side, ring }: Site): void {
  const distance = Math.abs(q - MOUTH_Q);
  if (p > 3 || distance > 1) return;
  const across = 1 - smoothstep(1.8, 2.55, p);
  point[2] -= 0.3 * across * Math.exp(-distance / 0.13);
  if (ring > 0) {
    point[2] -= ring === 1 ? 0.25 : 0.6;
    point[1] += side * (ring === 1 ? 0.02 : 0.08);
  }
}

function carveNostril(point: MovablePoint, { p, q }: Site): void {
  const depth = bump(Math.hypot((p - 0.78) / 0.5, (q + 4.72) / 0.42));
  point[1] += 0.65 * depth;
  point[2] -= 0.15 * depth;
}

/** The crease around the nose's wing, in sheet coordinates. */
const wingCrease = [[1, -2.95], [1.5, -3.05], [1.85, -3.35], [2, -3.8], [1.98, -4.3], [1.8, -4.8]] as const;

function shapeWing(point: MovablePoint, { p, q }: Site): void {
  if (p > 2.8 || q > -2 || q < -5.6) return;
  const swell = bump(Math.hypot((p - 1.45) / 0.65, (q + 3.85) / 0.85));
  point[0] += 0.12 * swell;
  point[2] += 0.06 * swell;
  const depth = bump(distanceToLine([p, q], wingCrease) / 0.42) * smoothstep(0.9, 1.5, p);
  point[0] -= 0.06 * depth;
  point[2] -= 0.2 * depth;
}
