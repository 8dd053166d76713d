/** What stands for heads of others in tests: the built-in face as their files would have it. */
import { encodeGlb } from "@/lib/export/glb.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { type LandmarkConvention, landmarksOf, renumberPoints } from "@/lib/face/landmarks.ts";
import { materialNames } from "@/lib/face/morphable_model.ts";
import { pointsAt } from "@/lib/geometry/vectors.ts";
import type { NumpyArray } from "@/tests/formats/numpy_files.ts";

const face = builtInFace();
const { surface, surfaceVertices } = face;

/** The face in a binary glTF of meters, with two of its expressions, by ARKit's names. */
export const glbNames = ["jawOpen", "mouthSmile_L"] as const;
export const glbShapes = glbNames.map((name) =>
  pointsAt(face.expressionModes[face.expressionNames.indexOf(name)]!, surfaceVertices)
);
export const glb = await encodeGlb(
  { positions: pointsAt(face.mean, surfaceVertices), triangles: surface.triangles, uv: surface.uv },
  { metersPerUnit: 0.01, morphs: { names: ["jawOpen", "mouthSmileLeft"], shapes: glbShapes } },
);

/** The landmarks of the face's surface as a list in JSON has them. */
export function listedLandmarks(convention: LandmarkConvention = "300w-lp"): number[][] {
  const { vertices, weights } = landmarksOf(surface.landmarks, convention);
  return Array.from(
    { length: 68 },
    (_, l) => [...vertices.subarray(3 * l, 3 * l + 3), ...weights.subarray(3 * l, 3 * l + 3)],
  );
}

/** The arrays of the layout of any linear model, for the built-in head with all its parts. */
export function linearArrays(): Record<string, NumpyArray> {
  const count = face.mean.length / 3, triangleCount = face.triangles.length / 3;
  const covered = surface.triangles.length; // which are the first of all
  const marks = (convention: LandmarkConvention) =>
    renumberPoints(landmarksOf(surface.landmarks, convention), surfaceVertices);
  const [outline, fixed] = [marks("outline"), marks("300w-lp")];
  return {
    mean: { shape: [count, 3], values: face.mean },
    triangles: { shape: [triangleCount, 3], values: face.triangles },
    uv: { shape: [surface.uv.length / 2, 2], values: surface.uv.map((value, i) => i % 2 === 0 ? value : 1 - value) },
    uv_triangles: {
      shape: [triangleCount, 3],
      values: face.triangles.map((_, i) => i < covered ? surface.triangles[i]! : 0),
    },
    identity: { shape: [face.identityModes.length, count, 3], values: joined(face.identityModes) },
    expression: { shape: [face.expressionModes.length, count, 3], values: joined(face.expressionModes) },
    expression_names: face.expressionNames,
    landmarks: { shape: [68, 3], values: outline.vertices },
    landmark_weights: { shape: [68, 3], values: outline.weights },
    landmarks_300w_lp: { shape: [68, 3], values: fixed.vertices },
    landmark_weights_300w_lp: { shape: [68, 3], values: fixed.weights },
    materials: [...face.materials].map((number) => materialNames[number]!),
    surface: {
      shape: [triangleCount],
      values: Uint8Array.from({ length: triangleCount }, (_, t) => 3 * t < covered ? 1 : 0),
    },
    license: "for tests only",
  };
}

function joined(modes: readonly Float32Array[]): Float32Array {
  const values = new Float32Array(modes.reduce((sum, { length }) => sum + length, 0));
  modes.forEach((mode, m) => values.set(mode, m * mode.length));
  return values;
}
