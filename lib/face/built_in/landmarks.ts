import { EYE_COLUMNS, EYE_ROW, LOWER_LIP_ROW, MOUTH_COLUMN, MOUTH_ROW, type Sheets, UPPER_LIP_ROW } from "./grid.ts";

/** Landmarks of the right half on no slit: number in Multi-PIE order, sheet coordinates. */
const free: readonly (readonly [landmark: number, p: number, q: number])[] = [
  // jaw, from the chin to the ear
  [8, 0, -11.4],
  [9, 1.7, -11.35],
  [10, 3.3, -11.1],
  [11, 5, -10.8],
  [12, 6.7, -10.2],
  [13, 8.4, -8.9],
  [14, 9.6, -6.4],
  [15, 10.2, -3.2],
  [16, 10.4, 0],
  // brow
  [22, 1.15, 2.1],
  [23, 2.1, 2.5],
  [24, 3.25, 2.65],
  [25, 4.4, 2.4],
  [26, 5.4, 1.65],
  // bridge of the nose
  [27, 0, 0.4],
  [28, 0, -0.8],
  [29, 0, -2],
  [30, 0, -3.5],
  // base of the nose
  [33, 0, -5.05],
  [34, 0.6, -4.95],
  [35, 1.4, -4.95],
];

/** Landmarks of the right half on the slits' edges and the lips' borders: column, row, side. */
const onEdges: readonly (readonly [landmark: number, column: number, row: number, side?: 1 | -1])[] = [
  [42, EYE_COLUMNS[0], EYE_ROW],
  [43, 14, EYE_ROW, 1],
  [44, 19, EYE_ROW, 1],
  [45, EYE_COLUMNS[1], EYE_ROW],
  [46, 19, EYE_ROW, -1],
  [47, 14, EYE_ROW, -1],
  [51, 0, UPPER_LIP_ROW],
  [52, 4, UPPER_LIP_ROW],
  [53, 9, UPPER_LIP_ROW],
  [54, MOUTH_COLUMN, MOUTH_ROW],
  [55, 9, LOWER_LIP_ROW],
  [56, 5, LOWER_LIP_ROW],
  [57, 0, LOWER_LIP_ROW],
  [62, 0, MOUTH_ROW, 1],
  [63, 6, MOUTH_ROW, 1],
  [64, MOUTH_COLUMN - 1, MOUTH_ROW, 1],
  [65, 6, MOUTH_ROW, -1],
  [66, 0, MOUTH_ROW, -1],
];

/** The landmark on the other side of the face, for each of the 68. */
export const mirroredLandmarks: readonly number[] = [
  ...range(16, 0),
  ...range(26, 17),
  ...range(27, 30),
  ...range(35, 31),
  ...[45, 44, 43, 42, 47, 46, 39, 38, 37, 36, 41, 40],
  ...[54, 53, 52, 51, 50, 49, 48, 59, 58, 57, 56, 55],
  ...[64, 63, 62, 61, 60, 67, 66, 65],
];

function range(from: number, to: number): number[] {
  const step = Math.sign(to - from);
  return Array.from({ length: Math.abs(to - from) + 1 }, (_, i) => from + i * step);
}

/** [68], the vertices of the landmarks in Multi-PIE order. */
export function findLandmarks(sheets: Sheets): Uint32Array {
  const vertices = new Uint32Array(68);
  const set = (landmark: number, vertex: number) => {
    vertices[landmark] = vertex;
    vertices[mirroredLandmarks[landmark]!] = sheets.mirror[vertex]!;
  };
  for (const [landmark, p, q] of free) set(landmark, nearest(sheets, p, q));
  for (const [landmark, column, row, side] of onEdges) set(landmark, sheets.at(column, row, side));
  return vertices;
}

function nearest({ p, q, ring }: Sheets, atP: number, atQ: number): number {
  let best = 0;
  let least = Infinity;
  for (let v = 0; v < p.length; v++) {
    const distance = (p[v]! - atP) ** 2 + (q[v]! - atQ) ** 2;
    if (distance < least && ring[v] === 0) [best, least] = [v, distance];
  }
  return best;
}
