import { keyLandmarks, landmarkLines, type MeshPoints, valuesAt } from "@/lib/face/landmarks.ts";
import { vertexNormals } from "@/lib/geometry/shading.ts";
import { meanOf } from "@/lib/geometry/vectors.ts";

/**
 * Calls `refuse` with what is wrong and what is wanted unless landmarks, [68, 3], lie as on a face that looks along +z, y up.
 */
export function checkFacing(landmarks: Float32Array, refuse: (found: string) => void): void {
  const at = (landmark: number, axis: number) => landmarks[3 * landmark + axis]!;
  const { rightEyeCorner, leftEyeCorner, chin, noseTip } = keyLandmarks;
  const [, eyesY, eyesZ] = meanOf(landmarks, [rightEyeCorner, leftEyeCorner]);
  const facts = [
    [
      "the eye on the viewer's left (landmark 36) lies right of the other (45)",
      at(rightEyeCorner, 0) < at(leftEyeCorner, 0),
    ],
    ["its chin (landmark 8) lies above its eyes", at(chin, 1) < eyesY],
    ["the tip of its nose (landmark 30) lies behind its eyes", at(noseTip, 2) > eyesZ],
  ] as const;
  const wrong = facts.find(([, holds]) => !holds);
  if (wrong) refuse(`${wrong[0]}, wanted a face that looks along +z with y up`);
}

/** Whether the bridge of the nose shows the viewer its outside. */
export function noseFacesViewer(mean: Float32Array, triangles: Uint32Array, landmarks: MeshPoints): boolean {
  const normals = vertexNormals({ positions: mean, triangles }, { frame: "model" });
  return meanOf(valuesAt(landmarks, normals), landmarkLines.bridge.landmarks)[2] >= 0;
}

/** The same triangles, seen from the other side. */
export function flipped(triangles: Uint32Array): Uint32Array {
  return triangles.map((_, i) => triangles[i - i % 3 + (3 - i % 3) % 3]!);
}
