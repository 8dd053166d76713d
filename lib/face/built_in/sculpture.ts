import { controlPoints } from "./control_points.ts";
import { bump, ramp } from "./curve.ts";
import { lidEdge, type Sheets } from "./grid.ts";
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
    raiseEar(point, site);
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
  const knee = 0.75 * radius;
  const sphere = (d: number) => Math.sqrt(radius * radius - d * d);
  const depth = distance < knee ? sphere(distance) : sphere(knee) - (distance - knee) * knee / sphere(knee);
  return eyeball.z + depth - 0.16 * dx;
}

/** How a vertex of the lids lies over the eyeball; nothing for vertices elsewhere. For p ≥ 0. */
export function lidAt({ p, q, side }: Pick<Site, "p" | "q" | "side">): Lid | undefined {
  const [from, to] = [1.25, 5.2];
  if (p < from || p > to || Math.abs(q) > 2) return undefined;
  const above = side > 0 || (side === 0 && q > lidEdge(p, 0));
  const distance = Math.max(0, above ? q - lidEdge(p, 1) : lidEdge(p, -1) - q);
  const across = ramp(p, from, 1.75) * (1 - ramp(p, 4.45, to));
  const cover = across * (1 - (above ? ramp(distance, 0.18, 0.85) : ramp(distance, 0.1, 1)));
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
  point[2] += (lidShell(point[0], point[1]) - point[2]) * lid.cover;
  if (lid.above) point[2] -= 0.13 * lid.across * bump((lid.distance - 0.4) / 0.22);
  if (site.ring > 0) { // the lid's edge turns in to the eyeball
    point[2] -= 0.2;
    point[1] += site.side * 0.02;
  }
}

function partLips(point: Point, { p, q, side, ring }: Site): void {
  const distance = Math.abs(q + 7.3);
  if (p > 3 || distance > 1) return;
  const across = 1 - ramp(p, 2.1, 2.9);
  point[2] -= 0.28 * across * Math.exp(-distance / 0.13);
  if (ring > 0) {
    point[2] -= [0, 0.3, 0.75][ring]!;
    point[1] += side * [0, 0.02, 0.08][ring]!;
  }
}

function carveNostril(point: Point, { p, q }: Site): void {
  const depth = bump(Math.hypot((p - 0.92) / 0.5, (q + 4.65) / 0.42));
  point[1] += 0.6 * depth;
  point[2] -= 0.1 * depth;
}

function raiseEar(_point: Point, _site: Site): void {}
