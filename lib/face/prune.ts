import { emptyRaster, rasterize } from "@/lib/geometry/rasterize.ts";
import { pointsAt } from "@/lib/geometry/vectors.ts";
import { DEGREE, placeInImage, poseRotation } from "@/lib/geometry/transforms.ts";
import {
  keyLandmarks,
  landmarkBox,
  landmarkEntries,
  landmarkLines,
  outlineOf,
  renumberPoints,
  valuesAt,
} from "@/lib/face/landmarks.ts";
import { materialNumbers, meshLandmarks, type MorphableModel, NECK, shapeFace } from "@/lib/face/morphable_model.ts";

/**
 * The same model without what is never seen in the mouth, and without the vertices that only this used; everything
 * about its surface stays. Drawing takes less time.
 */
export function withoutUnseen(model: MorphableModel): MorphableModel {
  const isInside = materialNumbers("teeth", "gums");
  const seen = seenInMouth(model);
  // Gums are also what the inner corners of eyes are made of.
  const noseBase = valuesAt(meshLandmarks(model, outlineOf), model.mean)[3 * keyLandmarks.noseBase + 1]!;
  const isHidden = (t: number) =>
    isInside.includes(model.materials[t]!) && !seen[t] && model.mean[3 * model.triangles[3 * t]! + 1]! < noseBase;
  return withTriangles(model, (t) => !isHidden(t));
}

/**
 * The same model without its neck and the vertices that only this used. Triangles that a landmark lies on stay: the jaw's
 * upper ends are at its edge.
 */
export function withoutNeck(model: MorphableModel): MorphableModel {
  const { surface } = model;
  const hasLandmark = new Uint8Array(surface.regions.length);
  for (const [, { vertices }] of landmarkEntries(surface.landmarks)) for (const v of vertices) hasLandmark[v] = 1;
  const isNeck = surface.regions.map((region) => region === NECK ? 1 : 0);
  const staysWith = (corners: Uint32Array) =>
    corners.every((v) => !isNeck[v]) || corners.some((v) => hasLandmark[v] === 1);
  const triangles = picked(surface.triangles, (t) => staysWith(surface.triangles.subarray(3 * t, 3 * t + 3)));
  const isUsed = markUsed(surface.regions.length, [triangles]);
  const vertices = usedVertices(isUsed);
  const renumbered = newNumbers(vertices, isUsed.length);
  const isGone = new Uint8Array(model.mean.length / 3); // what is of the surface, but not any more
  model.surfaceVertices.forEach((vertex, v) => isGone[vertex] = isUsed[v] ? 0 : 1);
  const surfaceVertices = vertices.map((v) => model.surfaceVertices[v]!);
  for (const vertex of surfaceVertices) isGone[vertex] = 0;
  const corner = (t: number, k: number) => model.triangles[3 * t + k]!;
  const rest = {
    ...model,
    surface: {
      uv: Float32Array.from({ length: 2 * vertices.length }, (_, i) => surface.uv[2 * vertices[i >> 1]! + i % 2]!),
      triangles: triangles.map((v) => renumbered[v]!),
      landmarks: Object.fromEntries(
        landmarkEntries(surface.landmarks).map(([name, points]) => [name, renumberPoints(points, renumbered)]),
      ),
      regions: Uint8Array.from(vertices, (v) => surface.regions[v]!),
    },
    surfaceVertices,
  };
  return withTriangles(rest, (t) => !(isGone[corner(t, 0)] || isGone[corner(t, 1)] || isGone[corner(t, 2)]));
}

/** The same model of these triangles alone, without the vertices that neither they nor its surface use. */
function withTriangles(model: MorphableModel, isKept: (triangle: number) => boolean): MorphableModel {
  const corners = picked(model.triangles, isKept);
  const isUsed = markUsed(model.mean.length / 3, [corners, model.surfaceVertices]);
  const vertices = usedVertices(isUsed);
  const renumbered = newNumbers(vertices, isUsed.length);
  const pick = (values: Float32Array) => pointsAt(values, vertices);
  const { openness } = model;
  return {
    ...model,
    mean: pick(model.mean),
    identityModes: model.identityModes.map(pick),
    expressionModes: model.expressionModes.map(pick),
    triangles: corners.map((vertex) => renumbered[vertex]!),
    materials: model.materials.filter((_, t) => isKept(t)),
    surfaceVertices: model.surfaceVertices.map((vertex) => renumbered[vertex]!),
    ...openness && { openness: Float32Array.from(vertices, (vertex) => openness[vertex]!) },
  };
}

/** [kept triangleCount, 3]. */
function picked(triangles: Uint32Array, isKept: (triangle: number) => boolean): Uint32Array {
  return triangles.filter((_, i) => isKept(Math.floor(i / 3)));
}

function markUsed(vertexCount: number, lists: readonly Uint32Array[]): Uint8Array {
  const isUsed = new Uint8Array(vertexCount);
  for (const list of lists) for (const vertex of list) isUsed[vertex] = 1;
  return isUsed;
}

function usedVertices(isUsed: Uint8Array): Uint32Array {
  return Uint32Array.from(isUsed.keys()).filter((vertex) => isUsed[vertex] === 1);
}

/** [vertexCount], each kept vertex's place among those that are kept. */
function newNumbers(kept: Uint32Array, vertexCount: number): Uint32Array {
  const numbers = new Uint32Array(vertexCount);
  kept.forEach((vertex, i) => numbers[vertex] = i);
  return numbers;
}

const VIEW_SIZE = 256;

/** [triangleCount], 1 where a look into an open mouth, from some side, meets the triangle or a neighbor. */
function seenInMouth(model: MorphableModel): Uint8Array {
  const opening = ["jawOpen", "mouthUpperUp_L", "mouthUpperUp_R", "mouthLowerDown_L", "mouthLowerDown_R"];
  const landmarks = meshLandmarks(model, outlineOf);
  const seen = new Uint8Array(model.materials.length);
  const raster = emptyRaster({ width: VIEW_SIZE, height: VIEW_SIZE });
  const flat = new Float32Array(model.mean.length);
  for (const amount of [0.4, 1]) {
    const expression = model.expressionNames.map((name) => opening.includes(name) ? amount : 0);
    const vertices = shapeFace(model, { identity: [], expression });
    for (const pitch of [-30, 0, 30]) {
      for (const yaw of [-70, -35, 0, 35, 70]) {
        const rotation = poseRotation({ pitch: pitch * DEGREE, yaw: yaw * DEGREE, roll: 0 });
        placeInImage(vertices, { rotation, scale: 1, translation: [0, 0, 0] }, flat);
        const { left, top, width, height } = landmarkBox(valuesAt(landmarks, flat), landmarkLines.outerLips.landmarks);
        const scale = VIEW_SIZE / Math.max(width, height);
        for (let i = 0; i < flat.length; i += 3) {
          flat[i] = (flat[i]! - left) * scale;
          flat[i + 1] = (flat[i + 1]! - top) * scale;
        }
        const mesh = { positions: flat, triangles: model.triangles };
        const { triangle } = rasterize(mesh, { width: VIEW_SIZE, height: VIEW_SIZE, out: raster });
        for (let k = 0; k < triangle.length; k++) if (triangle[k]! >= 0) seen[triangle[k]!] = 1;
      }
    }
  }
  return withNeighbors(seen, model.triangles);
}

/** Also the triangles that share a vertex: a look between two samples may meet them. */
function withNeighbors(seen: Uint8Array, triangles: Uint32Array): Uint8Array {
  const isTouched = new Uint8Array(triangles.reduce((most, vertex) => Math.max(most, vertex), 0) + 1);
  for (let i = 0; i < triangles.length; i++) if (seen[Math.floor(i / 3)]) isTouched[triangles[i]!] = 1;
  const withAround = new Uint8Array(seen.length);
  for (let i = 0; i < triangles.length; i++) if (isTouched[triangles[i]!]) withAround[Math.floor(i / 3)] = 1;
  return withAround;
}
