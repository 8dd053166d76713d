import { keyLandmarks } from "@/lib/face/landmarks.ts";

/**
 * The face that looks most straight at the camera. Its front is taken as the plane of the outer eye corners' line and
 * the line from the nose's bridge to the chin; landmarks are [68, 3].
 */
export function mostFrontal<T extends { readonly landmarks: Float32Array }>(faces: readonly T[]): T {
  return faces.reduce((best, face) => frontality(face.landmarks) > frontality(best.landmarks) ? face : best);
}

/** The cosine of the angle between what the face looks along and the camera's axis. */
function frontality(landmarks: Float32Array): number {
  const line = (from: number, to: number) =>
    [0, 1, 2].map((axis) => landmarks[3 * to + axis]! - landmarks[3 * from + axis]!);
  const [ax, ay, az] = line(keyLandmarks.rightEyeCorner, keyLandmarks.leftEyeCorner) as [number, number, number];
  const [bx, by, bz] = line(keyLandmarks.noseRoot, keyLandmarks.chin) as [number, number, number];
  const normal = [ay * bz - az * by, az * bx - ax * bz, ax * by - ay * bx] as const;
  return Math.abs(normal[2]) / Math.hypot(...normal);
}
