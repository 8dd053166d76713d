import { smoothstep } from "@/lib/geometry/smoothstep.ts";
import { EYE_COLUMNS, EYE_ROW } from "./grid.ts";
import type { Head } from "./head.ts";
import { eyeball, lidAt, lidShell } from "./lids.ts";

/** How far the edges of the upper and the lower lid move, as shares of the opening, upwards. */
export interface LidMove {
  readonly upper: number;
  readonly lower: number;
  /** How far the lower lid's edge goes in under the upper one's, centimeters. */
  readonly tuck?: number;
}

export const blink: LidMove = { upper: -0.9, lower: 0.13, tuck: 0.05 };
export const wide: LidMove = { upper: 0.28, lower: -0.06 };
export const squint: LidMove = { upper: -0.14, lower: 0.32 };

/** Slides the lids of the image's right eye over the eyeball. */
export function moveLids(head: Head, { upper, lower, tuck = 0 }: LidMove): Float32Array {
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
export function mirrorLids(head: Head, mode: Float32Array): Float32Array {
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

const DEGREE = Math.PI / 180;

/** Turns of the subject's left eye: pitch down and yaw to the image's right, radians. */
export const gazes = [
  ["eyeLookUp", -22 * DEGREE, 0],
  ["eyeLookDown", 25 * DEGREE, 0],
  ["eyeLookIn", 0, -28 * DEGREE],
  ["eyeLookOut", 0, 28 * DEGREE],
] as const;

/** Turns an eyeball as far as one rotation goes; in between it moves straight. */
export function turnEye(head: Head, eye: "leftEyeball" | "rightEyeball", [pitch, yaw]: [number, number]): Float32Array {
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
