import { mirroredLandmarks, type SurfaceLandmarks, vertexPoints } from "@/lib/face/landmarks.ts";
import { EYE_COLUMNS, EYE_ROW, LOWER_LIP_ROW, MOUTH_COLUMN, MOUTH_ROW, type Sheets, UPPER_LIP_ROW } from "./grid.ts";

/** Outline landmarks of the right half on no slit: number in Multi-PIE order, sheet coordinates. */
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

/**
 * Sheet coordinates of 300W-LP's landmarks of the right half, from the chin to the nose's base: where its points of
 * ICT-FaceKit fall when that mean face is laid over this one, by its outline landmarks and a thin-plate spline between them.
 */
const fixed: readonly (readonly [landmark: number, p: number, q: number])[] = [
  [8, 0, -12.75],
  [9, 2.58, -12.12],
  [10, 4.4, -11.8],
  [11, 6.51, -11.15],
  [12, 8.14, -10.18],
  [13, 9.44, -8.81],
  [14, 10.27, -6.77],
  [15, 11.03, -3.9],
  [16, 11.82, -1.17],
  [22, 1.66, 2.07],
  [23, 2.44, 2.27],
  [24, 3.31, 2.26],
  [25, 4.49, 1.97],
  [26, 5.38, 1.39],
  [27, 0, 0.24],
  [28, 0, -1.27],
  [29, 0, -2.78],
  [30, 0, -3.85],
  [33, 0, -5.17],
  [34, 0.65, -4.96],
  [35, 1.47, -4.77],
];

/** The landmarks in both conventions; those of eyes and lips, which differ by 3 mm at most, are the same. */
export function findLandmarks(sheets: Sheets): SurfaceLandmarks {
  const outline = vertexPoints(outlineVertices(sheets));
  const points = { vertices: outline.vertices.slice(), weights: outline.weights.slice() };
  for (const [landmark, p, q] of fixed) {
    const { vertices, weights } = pointAt(sheets, p, q);
    const other = mirroredLandmarks[landmark]!;
    for (const [l, own] of [[other, vertices.map((v) => sheets.mirror[v]!)], [landmark, vertices]] as const) {
      points.vertices.set(own, 3 * l);
      points.weights.set(weights, 3 * l);
    }
  }
  return { "300w-lp": points, outline };
}

/** The triangle of the sheet that holds these coordinates, and how much of each of its corners they are. */
function pointAt({ p, q, ring, triangles }: Sheets, atP: number, atQ: number) {
  for (let t = 0; t < triangles.length; t += 3) {
    const vertices = [...triangles.subarray(t, t + 3)] as [number, number, number];
    if (vertices.some((v) => ring[v]! > 0)) continue;
    const [a, b, c] = vertices;
    const area = (p[b]! - p[a]!) * (q[c]! - q[a]!) - (q[b]! - q[a]!) * (p[c]! - p[a]!);
    const share = (u: number, v: number) => ((p[u]! - atP) * (q[v]! - atQ) - (q[u]! - atQ) * (p[v]! - atP)) / area;
    const weights = [share(b, c), share(c, a), share(a, b)];
    if (weights.every((weight) => weight >= -1e-9)) return { vertices, weights: weights.map((w) => Math.max(0, w)) };
  }
  throw new RangeError(`Cannot find (${atP}, ${atQ}) on the sheet: no triangle holds it`);
}

/** [68], the vertices of the landmarks on the outlines of the face's parts. */
function outlineVertices(sheets: Sheets): Uint32Array {
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
