import { ramp } from "./curve.ts";
import type { Brush, Painter } from "./field.ts";
import { EYE_COLUMNS, EYE_ROW, MOUTH_Q, type Sheets } from "./grid.ts";
import type { Head, PartName } from "./parts.ts";
import { eyeball, lidAt, lidShell } from "./sculpture.ts";

export interface Expression {
  /** As ARKit names it where it has the same. */
  readonly name: string;
  /** [vertexCount, 3], the change from rest to fully made. */
  readonly mode: Float32Array;
}

const both = "mirrored";

/** Expressions of the left side of the subject, which is the image's right; each is mirrored for the other side. */
const oneSided: Readonly<Record<string, readonly Brush[]>> = {
  browDown: [
    { at: [1.9, 2.4, 9.2], reach: [2.6, 1.8, 3], move: [-0.3, -0.5, 0.08] },
    { at: [3.8, 2.6, 8.4], reach: [2.4, 1.7, 3], move: [-0.1, -0.25, 0] },
  ],
  browOuterUp: [{ at: [4.2, 2.7, 8.1], reach: [2.4, 2.2, 3], move: [0, 0.65, -0.05] }],
  mouthSmile: [
    { at: [2.6, -6.9, 8.4], reach: [2.4, 2, 3], move: [0.5, 0.62, -0.3] },
    { at: [1.3, -6.2, 9.7], reach: [1.9, 1.2, 3], move: [0.1, 0.12, -0.1], lip: "upper" },
    { at: [1.3, -7.3, 9.5], reach: [1.9, 1.4, 3], move: [0.1, 0.1, -0.1], lip: "lower" },
    { at: [4.3, -3, 7.6], reach: [2.4, 2, 3], move: [0.1, 0.35, 0.3] },
  ],
  mouthFrown: [{ at: [2.5, -7, 8.4], reach: [2.2, 1.8, 3], move: [0.1, -0.55, 0] }],
  mouthStretch: [{ at: [2.5, -7.1, 8.4], reach: [2.8, 2.6, 3.4], move: [0.55, -0.2, -0.35] }],
  noseSneer: [
    { at: [1.5, -3.7, 9.3], reach: [1.8, 1.8, 2.4], move: [0.08, 0.4, 0.05] },
    { at: [1.2, -5.8, 9.8], reach: [1.8, 1.3, 2.4], move: [0, 0.3, 0.05], lip: "upper" },
  ],
  mouthUpperUp: [{ at: [1.2, -6.3, 9.9], reach: [2, 1.5, 2.6], move: [0, 0.45, 0.05], lip: "upper" }],
  mouthLowerDown: [{ at: [1.2, -7.3, 9.7], reach: [2, 1.6, 2.6], move: [0, -0.45, -0.05], lip: "lower" }],
};

const whole: Readonly<Record<string, readonly Brush[]>> = {
  browInnerUp: [{ at: [1.3, 2.5, 9.3], reach: [2.3, 2.4, 3], move: [0.05, 0.55, 0], other: both }],
  cheekPuff: [{ at: [4.3, -5.6, 6.9], reach: [3, 3.2, 3.2], move: [0.55, 0, 0.6], other: both }],
  mouthPucker: [
    { at: [2.5, -6.9, 8.4], reach: [2.6, 2.2, 3], move: [-1, 0, 0.6], other: both },
    { at: [0, -6.8, 9.9], reach: [2, 1.8, 3], move: [0, 0, 0.45] },
  ],
  mouthLeft: [{ at: [0, -7, 9.6], reach: [4.6, 3, 4], move: [0.7, 0, 0] }],
  mouthRight: [{ at: [0, -7, 9.6], reach: [4.6, 3, 4], move: [-0.7, 0, 0] }],
};

export function expressions(head: Head, sheets: Sheets, painter: Painter): Expression[] {
  const list: Expression[] = [];
  for (const [name, brushes] of Object.entries(whole)) list.push({ name, mode: painter.paint(brushes) });
  const mirror = (mode: Float32Array) => mirrorMode(head, sheets, mode);
  for (const [name, brushes] of Object.entries(oneSided)) {
    const left = painter.paint(brushes);
    const right = painter.paint(brushes.map(mirrorBrush));
    list.push({ name: `${name}_L`, mode: left }, { name: `${name}_R`, mode: right });
  }
  for (const [name, move] of [["eyeBlink", blink], ["eyeWide", wide], ["eyeSquint", squint]] as const) {
    const left = moveLids(head, sheets, move);
    list.push({ name: `${name}_L`, mode: left }, { name: `${name}_R`, mode: mirror(left) });
  }
  list.push({ name: "jawOpen", mode: openJaw(head, sheets) });
  for (const [name, pitch, yaw] of [["Up", -22, 0], ["Down", 22, 0], ["Left", 0, 28], ["Right", 0, -28]] as const) {
    list.push({ name: `eyeLook${name}`, mode: turnEyes(head, pitch * Math.PI / 180, yaw * Math.PI / 180) });
  }
  return list;
}

function mirrorBrush({ at, move = [0, 0, 0], ...rest }: Brush): Brush {
  return { ...rest, at: [-at[0], at[1], at[2]], move: [-move[0], move[1], move[2]] };
}

/** The same on the other side, for modes that move only the sheet and the sockets. */
function mirrorMode(head: Head, sheets: Sheets, mode: Float32Array): Float32Array {
  const out = new Float32Array(mode.length);
  const mirror = (v: number) => v < sheets.mirror.length ? sheets.mirror[v]! : head.mirrorOf(v);
  for (let v = 0; v < mode.length / 3; v++) {
    if (mode[3 * v] === 0 && mode[3 * v + 1] === 0 && mode[3 * v + 2] === 0) continue;
    const m = mirror(v);
    out[3 * m] = -mode[3 * v]!;
    out[3 * m + 1] = mode[3 * v + 1]!;
    out[3 * m + 2] = mode[3 * v + 2]!;
  }
  return out;
}

/** How far the edges of the upper and the lower lid move, as shares of the opening, upwards. */
interface LidMove {
  readonly upper: number;
  readonly lower: number;
  /** How far the lower lid's edge goes in under the upper one's, centimeters. */
  readonly tuck?: number;
}

const blink: LidMove = { upper: -0.9, lower: 0.13, tuck: 0.05 };
const wide: LidMove = { upper: 0.28, lower: -0.06 };
const squint: LidMove = { upper: -0.14, lower: 0.32 };

/** Slides the lids of the image's right eye over the eyeball. */
function moveLids(head: Head, sheets: Sheets, { upper, lower, tuck = 0 }: LidMove): Float32Array {
  const mode = new Float32Array(head.positions.length);
  const openings = new Map<number, number>(); // of each column
  for (let column = EYE_COLUMNS[0]; column <= EYE_COLUMNS[1]; column++) {
    const [top, bottom] = [sheets.at(column, EYE_ROW, 1), sheets.at(column, EYE_ROW, -1)];
    openings.set(sheets.p[top]!, head.point(top)[1] - head.point(bottom)[1]);
  }
  for (let v = 0; v < sheets.p.length; v++) {
    const site = { p: sheets.p[v]!, q: sheets.q[v]!, side: sheets.side[v]! };
    const lid = lidAt(site);
    const opening = openings.get(site.p);
    if (!lid || !opening) continue;
    const share = lid.above ? upper * (1 - ramp(lid.distance, 0, 1.25)) : lower * (1 - ramp(lid.distance, 0, 1.1));
    const [x, y, z] = head.point(v);
    const rise = opening * share;
    mode[3 * v + 1] = rise;
    const shell = lidShell(x, y + rise) - z;
    const onto = Math.max((shell + z - lidShell(x, y)) * lid.cover, lid.across * shell);
    const under = lid.above || tuck === 0 ? 0 : lid.across * (1 - ramp(lid.distance, 0, 0.35));
    mode[3 * v + 2] = onto + (shell - tuck - onto) * under;
  }
  const [edge, ...inside] = [...sheets.openings.rightEye, head.sockets.rightEye];
  for (const ring of inside) ring.forEach((v, k) => mode.copyWithin(3 * v, 3 * edge[k]!, 3 * edge[k]! + 3));
  return mode;
}

const jawAxis = { y: -1.6, z: 0.4 };
const JAW_ANGLE = 20 * Math.PI / 180;
const MOUTH_CORNER = 2.5;

/** How much a point of the sheet goes with the lower jaw. */
function jawShare(p: number, q: number, side: number): number {
  const outwards = Math.min(1, Math.abs(p) / MOUTH_CORNER);
  const below = q < MOUTH_Q || (q === MOUTH_Q && side < 0);
  const edge = below ? 1 - 0.58 * outwards ** 3 : 0.42 * outwards ** 3; // at the height of the mouth
  const share = below ? edge + (1 - edge) * ramp(MOUTH_Q - q, 0, 2.6) : edge * (1 - ramp(q - MOUTH_Q, 0, 3.2));
  const neck = 1 - ramp(-q, 11.5, 18);
  const ramus = 1 - ramp(Math.abs(p), 6, 13);
  return share * neck * ramus;
}

function openJaw(head: Head, sheets: Sheets): Float32Array {
  const [c, s] = [Math.cos(JAW_ANGLE), Math.sin(JAW_ANGLE)];
  const mode = new Float32Array(head.positions.length);
  head.parts.forEach((part, v) => {
    const share = jawShareOf(part, v, head, sheets);
    if (share === 0) return;
    const [, y, z] = head.point(v);
    const [dy, dz] = [y - jawAxis.y, z - jawAxis.z];
    mode[3 * v + 1] = share * (c * dy - s * dz - dy);
    mode[3 * v + 2] = share * (s * dy + c * dz - dz);
  });
  return mode;
}

function jawShareOf(part: PartName, v: number, head: Head, sheets: Sheets): number {
  if (part === "lowerTeeth") return 1;
  if (part === "mouthCavity") return jawShare(head.point(v)[0], MOUTH_Q, head.side[v]!);
  return v < sheets.p.length ? jawShare(sheets.p[v]!, sheets.q[v]!, sheets.side[v]!) : 0;
}

/** Turns both eyeballs: a positive pitch looks down, a positive yaw to the image's right. */
function turnEyes(head: Head, pitch: number, yaw: number): Float32Array {
  const mode = new Float32Array(head.positions.length);
  const [cp, sp, cy, sy] = [Math.cos(pitch), Math.sin(pitch), Math.cos(yaw), Math.sin(yaw)];
  head.parts.forEach((part, v) => {
    if (part !== "leftEyeball" && part !== "rightEyeball") return;
    const [px, py, pz] = head.point(v);
    const [x, y, z] = [px - (part === "leftEyeball" ? -1 : 1) * eyeball.x, py - eyeball.y, pz - eyeball.z];
    const [y1, z1] = [cp * y - sp * z, sp * y + cp * z];
    mode.set([cy * x + sy * z1 - x, y1 - y, -sy * x + cy * z1 - z], 3 * v);
  });
  return mode;
}
