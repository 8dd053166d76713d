import { emptyRaster, rasterize } from "@/lib/geometry/rasterize.ts";
import { pointsAt } from "@/lib/geometry/vectors.ts";
import { placeInImage, poseRotation } from "@/lib/geometry/transforms.ts";
import { keyLandmarks, landmarkBox, landmarkLines, outlineOf, valuesAt } from "@/lib/face/landmarks.ts";
import { materialNumbers, meshLandmarks, type MorphableModel, shapeFace } from "@/lib/face/morphable_model.ts";

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
  const kept = Uint32Array.from(model.materials.keys()).filter((t) => !isHidden(t));
  const corners = model.triangles.filter((_, corner) => !isHidden(Math.floor(corner / 3)));
  const isUsed = new Uint8Array(model.mean.length / 3);
  for (const vertex of corners) isUsed[vertex] = 1;
  for (const vertex of model.surfaceVertices) isUsed[vertex] = 1;
  const vertices = Uint32Array.from(isUsed.keys()).filter((vertex) => isUsed[vertex]);
  const renumbered = new Uint32Array(isUsed.length);
  vertices.forEach((vertex, i) => renumbered[vertex] = i);
  const pick = (values: Float32Array) => pointsAt(values, vertices);
  return {
    ...model,
    mean: pick(model.mean),
    identityModes: model.identityModes.map(pick),
    expressionModes: model.expressionModes.map(pick),
    triangles: corners.map((vertex) => renumbered[vertex]!),
    materials: Uint8Array.from(kept, (t) => model.materials[t]!),
    surfaceVertices: model.surfaceVertices.map((vertex) => renumbered[vertex]!),
  };
}

const VIEW_SIZE = 256;
const DEGREE = Math.PI / 180;

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
