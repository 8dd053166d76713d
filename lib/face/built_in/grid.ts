import { bump, type Curve, monotoneCurve } from "./curve.ts";

/** A point of the head that is changed in place, in centimeters. */
export type MovablePoint = [x: number, y: number, z: number];

/** A vertex of the sheet's right half, p ≥ 0; see {@linkcode Sheets}. */
export interface Site {
  readonly p: number;
  readonly q: number;
  readonly side: number;
  readonly ring: number;
}

/**
 * The sheet that the face is sculpted from: a grid of columns and rows on an unrolled head, with slits for the eyes and
 * the mouth. p runs around the head from the midline towards the image's right, q up the face from the pupils, both in
 * centimeters more or less: q is stretched under the nose and the chin, where the surface folds away from the viewer.
 */
export interface Sheets {
  /** [vertexCount], sheet coordinates. */
  readonly p: Float64Array;
  readonly q: Float64Array;
  /** [vertexCount], 1 above a slit, -1 below it, 0 for all that lies on none; a slit's corners are 0. */
  readonly side: Int8Array;
  /** [vertexCount], how many rings inside an opening; 0 on the face itself. */
  readonly ring: Uint8Array;
  /** [vertexCount], the vertex on the other side of the face. */
  readonly mirror: Uint32Array;
  /** [vertexCount, 2]. */
  readonly uv: Float32Array;
  /** [triangleCount, 3], counter-clockwise seen from outside. */
  readonly triangles: Uint32Array;
  /** Vertices around each opening, from its left corner over its upper edge: rings, outermost first. */
  readonly openings: Readonly<Record<OpeningName, readonly Uint32Array[]>>;
  /** The vertex of a column and a row; above or below where a slit parts them. */
  at(column: number, row: number, side?: 1 | -1): number;
}

export type OpeningName = "leftEye" | "rightEye" | "mouth";

/** Columns run from -48 to 48, rows from 0 at the hairline to 90 on the neck. */
export const COLUMNS = 48;
export const ROWS = 91;
/** The row of the eyes' slits. */
export const EYE_ROW = 24;
export const MOUTH_ROW = 61;
export const EYE_COLUMNS = [9, 24] as const;
export const MOUTH_COLUMN = 14;
export const UPPER_LIP_ROW = 55;
export const LOWER_LIP_ROW = 67;
const EYE_RINGS = 1;
const MOUTH_RINGS = 2;

/** Sheet coordinate of each column right of the midline. */
const columnP: Curve = monotoneCurve([
  [0, 0],
  [9, 1.6],
  [14, 2.5],
  [17, 3.15],
  [24, 4.7],
  [28, 6],
  [32, 7.8],
  [36, 10],
  [48, 16],
]);

/** Sheet coordinate of each row where no opening bends it. */
const rowQ: Curve = monotoneCurve([
  [0, 8.2],
  [8, 3.9],
  [14, 1.6],
  [20, 0.5],
  [EYE_ROW, 0],
  [28, -0.45],
  [32, -1.1],
  [40, -3.1],
  [42, -3.55],
  [50, -5.1],
  [UPPER_LIP_ROW, -6.55],
  [MOUTH_ROW, -7.3],
  [LOWER_LIP_ROW, -8.2],
  [71, -9.1],
  [76, -10.9],
  [80, -12.6],
  [85, -16],
  [90, -20.5],
]);

const [innerCorner, outerCorner] = EYE_COLUMNS.map(columnP) as [number, number];
/** Sheet coordinate of the mouth's slit. */
export const MOUTH_Q = rowQ(MOUTH_ROW);

/** The line from the inner to the outer corner of the eye. */
const eyeLine = monotoneCurve([[innerCorner, -0.1], [outerCorner, 0.1]]);

/** Height of the lids' edges over that line. */
const upperLid = monotoneCurve([
  [1.6, 0],
  [1.8, 0.08],
  [2.15, 0.27],
  [2.8, 0.49],
  [3.4, 0.45],
  [4.05, 0.28],
  [4.5, 0.12],
  [4.7, 0],
]);
const lowerLid = monotoneCurve([
  [1.6, 0],
  [1.85, -0.06],
  [2.25, -0.22],
  [2.9, -0.44],
  [3.6, -0.5],
  [4.2, -0.35],
  [4.55, -0.13],
  [4.7, 0],
]);

/** Height of the lips' borders over the mouth's line. */
const upperLip = monotoneCurve(
  [[0, 0.7], [0.3, 0.76], [0.6, 0.8], [1.3, 0.7], [2, 0.46], [2.5, 0.15], [3.1, 0.5], [4, 0.75]],
);
const lowerLip = monotoneCurve(
  [[0, -0.9], [0.8, -0.86], [1.5, -0.66], [2, -0.42], [2.5, -0.16], [3.1, -0.55], [4, -0.9]],
);
const upperLipReach = monotoneCurve([[0, 0], [0.75, 1], [1.7, 0]]);
const lowerLipReach = monotoneCurve([[0, 0], [0.9, 1], [2.1, 0]]);

/** The lids' edge above (side 1) or below (-1) in sheet coordinates, for p ≥ 0. */
export function lidEdge(p: number, side: number): number {
  return eyeLine(p) + (side > 0 ? upperLid(p) : side < 0 ? lowerLid(p) : 0);
}

/** Sheet coordinate q of a row at p ≥ 0, bent around the eyes and along the lips. */
function bentQ(p: number, row: number, side: number): number {
  const q = rowQ(row);
  const lift = q > 0 ? 1 : q < 0 ? -1 : side;
  const overMouth = q - MOUTH_Q;
  const lips = overMouth > 0
    ? (upperLip(p) - 0.75) * upperLipReach(overMouth)
    : (lowerLip(p) + 0.9) * lowerLipReach(-overMouth);
  return q + lidEdge(p, lift) * bump(q / 2.4) + lips;
}

/** Texels of a 256² map left free along its edges. */
const UV_MARGIN = 3 / 256;

/** Texture coordinates along one axis: partly even per grid line, so that fine parts get room, partly true to length. */
function textureAxis(lengths: number[], share: number): number[] {
  const sums = [0];
  for (const length of lengths) sums.push(sums.at(-1)! + length + share);
  return sums.map((sum) => UV_MARGIN + (1 - 2 * UV_MARGIN) * (sum / sums.at(-1)!));
}

/** Half the height of each opening in UV. */
const EYE_GAP = 3.6 / 256;
const MOUTH_GAP = 4.5 / 256;

function makeTexture(): (column: number, row: number, side: number) => [u: number, v: number] {
  const us = textureAxis(Array.from({ length: COLUMNS }, (_, i) => columnP(i + 1) - columnP(i)), 0.5);
  const gap = (row: number) => 0.5 * bump((row + 0.5 - EYE_ROW) / 6) + 0.6 * bump((row + 0.5 - MOUTH_ROW) / 6);
  const vs = textureAxis(Array.from({ length: ROWS - 1 }, (_, j) => rowQ(j) - rowQ(j + 1) + gap(j)), 0.6);
  const round = (t: number) => t * t >= 1 ? 0 : Math.sqrt(1 - t * t * t * t);
  const eyeCenter = (EYE_COLUMNS[0] + EYE_COLUMNS[1]) / 2;
  return (column, row, side) => {
    const c = Math.abs(column);
    const eye = round((c - eyeCenter) / (EYE_COLUMNS[1] - eyeCenter)) * EYE_GAP;
    const mouth = round(c / MOUTH_COLUMN) * MOUTH_GAP;
    const fromEye = row - EYE_ROW || -side;
    const fromMouth = row - MOUTH_ROW || -side;
    const shift = Math.sign(fromEye) * eye * bump((row - EYE_ROW) / 11) +
      Math.sign(fromMouth) * mouth * bump((row - MOUTH_ROW) / 11);
    return [0.5 + Math.sign(column) * (us[c]! / 2), vs[row]! + shift];
  };
}

function slitSides(column: number, row: number): readonly (1 | -1 | 0)[] {
  const c = Math.abs(column);
  const parted = (row === EYE_ROW && c > EYE_COLUMNS[0] && c < EYE_COLUMNS[1]) ||
    (row === MOUTH_ROW && c < MOUTH_COLUMN);
  return parted ? [1, -1] : [0];
}

interface Vertex {
  readonly p: number;
  readonly q: number;
  readonly side: number;
  readonly ring: number;
  readonly uv: readonly [number, number];
}

/** The sheet before anything is sculpted from it. */
export function makeSheets(): Sheets {
  const vertices: Vertex[] = [];
  const triangles: number[] = [];
  const width = 2 * COLUMNS + 1;
  const [above, below] = [new Uint32Array(ROWS * width), new Uint32Array(ROWS * width)];
  const texture = makeTexture();
  for (let row = 0; row < ROWS; row++) {
    for (let column = -COLUMNS; column <= COLUMNS; column++) {
      for (const side of slitSides(column, row)) {
        const p = columnP(Math.abs(column));
        const cell = row * width + column + COLUMNS;
        if (side >= 0) above[cell] = vertices.length;
        if (side <= 0) below[cell] = vertices.length;
        const uv = texture(column, row, side);
        vertices.push({ p: Math.sign(column) * p, q: bentQ(p, row, side), side, ring: 0, uv });
      }
    }
  }
  const at = (column: number, row: number, side: 1 | -1 = 1): number =>
    (side > 0 ? above : below)[row * width + column + COLUMNS]!;
  for (let row = 0; row + 1 < ROWS; row++) {
    for (let column = -COLUMNS; column < COLUMNS; column++) {
      const quad = [at(column, row, -1), at(column, row + 1, 1), at(column + 1, row + 1, 1), at(column + 1, row, -1)];
      pushQuad(triangles, quad, column >= 0);
    }
  }
  const openings = {
    leftEye: ringLoops(vertices, triangles, loop(at, EYE_ROW, -EYE_COLUMNS[1], -EYE_COLUMNS[0]), EYE_RINGS),
    rightEye: ringLoops(vertices, triangles, loop(at, EYE_ROW, EYE_COLUMNS[0], EYE_COLUMNS[1]), EYE_RINGS),
    mouth: ringLoops(vertices, triangles, loop(at, MOUTH_ROW, -MOUTH_COLUMN, MOUTH_COLUMN), MOUTH_RINGS),
  };
  const mirror = new Uint32Array(vertices.length);
  for (const side of [1, -1] as const) {
    for (let row = 0; row < ROWS; row++) {
      for (let column = -COLUMNS; column <= COLUMNS; column++) mirror[at(column, row, side)] = at(-column, row, side);
    }
  }
  const { leftEye, rightEye, mouth } = openings;
  const ringPairs = [[leftEye, rightEye], [rightEye, leftEye], [mouth, mouth]] as const;
  for (const [here, there] of ringPairs) {
    for (let ring = 1; ring < here.length; ring++) {
      here[ring]!.forEach((v, k) => mirror[v] = there[ring]![mirroredPlace(k, here[ring]!.length)]!);
    }
  }
  return {
    p: Float64Array.from(vertices, ({ p }) => p),
    q: Float64Array.from(vertices, ({ q }) => q),
    side: Int8Array.from(vertices, ({ side }) => side),
    ring: Uint8Array.from(vertices, ({ ring }) => ring),
    mirror,
    uv: Float32Array.from(vertices.flatMap(({ uv }) => uv)),
    triangles: Uint32Array.from(triangles),
    openings,
    at,
  };
}

/** Where the mirror image of a loop's vertex stands in the mirrored loop: both start at their left corner. */
export function mirroredPlace(place: number, count: number): number {
  return place <= count / 2 ? count / 2 - place : count + count / 2 - place;
}

/** Two triangles of a quad, corners counter-clockwise; the other diagonal on the mirrored half. */
export function pushQuad(triangles: number[], corners: readonly number[], rightHalf: boolean): void {
  const [a, b, c, d] = corners as [number, number, number, number];
  if (rightHalf) triangles.push(a, b, c, a, c, d);
  else triangles.push(a, b, d, b, c, d);
}

/** The vertices around a slit: left corner, upper edge, right corner, lower edge. */
function loop(at: Sheets["at"], row: number, left: number, right: number): number[] {
  const columns = Array.from({ length: right - left + 1 }, (_, i) => left + i);
  return [...columns.map((column) => at(column, row, 1)), ...columns.slice(1, -1).reverse().map((c) => at(c, row, -1))];
}

/** Adds rings inside an opening, each a smaller copy of its edge in UV. */
function ringLoops(vertices: Vertex[], triangles: number[], edge: number[], count: number): Uint32Array[] {
  const center = [0, 1].map((axis) => {
    const values = edge.map((v) => vertices[v]!.uv[axis]!);
    return (Math.min(...values) + Math.max(...values)) / 2;
  }) as [number, number];
  const loops = [Uint32Array.from(edge)];
  for (let ring = 1; ring <= count; ring++) {
    const [across, along] = [1 - 0.07 * ring, 1 - 0.3 * ring];
    const inner = edge.map((v) => {
      const { p, q, side, uv: [u0, v0] } = vertices[v]!;
      const uv = [center[0] + (u0 - center[0]) * across, center[1] + (v0 - center[1]) * along] as const;
      return vertices.push({ p, q, side, ring, uv }) - 1;
    });
    const outer = loops.at(-1)!;
    inner.forEach((v, k) => {
      const next = (k + 1) % inner.length;
      pushQuad(triangles, [outer[next]!, outer[k]!, v, inner[next]!], vertices[v]!.p >= 0);
    });
    loops.push(Uint32Array.from(inner));
  }
  return loops;
}
