import { type MaterialName, materialNames } from "@/lib/face/morphable_model.ts";
import { monotoneCurve } from "./curve.ts";
import { COLUMNS, mirroredPlace, MOUTH_Q, pushQuad, ROWS, type Sheets } from "./grid.ts";
import { eyeball } from "./sculpture.ts";

/** What moves a vertex: the modes treat the eyeballs and the teeth as rigid. */
export type PartName = "skin" | "scalp" | "leftEyeball" | "rightEyeball" | "upperTeeth" | "lowerTeeth" | "mouthCavity";

type Point = readonly [x: number, y: number, z: number];

/** The whole head: the sheet's vertices first, then all that the position map leaves out. */
export class Head {
  readonly positions: number[] = [];
  readonly parts: PartName[] = [];
  /** Sheet coordinate q, which tells what lies above the mouth from what lies below it. */
  readonly q: number[] = [];
  /** 1 above the slit of an opening, -1 below it, 0 elsewhere. */
  readonly side: number[] = [];
  readonly triangles: number[] = [];
  readonly materials: number[] = [];
  /** The inner ends of the lids, in the order of the openings' loops. */
  readonly sockets: Record<"leftEye" | "rightEye", number[]> = { leftEye: [], rightEye: [] };

  constructor(sheets: Sheets, positions: Float64Array) {
    for (let v = 0; v < sheets.p.length; v++) {
      this.add(
        [positions[3 * v]!, positions[3 * v + 1]!, positions[3 * v + 2]!],
        "skin",
        sheets.q[v]!,
        sheets.side[v]!,
      );
    }
    for (const index of sheets.triangles) this.triangles.push(index);
    this.#paint("skin");
    this.#addScalp(sheets);
    this.#addMouthCavity(sheets);
    this.#addSockets(sheets);
    this.#addTeeth("upperTeeth", { z: 8.85, gum: -5.9, edge: -6.85 });
    this.#addTeeth("lowerTeeth", { z: 8.6, gum: -7.7, edge: -6.6 });
    this.#addEar(-1);
    this.#addEar(1);
    this.#addEyeball("leftEyeball", -1);
    this.#addEyeball("rightEyeball", 1);
  }

  add([x, y, z]: Point, part: PartName, q = y, side = 0): number {
    this.positions.push(x, y, z);
    this.q.push(q);
    this.side.push(side);
    return this.parts.push(part) - 1;
  }

  point(v: number): Point {
    return [this.positions[3 * v]!, this.positions[3 * v + 1]!, this.positions[3 * v + 2]!];
  }

  /** The vertex of the other eye's socket. */
  mirrorOf(v: number): number {
    const { leftEye, rightEye } = this.sockets;
    return leftEye[mirroredPlace(rightEye.indexOf(v), leftEye.length)]!;
  }

  /** Gives all triangles that have no material yet this one. */
  #paint(material: MaterialName): void {
    while (this.materials.length < this.triangles.length / 3) this.materials.push(materialNames.indexOf(material));
  }

  /** The back of the head: each row goes on around it; above the first row, a dome. */
  #addScalp(sheets: Sheets): void {
    const arcs = Array.from({ length: ROWS }, (_, row) => this.#backArc(sheets, row));
    let hair = 0;
    for (let row = 0; row + 1 < ROWS; row++) {
      for (let k = 0; k + 1 < arcs[row]!.length; k++) {
        const [upper, lower] = [arcs[row]!, arcs[row + 1]!];
        pushQuad(this.triangles, [upper[k]!, lower[k]!, lower[k + 1]!, upper[k + 1]!], k < BACK_COLUMNS);
      }
      if (backRow(row).y > NAPE) hair = this.triangles.length / 3;
    }
    const done = this.materials.length;
    for (let t = done; t < this.triangles.length / 3; t++) {
      this.materials.push(materialNames.indexOf(t < hair ? "scalp" : "skin"));
    }
    const front = Array.from({ length: 2 * COLUMNS + 1 }, (_, i) => i - COLUMNS);
    const [ring, below] = [0, 1].map((row) => [
      ...front.map((column) => sheets.at(column, row)),
      ...arcs[row]!.slice(1, -1),
    ]) as [number[], number[]];
    this.#addDome(ring, below);
    this.#paint("scalp");
  }

  /** Vertices from the right end of a row around the back of the head to its left end. */
  #backArc(sheets: Sheets, row: number): number[] {
    const right = sheets.at(COLUMNS, row);
    const [before, end] = [this.point(sheets.at(COLUMNS - 1, row)), this.point(right)];
    const { y, z } = backRow(row);
    const back: Point = [0, y, z];
    const reach = 1.2 * Math.hypot(end[0], z - end[2]);
    const scale = reach / Math.hypot(end[0] - before[0], end[1] - before[1], end[2] - before[2]);
    const start = end.map((c, k) => (c - before[k]!) * scale * (k === 1 ? 0 : 1)) as unknown as Point;
    const half = Array.from(
      { length: BACK_COLUMNS - 1 },
      (_, k) => hermite(end, start, back, [-reach, 0, 0], (k + 1) / BACK_COLUMNS),
    );
    const part = (point: Point) => this.add(point, "scalp", this.q[right]!);
    return [
      right,
      ...half.map(part),
      part(back),
      ...half.reverse().map(([px, py, pz]) => part([-px, py, pz])),
      sheets.at(-COLUMNS, row),
    ];
  }

  #addDome(ring: number[], below: number[]): void {
    const crown = this.add(CROWN, "scalp");
    let outer = ring;
    const curves = ring.map((v, k) => {
      const [start, before] = [this.point(v), this.point(below[k]!)];
      const span = Math.hypot(...CROWN.map((c, axis) => c - start[axis]!));
      const step = Math.hypot(...start.map((c, axis) => c - before[axis]!));
      const away = start.map((c, axis) => (c - before[axis]!) / step * 1.2 * span) as unknown as Point;
      const flat = Math.hypot(CROWN[0] - start[0], CROWN[2] - start[2]);
      const towards: Point = [(CROWN[0] - start[0]) / flat * 1.3 * span, 0, (CROWN[2] - start[2]) / flat * 1.3 * span];
      return (t: number) => hermite(start, away, CROWN, towards, t);
    });
    for (let level = 1; level < DOME_RINGS; level++) {
      const inner = curves.map((curve) => this.add(curve(level / DOME_RINGS), "scalp"));
      inner.forEach((v, k) => {
        const next = (k + 1) % inner.length;
        pushQuad(this.triangles, [v, outer[k]!, outer[next]!, inner[next]!], this.positions[3 * v]! >= 0);
      });
      outer = inner;
    }
    outer.forEach((v, k) => this.triangles.push(v, outer[(k + 1) % outer.length]!, crown));
  }

  /** A dark bag behind the lips. */
  #addMouthCavity(sheets: Sheets): void {
    let outer: ArrayLike<number> = sheets.openings.mouth.at(-1)!;
    for (const [shrink, open, depth] of [[0.97, 0.5, 0.5], [0.8, 0.9, 2.5], [0.3, 0.5, 4]] as const) {
      const inner = Array.from(sheets.openings.mouth.at(-1)!, (v) => {
        const [x, y, z] = this.point(v);
        return this.add([x * shrink, y + this.side[v]! * open, z - depth], "mouthCavity", this.q[v]!, this.side[v]!);
      });
      inner.forEach((v, k) => {
        const next = (k + 1) % inner.length;
        pushQuad(this.triangles, [outer[next]!, outer[k]!, v, inner[next]!], this.positions[3 * v]! >= 0);
      });
      outer = inner;
    }
    const end = this.add([0, -6.8, 4.5], "mouthCavity", MOUTH_Q, -1);
    for (let k = 0; k < outer.length; k++) this.triangles.push(outer[(k + 1) % outer.length]!, outer[k]!, end);
    this.#paint("gums");
  }

  /** Closes the gap between the lids' inner edges and the eyeball. */
  #addSockets(sheets: Sheets): void {
    for (const [name, sign] of [["leftEye", -1], ["rightEye", 1]] as const) {
      const outer = sheets.openings[name].at(-1)!;
      const inner = Array.from(outer, (v) => {
        const [x, y, z] = this.point(v);
        const away = [x - sign * eyeball.x, y - eyeball.y, z - eyeball.z] as const;
        const sideways = Math.hypot(away[0], away[1]);
        const angle = Math.min(Math.atan2(sideways, away[2]), CORNER_ANGLE);
        const scale = 0.97 * eyeball.radius * Math.sin(angle) / sideways;
        return this.add(
          [
            sign * eyeball.x + away[0] * scale,
            eyeball.y + away[1] * scale,
            eyeball.z + 0.97 * eyeball.radius * Math.cos(angle),
          ],
          "skin",
          this.q[v]!,
          this.side[v]!,
        );
      });
      inner.forEach((v, k) => {
        const next = (k + 1) % inner.length;
        pushQuad(this.triangles, [outer[next]!, outer[k]!, v, inner[next]!], sign > 0);
      });
      this.sockets[name] = inner;
    }
    this.#paint("gums");
  }

  #addTeeth(part: PartName, { z, gum, edge }: { z: number; gum: number; edge: number }): void {
    const columns = 49;
    const rows = [...[0, 0.35, 0.75, 1].map((t) => gum + (edge - gum) * t)];
    const grid = rows.map((y, row) =>
      Array.from({ length: columns }, (_, i) => {
        const t = (i / (columns - 1)) * 2 - 1;
        const x = 2.5 * Math.sin(t * Math.PI / 2);
        const bulge = 0.1 * Math.sqrt(Math.abs(Math.sin(i * Math.PI / 4))) - (row === rows.length - 1 ? 0.06 : 0);
        return this.add([x, y, z - 0.5 * x * x + bulge], part);
      })
    );
    for (let row = 0; row + 1 < rows.length; row++) {
      for (let i = 0; i + 1 < columns; i++) {
        const quad = [grid[row]![i]!, grid[row + 1]![i]!, grid[row + 1]![i + 1]!, grid[row]![i + 1]!];
        pushQuad(this.triangles, gum > edge ? quad : quad.reverse(), i >= columns >> 1);
      }
    }
    this.#paint("teeth");
  }

  /** A shell that stands off the head: rings from the canal out to the rim, and back behind it. */
  #addEar(sign: 1 | -1): void {
    const segments = 28;
    const place = (angle: number, [reach, height]: readonly [number, number]): Point => {
      const [back, up] = [earBack(angle) * reach, earUp(angle) * reach];
      return [0, 1, 2].map((k) =>
        (ear.center[k]! + ear.back[k]! * back + ear.up[k]! * up + ear.out[k]! * height) * (k === 0 ? sign : 1)
      ) as unknown as Point;
    };
    const rings = earProfile.map((at) =>
      Array.from({ length: segments }, (_, k) => this.add(place(2 * Math.PI * k / segments, at), "skin"))
    );
    for (let r = 0; r + 1 < rings.length; r++) {
      for (let k = 0; k < segments; k++) {
        const l = (k + 1) % segments;
        const quad = [rings[r]![k]!, rings[r]![l]!, rings[r + 1]![l]!, rings[r + 1]![k]!];
        pushQuad(this.triangles, sign > 0 ? quad.reverse() : quad, true);
      }
    }
    this.#paint("skin");
  }

  #addEyeball(part: PartName, sign: 1 | -1): void {
    const segments = 28;
    const { x, y, z, radius } = eyeball;
    const ring = (angle: number) =>
      Array.from({ length: segments }, (_, k) => {
        const around = (2 * Math.PI * k) / segments;
        const [across, depth] = [radius * Math.sin(angle), radius * Math.cos(angle)];
        return this.add([sign * x + across * Math.cos(around), y + across * Math.sin(around), z + depth], part);
      });
    const pole = this.add([sign * x, y, z + radius], part);
    let outer: number[] | undefined;
    for (const [degrees, material] of eyeballRings) {
      const next = ring(degrees * Math.PI / 180);
      for (let k = 0; k < segments; k++) {
        const l = (k + 1) % segments;
        if (outer) this.triangles.push(outer[k]!, next[k]!, next[l]!, outer[k]!, next[l]!, outer[l]!);
        else this.triangles.push(pole, next[k]!, next[l]!);
      }
      outer = next;
      this.#paint(material);
    }
  }
}

/** Angle from the pupil's center up to which each part of the eyeball reaches, in degrees. */
const eyeballRings: readonly (readonly [degrees: number, material: MaterialName])[] = [
  [9.5, "pupil"],
  [15, "iris"],
  [22, "iris"],
  [28.5, "iris"],
  [32, "sclera"],
  [42, "sclera"],
  [55, "sclera"],
  [70, "sclera"],
  [90, "sclera"],
  [115, "sclera"],
];

/** The ear's plane: it leans back and stands off the head. Centimeters and unit vectors. */
const ear = {
  center: [7.0, -1.7, -0.8],
  back: [0.42, -0.12, -0.9],
  up: [0.06, 0.97, -0.24],
  out: [0.9, 0.05, 0.42],
} as const;

/** Outline of the ear seen from its side; angles from the back over the top. */
function earBack(angle: number): number {
  return Math.cos(angle) * (1.45 + 0.35 * Math.sin(angle));
}

function earUp(angle: number): number {
  return 3.05 * Math.sin(angle);
}

/** From the canal outwards, over the rim, and back to the head: share of the outline, height over the plane. */
const earProfile: readonly (readonly [reach: number, height: number])[] = [
  [0.02, -0.9],
  [0.2, -0.75],
  [0.35, -0.2],
  [0.48, 0.12],
  [0.6, 0.16],
  [0.72, 0],
  [0.82, -0.05],
  [0.9, 0.12],
  [0.97, 0.2],
  [1, 0.08],
  [0.96, -0.12],
  [0.8, -0.35],
  [0.6, -1.3],
];

/** Of the white's visible ends from the pupil's axis, radians: the corners of the eye are skin. */
const CORNER_ANGLE = 1.15;

/** Vertices of half a row around the back, its ends not counted twice. */
const BACK_COLUMNS = 9;
const DOME_RINGS = 12;
const CROWN: Point = [0, 11.6, -1.2];
/** Height where the hair ends at the back. */
const NAPE = -7;

const backDepth = monotoneCurve([[-17, -8.2], [-12, -7.3], [-8, -7], [-4, -8.2], [0, -9.4], [2.5, -9.7]]);
const backHeight = monotoneCurve([[0, 2.2], [17, -0.8], [50, -4.6], [71, -7.2], [80, -10], [90, -17]]);

/** Where a row crosses the midline at the back. */
function backRow(row: number): { y: number; z: number } {
  const y = backHeight(row);
  return { y, z: backDepth(y) };
}

function hermite(from: Point, away: Point, to: Point, towards: Point, t: number): Point {
  const [a, b, c, d] = [(1 + 2 * t) * (1 - t) ** 2, t * (1 - t) ** 2, t * t * (3 - 2 * t), t * t * (t - 1)];
  return [0, 1, 2].map((k) => a * from[k]! + b * away[k]! + c * to[k]! + d * towards[k]!) as unknown as Point;
}
