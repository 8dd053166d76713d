import { smoothstep } from "@/lib/geometry/smoothstep.ts";
import type { Vec3 } from "@/lib/types.ts";
import type { Brush, Painter } from "./field.ts";
import { EYE_COLUMNS, EYE_ROW, MOUTH_Q } from "./grid.ts";
import type { Head } from "./head.ts";
import { eyeball, lidAt, lidShell } from "./lids.ts";
import { DEGREE } from "@/lib/geometry/transforms.ts";

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
    { at: [2.6, -6.9, 8.4], reach: [2.6, 2.1, 3], move: [0.55, 0.68, -0.4] },
    { at: [1.2, -6.1, 9.8], reach: [2.4, 1.4, 3], move: [0.12, 0.26, -0.15], lip: "upper" },
    { at: [1.3, -7.4, 9.5], reach: [2, 1.4, 3], move: [0.12, 0.2, -0.12], lip: "lower" },
    { at: [4.2, -2.9, 7.6], reach: [2.5, 2, 3], move: [0.12, 0.4, 0.35] }, // the cheek rises
    { at: [2.6, -4.7, 8.6], reach: [0.9, 1.6, 2], move: [0, 0, -0.18] }, // and folds towards the nose
    { at: [1.6, -4, 9.2], reach: [1, 1.1, 1.6], move: [0.14, 0.06, 0] },
  ],
  mouthFrown: [{ at: [2.5, -7, 8.4], reach: [2.2, 1.8, 3], move: [0.1, -0.55, 0] }],
  mouthStretch: [{ at: [2.5, -7.1, 8.4], reach: [2.8, 2.6, 3.4], move: [0.55, -0.2, -0.35] }],
  noseSneer: [
    { at: [1.5, -3.7, 9.3], reach: [1.8, 1.8, 2.4], move: [0.08, 0.4, 0.05] },
    { at: [1.2, -5.8, 9.8], reach: [1.8, 1.3, 2.4], move: [0, 0.3, 0.05], lip: "upper" },
  ],
  cheekSquint: [{ at: [4.1, -2.4, 7.7], reach: [2.4, 2.2, 3], move: [0, 0.45, 0.25] }],
  mouthUpperUp: [{ at: [1.2, -6.3, 9.9], reach: [2, 1.5, 2.6], move: [0, 0.45, 0.05], lip: "upper" }],
  mouthLowerDown: [{ at: [1.2, -7.3, 9.7], reach: [2, 1.6, 2.6], move: [0, -0.45, -0.05], lip: "lower" }],
};

const whole: Readonly<Record<string, readonly Brush[]>> = {
  browInnerUp: [{ at: [1.3, 2.5, 9.3], reach: [2.3, 2.4, 3], move: [0.05, 0.55, 0], other: both }],
  cheekPuff: [
    { at: [4.6, -5.6, 6.7], reach: [4.4, 4.2, 4.4], move: [0.75, 0, 0.6], other: both },
    { at: [0, -6.8, 10], reach: [2.6, 2, 3], move: [0, 0, 0.12] },
  ],
  mouthPucker: [
    { at: [2.5, -6.9, 8.4], reach: [2.8, 2.4, 3], move: [-0.8, 0, 0.5], other: both },
    { at: [0, -6.8, 9.9], reach: [2.2, 2, 3], move: [0, 0, 0.5] },
  ],
  mouthFunnel: [
    { at: [2.5, -6.9, 8.4], reach: [2.8, 2.4, 3], move: [-0.45, 0, 0.4], other: both },
    { at: [0, -6.2, 10], reach: [2.2, 1.6, 3], move: [0, 0.4, 0.5], lip: "upper" },
    { at: [0, -7.3, 10], reach: [2.2, 1.7, 3], move: [0, -0.45, 0.5], lip: "lower" },
  ],
  mouthLeft: [{ at: [0, -7, 9.6], reach: [4.6, 3, 4], move: [0.7, 0, 0] }],
  mouthRight: [{ at: [0, -7, 9.6], reach: [4.6, 3, 4], move: [-0.7, 0, 0] }],
};

/** All expressions, those of one side as two: `_L` and `_R` for the person's sides. */
export function expressions(head: Head, painter: Painter): Expression[] {
  const list: Expression[] = jawModes(head);
  for (const [name, brushes] of Object.entries(whole)) list.push({ name, mode: painter.paint(brushes) });
  for (const [name, brushes] of Object.entries(oneSided)) {
    list.push({ name: `${name}_L`, mode: painter.paint(brushes) });
    list.push({ name: `${name}_R`, mode: painter.paint(brushes.map(mirrorBrush)) });
  }
  for (const [name, move] of [["eyeBlink", blink], ["eyeWide", wide], ["eyeSquint", squint]] as const) {
    const left = moveLids(head, move);
    list.push({ name: `${name}_L`, mode: left }, { name: `${name}_R`, mode: mirrorLids(head, left) });
  }
  for (const [name, pitch, yaw] of gazes) {
    list.push({ name: `${name}_L`, mode: turnEye(head, "rightEyeball", [pitch, yaw]) });
    list.push({ name: `${name}_R`, mode: turnEye(head, "leftEyeball", [pitch, -yaw]) });
  }
  return list;
}

function mirrorBrush({ at, move = [0, 0, 0], ...rest }: Brush): Brush {
  return { ...rest, at: [-at[0], at[1], at[2]], move: [-move[0], move[1], move[2]] };
}

/** The axis through both joints of the jaw. */
const jawAxis = { y: -1.6, z: 0.4 };
const JAW_ANGLE = 20 * DEGREE;
const MOUTH_CORNER = 2.5;

/** How much a point of the sheet goes with the lower jaw. */
function jawShare(p: number, q: number, side: number): number {
  const outwards = Math.min(1, Math.abs(p) / MOUTH_CORNER);
  const below = q < MOUTH_Q || (q === MOUTH_Q && side < 0);
  const edge = below ? 1 - 0.58 * outwards ** 3 : 0.42 * outwards ** 3; // at the height of the mouth
  const share = below
    ? edge + (1 - edge) * smoothstep(0, 2.6, MOUTH_Q - q)
    : edge * (1 - smoothstep(0, 3.2, q - MOUTH_Q));
  const neck = 1 - smoothstep(11.5, 18, -q);
  const ramus = 1 - smoothstep(5, 14, Math.abs(p));
  return share * neck * ramus;
}

/** [vertexCount], how much each vertex goes with the lower jaw. */
function jawShares(head: Head): Float64Array {
  const { sheets } = head;
  return Float64Array.from(head.parts, (part, v) => {
    if (part === "lowerJaw") return 1;
    if (part === "mouthCavity") return jawShare(head.point(v)[0], MOUTH_Q, head.side[v]!);
    return v < sheets.p.length ? jawShare(sheets.p[v]!, sheets.q[v]!, sheets.side[v]!) : 0;
  });
}

/** The jaw's expressions, as ARKit names them. */
function jawModes(head: Head): Expression[] {
  const shares = jawShares(head);
  const [c, s] = [Math.cos(JAW_ANGLE), Math.sin(JAW_ANGLE)];
  const open = ([, y, z]: Vec3): Vec3 => {
    const [dy, dz] = [y - jawAxis.y, z - jawAxis.z];
    return [0, c * dy - s * dz - dy, s * dy + c * dz - dz];
  };
  const mode = (move: (point: Vec3) => Vec3) => {
    const out = new Float32Array(head.positions.length);
    shares.forEach((share, v) => {
      if (share > 0) out.set(move(head.point(v)).map((change) => share * change), 3 * v);
    });
    return out;
  };
  return [
    { name: "jawOpen", mode: mode(open) },
    { name: "jawLeft", mode: mode(() => [0.7, 0, 0]) },
    { name: "jawRight", mode: mode(() => [-0.7, 0, 0]) },
    { name: "jawForward", mode: mode(() => [0, 0, 0.6]) },
  ];
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
function moveLids(head: Head, { upper, lower, tuck = 0 }: LidMove): Float32Array {
  const { sheets } = head;
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
    const share = lid.above
      ? upper * (1 - smoothstep(0, 1.25, lid.distance))
      : lower * (1 - smoothstep(0, 1.1, lid.distance));
    const [x, y, z] = head.point(v);
    const rise = opening * share;
    mode[3 * v + 1] = rise;
    const shell = lidShell(x, y + rise) - z;
    const onto = Math.max((shell + z - lidShell(x, y)) * lid.cover, lid.across * shell);
    const under = lid.above || tuck === 0 ? 0 : lid.across * (1 - smoothstep(0, 0.35, lid.distance));
    mode[3 * v + 2] = onto + (shell - tuck - onto) * under;
  }
  const [edge, ...inside] = [...sheets.openings.rightEye, head.sockets.rightEye];
  for (const ring of inside) ring.forEach((v, k) => mode.copyWithin(3 * v, 3 * edge[k]!, 3 * edge[k]! + 3));
  return mode;
}

/** The same for the other eye. */
function mirrorLids(head: Head, mode: Float32Array): Float32Array {
  const { sheets } = head;
  const out = new Float32Array(mode.length);
  for (let v = 0; v < mode.length / 3; v++) {
    if (mode[3 * v] === 0 && mode[3 * v + 1] === 0 && mode[3 * v + 2] === 0) continue;
    const m = v < sheets.mirror.length ? sheets.mirror[v]! : head.mirroredSocket(v);
    out[3 * m] = -mode[3 * v]!;
    out[3 * m + 1] = mode[3 * v + 1]!;
    out[3 * m + 2] = mode[3 * v + 2]!;
  }
  return out;
}

/** Turns of the subject's left eye: pitch down and yaw to the image's right, radians. */
const gazes = [
  ["eyeLookUp", -22 * DEGREE, 0],
  ["eyeLookDown", 25 * DEGREE, 0],
  ["eyeLookIn", 0, -28 * DEGREE],
  ["eyeLookOut", 0, 28 * DEGREE],
] as const;

/** Turns an eyeball as far as one rotation goes; in between it moves straight. */
function turnEye(head: Head, eye: "leftEyeball" | "rightEyeball", [pitch, yaw]: [number, number]): Float32Array {
  const mode = new Float32Array(head.positions.length);
  const [cp, sp, cy, sy] = [Math.cos(pitch), Math.sin(pitch), Math.cos(yaw), Math.sin(yaw)];
  head.parts.forEach((part, v) => {
    if (part !== eye) return;
    const [px, py, pz] = head.point(v);
    const [x, y, z] = [px - (eye === "leftEyeball" ? -1 : 1) * eyeball.x, py - eyeball.y, pz - eyeball.z];
    const [y1, z1] = [cp * y - sp * z, sp * y + cp * z];
    mode.set([cy * x + sy * z1 - x, y1 - y, -sy * x + cy * z1 - z], 3 * v);
  });
  return mode;
}
