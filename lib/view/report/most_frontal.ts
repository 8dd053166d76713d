import { keyLandmarks } from "@/lib/face/landmarks.ts";
import { cross, minus, pointAt, unit } from "@/lib/geometry/vectors.ts";

/**
 * The face that looks most straight at the camera. Its front is taken as the plane of the outer eye corners' line and
 * the line from the nose's bridge to the chin; landmarks are [68, 3].
 */
export function mostFrontal<T extends { readonly landmarks: Float32Array }>(faces: readonly T[]): T {
  return faces.reduce((best, face) => frontality(face.landmarks) > frontality(best.landmarks) ? face : best);
}

/** The cosine of the angle between what the face looks along and the camera's axis; negative where it looks away. */
function frontality(landmarks: Float32Array): number {
  const line = (from: number, to: number) => minus(pointAt(landmarks, to), pointAt(landmarks, from));
  const { rightEyeCorner, leftEyeCorner, noseRoot, chin } = keyLandmarks;
  return unit(cross(line(rightEyeCorner, leftEyeCorner), line(noseRoot, chin)))[2];
}
