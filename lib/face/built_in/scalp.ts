import { distanceBetween, minus, times, vector } from "@/lib/geometry/vectors.ts";
import type { Vec3 } from "@/lib/types.ts";
import { monotoneCurve } from "./curve.ts";
import { COLUMNS, ROWS } from "./grid.ts";
import type { Head } from "./head.ts";

/** Vertices of half a row around the back, its ends not counted twice. */
const BACK_COLUMNS = 9;
const DOME_RINGS = 12;
const CROWN: Vec3 = [0, 11.6, -1.2];
/** Height where the hair ends at the back. */
const NAPE = -7;

/** Where each row crosses the midline at the back: its height, and the depth at that height. */
const backHeight = monotoneCurve([[0, 2.2], [17, -0.8], [50, -4.6], [71, -7.2], [80, -10], [90, -17]]);
const backDepth = monotoneCurve([[-17, -8.2], [-12, -7.3], [-8, -7], [-4, -8.2], [0, -9.4], [2.5, -9.7]]);

/** The back of the head: each row of the sheet goes on around it; above the first row, a dome. */
export function addScalp(head: Head): void {
  const arcs = Array.from({ length: ROWS }, (_, row) => backArc(head, row));
  const nape = arcs.findIndex((_, row) => backHeight(row) <= NAPE);
  head.joinRows(arcs.slice(0, nape + 1));
  head.cover("scalp");
  head.joinRows(arcs.slice(nape));
  head.cover("skin");
  const [ring, below] = [0, 1].map((row) => [
    ...Array.from({ length: 2 * COLUMNS + 1 }, (_, i) => head.sheets.at(i - COLUMNS, row)),
    ...arcs[row]!.slice(1, -1),
  ]) as [number[], number[]];
  addDome(head, ring, below);
  head.cover("scalp");
}

/** Vertices from the right end of a row around the back of the head to its left end. */
function backArc(head: Head, row: number): number[] {
  const { sheets } = head;
  const right = sheets.at(COLUMNS, row);
  const [before, end] = [head.point(sheets.at(COLUMNS - 1, row)), head.point(right)];
  const height = backHeight(row);
  const back: Vec3 = [0, height, backDepth(height)];
  const reach = 1.2 * Math.hypot(end[0], back[2] - end[2]);
  const scale = reach / distanceBetween(end, before);
  const away: Vec3 = [(end[0] - before[0]) * scale, 0, (end[2] - before[2]) * scale];
  const half = Array.from(
    { length: BACK_COLUMNS - 1 },
    (_, k) => hermite([end, away], [back, [-reach, 0, 0]], (k + 1) / BACK_COLUMNS),
  );
  const like = head.like(right);
  return [
    right,
    ...half.map((point) => head.add(point, "scalp", like)),
    head.add(back, "scalp", like),
    ...half.reverse().map(([x, y, z]) => head.add([-x, y, z], "scalp", like)),
    sheets.at(-COLUMNS, row),
  ];
}

/** From a ring around the head up to the crown; `below` is the ring under it, which tells where the skull leads. */
function addDome(head: Head, ring: number[], below: number[]): void {
  const curves = ring.map((v, k) => {
    const [start, before] = [head.point(v), head.point(below[k]!)];
    const span = distanceBetween(CROWN, start);
    const step = distanceBetween(start, before);
    const away = times(minus(start, before), 1.2 * span / step);
    const inwards = 1.3 * span / Math.hypot(CROWN[0] - start[0], CROWN[2] - start[2]);
    const towards: Vec3 = [(CROWN[0] - start[0]) * inwards, 0, (CROWN[2] - start[2]) * inwards];
    return (t: number) => hermite([start, away], [CROWN, towards], t);
  });
  let outer = ring;
  for (let level = 1; level < DOME_RINGS; level++) {
    const inner = curves.map((curve) => head.add(curve(level / DOME_RINGS), "scalp"));
    head.joinRings(inner, outer);
    outer = inner;
  }
  const crown = head.add(CROWN, "scalp");
  head.closeRing([...outer].reverse(), crown);
}

/** Hermite's cubic between two points with their derivatives. */
function hermite([from, away]: readonly [Vec3, Vec3], [to, towards]: readonly [Vec3, Vec3], t: number): Vec3 {
  const [a, b, c, d] = [(1 + 2 * t) * (1 - t) ** 2, t * (1 - t) ** 2, t * t * (3 - 2 * t), t * t * (t - 1)];
  return vector((k) => a * from[k] + b * away[k] + c * to[k] + d * towards[k]);
}
