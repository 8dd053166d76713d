import { LANDMARK_COUNT, mirroredLandmarks, type SurfaceLandmarks, vertexPoints } from "@/lib/face/landmarks.ts";
import { EYE_COLUMNS, EYE_ROW, LOWER_LIP_ROW, MOUTH_COLUMN, MOUTH_ROW, type Sheets, UPPER_LIP_ROW } from "./grid.ts";

/** Outline landmarks of the right half on no slit: number in Multi-PIE order, sheet coordinates. */
const free: readonly (readonly [landmark: number, p: number, q: number])[] = [
  // jaw, from the chin to the ear
  [8, 0, -11.4],
  [9, 1.45, -11.38],
  [10, 3.3, -11.1],
  [11, 5, -10.8],
  [12, 6.7, -10.2],
  [13, 8.7, -8.3],
  [14, 9.7, -4.8],
  [15, 10.3, -1.7],
  [16, 10.5, 1],
  // brow
  [22, 1.12, 2.15],
  [23, 2.3, 2.5],
  [24, 3.65, 2.5],
  [25, 4.75, 2.55],
  [26, 5.6, 2.1],
  // bridge of the nose
  [27, 0, 0.1],
  [28, 0, -0.8],
  [29, 0, -2],
  [30, 0, -3.3],
  // base of the nose
  [33, 0, -5.05],
  [34, 0.6, -5.15],
  [35, 1.25, -5.02],
];

/** Landmarks of the right half on the slits' edges and the lips' borders: column, row, side. */
const onEdges: readonly (readonly [landmark: number, column: number, row: number, side?: 1 | -1])[] = [
  [42, EYE_COLUMNS[0], EYE_ROW],
  [43, 15, EYE_ROW, 1],
  [44, 20, EYE_ROW, 1],
  [45, EYE_COLUMNS[1], EYE_ROW],
  [46, 20, EYE_ROW, -1],
  [47, 15, EYE_ROW, -1],
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
 * Sheet coordinates of 300W-LP's landmarks of the right half: where its points of ICT-FaceKit fall when that mean face is laid
 * over this one, by its outline landmarks and a thin-plate spline between them.
 */
const fixed: readonly (readonly [landmark: number, p: number, q: number])[] = [
  [8, 0, -12.8],
  [9, 2.42, -12.19],
  [10, 4.42, -11.85],
  [11, 6.48, -11.25],
  [12, 8.61, -10.04],
  [13, 9.98, -7.64],
  [14, 10.6, -5],
  [15, 11.6, -2.37],
  [16, 11.9, 0.32],
  [22, 1.75, 2.08],
  [23, 2.72, 2.21],
  [24, 3.68, 2.25],
  [25, 4.73, 2.26],
  [26, 5.67, 1.91],
  [27, 0, 0],
  [28, 0, -1.29],
  [29, 0, -2.7],
  [30, 0, -3.72],
  [33, 0, -5.23],
  [34, 0.66, -5.16],
  [35, 1.29, -5.01],
  [42, 1.86, 0.14],
  [43, 2.82, 0.47],
  [44, 3.81, 0.4],
  [45, 4.64, 0.2],
  [46, 3.75, -0.45],
  [47, 2.83, -0.45],
  [51, 0, -6.65],
  [52, 0.61, -6.64],
  [53, 1.72, -6.7],
  [54, 2.68, -7.3],
  [55, 1.47, -7.95],
  [56, 0.84, -8.13],
  [57, 0, -8.19],
  [62, 0, -7.24],
  [63, 0.89, -7.29],
  [64, 2.46, -7.29],
  [65, 0.85, -7.31],
  [66, 0, -7.34],
];

/** The landmarks in both conventions. */
export function findLandmarks(sheets: Sheets): SurfaceLandmarks {
  const points = { vertices: new Uint32Array(3 * LANDMARK_COUNT), weights: new Float32Array(3 * LANDMARK_COUNT) };
  for (const [landmark, p, q] of fixed) {
    const { vertices, weights } = triangleHolding(sheets, p, q);
    const other = mirroredLandmarks[landmark]!;
    for (const [l, own] of [[other, vertices.map((v) => sheets.mirror[v]!)], [landmark, vertices]] as const) {
      points.vertices.set(own, 3 * l);
      points.weights.set(weights, 3 * l);
    }
  }
  return { "300w-lp": points, outline: vertexPoints(outlineVertices(sheets)) };
}

/** The triangle of the sheet that holds these coordinates, and how much of each of its corners they are. */
function triangleHolding({ p, q, ring, triangles }: Sheets, atP: number, atQ: number) {
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
  const vertices = new Uint32Array(LANDMARK_COUNT);
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
