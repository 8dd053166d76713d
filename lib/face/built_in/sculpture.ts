import { controlPoints } from "./control_points.ts";
import { bump, ramp } from "./curve.ts";
import { lidEdge, MOUTH_Q, type Sheets } from "./grid.ts";
import { symmetricThinPlate } from "./thin_plate.ts";

/** The right eyeball: a sphere, centimeters. */
export const eyeball = { x: 3.15, y: 0, z: 6.88, radius: 1.22 } as const;

/** Skin of the lids over the eyeball, centimeters. */
const LID_THICKNESS = 0.15;

type Point = [x: number, y: number, z: number];

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

interface Site {
  readonly p: number;
  readonly q: number;
  readonly side: number;
  readonly ring: number;
}

/** Depth of the lids' skin in front of the eyeball's center: a sphere that goes over into a cone at the corners. */
export function lidShell(x: number, y: number): number {
  const radius = eyeball.radius + LID_THICKNESS;
  const [dx, dy] = [x - eyeball.x, y - eyeball.y];
  const distance = Math.hypot(dx, dy);
  const knee = 0.65 * radius;
  const sphere = (d: number) => Math.sqrt(radius * radius - d * d);
  const depth = distance < knee ? sphere(distance) : sphere(knee) - (distance - knee) * knee / sphere(knee);
  return eyeball.z + depth - 0.08 * dx - 1.2 * Math.max(0, dx - 0.8) ** 2;
}

/** How a vertex of the lids lies over the eyeball; nothing for vertices elsewhere. For p ≥ 0. */
export function lidAt({ p, q, side }: Pick<Site, "p" | "q" | "side">): Lid | undefined {
  const [from, to] = [1.05, 5.2];
  if (p < from || p > to || Math.abs(q) > 2) return undefined;
  const above = side > 0 || (side === 0 && q > lidEdge(p, 0));
  const distance = Math.max(0, above ? q - lidEdge(p, 1) : lidEdge(p, -1) - q);
  const across = ramp(p, from, 1.85) * (1 - ramp(p, 4.45, to));
  const cover = across * (1 - (above ? ramp(distance, 0.18, 0.85) : ramp(distance, 0.05, 1.3)));
  return { above, distance, across, cover };
}

interface Lid {
  readonly above: boolean;
  /** From the lid's edge, in sheet coordinates. */
  readonly distance: number;
  /** 1 between the eye's corners, 0 beyond. */
  readonly across: number;
  /** How much the skin follows the eyeball, 0 to 1. */
  readonly cover: number;
}

function coverEyeball(point: Point, site: Site): void {
  const lid = lidAt(site);
  if (!lid) return;
  const shell = lidShell(point[0], point[1]) - point[2];
  point[2] += lid.above ? shell * lid.cover : lid.across * atLeastZero(shell, 0.12);
  if (lid.above) point[2] -= 0.13 * lid.across * bump((lid.distance - 0.4) / 0.22);
  if (site.ring > 0) { // the lid's edge turns in to the eyeball
    point[2] -= 0.2;
    point[1] += site.side * 0.02;
  }
}

/** The greater of the value and 0, rounded off over this width. */
function atLeastZero(value: number, width: number): number {
  return (value + Math.sqrt(value * value + width * width)) / 2;
}

function partLips(point: Point, { p, q, side, ring }: Site): void {
  const distance = Math.abs(q - MOUTH_Q);
  if (p > 3 || distance > 1) return;
  const across = 1 - ramp(p, 1.8, 2.55);
  point[2] -= 0.3 * across * Math.exp(-distance / 0.13);
  if (ring > 0) {
    point[2] -= [0, 0.25, 0.6][ring]!;
    point[1] += side * [0, 0.02, 0.08][ring]!;
  }
}

function carveNostril(point: Point, { p, q }: Site): void {
  const depth = bump(Math.hypot((p - 0.78) / 0.5, (q + 4.72) / 0.42));
  point[1] += 0.65 * depth;
  point[2] -= 0.15 * depth;
}

/** The crease around the nose's wing, in sheet coordinates. */
const wingCrease = [[1, -2.95], [1.5, -3.05], [1.85, -3.35], [2, -3.8], [1.98, -4.3], [1.8, -4.8]] as const;

function shapeWing(point: Point, { p, q }: Site): void {
  if (p > 2.8 || q > -2 || q < -5.6) return;
  const swell = bump(Math.hypot((p - 1.45) / 0.65, (q + 3.85) / 0.85));
  point[0] += 0.12 * swell;
  point[2] += 0.06 * swell;
  let distance = Infinity;
  for (let k = 0; k + 1 < wingCrease.length; k++) {
    const [[ap, aq], [bp, bq]] = [wingCrease[k]!, wingCrease[k + 1]!];
    const along = ((p - ap) * (bp - ap) + (q - aq) * (bq - aq)) / ((bp - ap) ** 2 + (bq - aq) ** 2);
    const t = Math.min(1, Math.max(0, along));
    distance = Math.min(distance, Math.hypot(p - ap - t * (bp - ap), q - aq - t * (bq - aq)));
  }
  const depth = bump(distance / 0.42) * ramp(p, 0.9, 1.5);
  point[0] -= 0.06 * depth;
  point[2] -= 0.2 * depth;
}
