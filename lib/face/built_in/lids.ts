import { smoothstep } from "@/lib/geometry/smoothstep.ts";
import { bump } from "./curve.ts";
import { lidEdge, type MovablePoint, type Site } from "./grid.ts";

/** The right eyeball: a sphere, centimeters. */
export const eyeball = { x: 3, y: 0, z: 6.88, radius: 1.22 } as const;

/** Skin of the lids over the eyeball, centimeters. */
const LID_THICKNESS = 0.15;

/** Depth of the lids' skin over the right eyeball: a sphere that goes over into a cone at the corners of the eye. */
export function lidShell(x: number, y: number): number {
  const radius = eyeball.radius + LID_THICKNESS;
  const [dx, dy] = [x - eyeball.x, y - eyeball.y];
  const distance = Math.hypot(dx, dy);
  const knee = 0.65 * radius;
  const sphere = (d: number) => Math.sqrt(radius * radius - d * d);
  const depth = distance < knee ? sphere(distance) : sphere(knee) - (distance - knee) * knee / sphere(knee);
  return eyeball.z + depth - 0.08 * dx - 1.2 * Math.max(0, dx - 0.8) ** 2;
}

export interface Lid {
  readonly above: boolean;
  /** From the lid's edge, in sheet coordinates. */
  readonly distance: number;
  /** 1 between the eye's corners, 0 beyond. */
  readonly across: number;
  /** How much the skin follows the eyeball, 0 to 1. */
  readonly cover: number;
}

/** How a vertex of the lids lies over the eyeball; nothing for vertices elsewhere. For p ≥ 0. */
export function lidAt({ p, q, side }: Omit<Site, "ring">): Lid | undefined {
  const [from, to] = [1.05, 5.2];
  if (p < from || p > to || Math.abs(q) > 2) return undefined;
  const above = side > 0 || (side === 0 && q > lidEdge(p, 0));
  const distance = Math.max(0, above ? q - lidEdge(p, 1) : lidEdge(p, -1) - q);
  const across = smoothstep(from, 1.85, p) * (1 - smoothstep(4.45, to, p));
  const cover = across * (1 - (above ? smoothstep(0.18, 0.85, distance) : smoothstep(0.05, 1.3, distance)));
  return { above, distance, across, cover };
}

/** Lays the lids over the eyeball. */
export function coverEyeball(point: MovablePoint, site: Site): void {
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
