import { alignPoints3D } from "@/lib/geometry/procrustes.ts";
import { type PoseAngles, poseAngles } from "@/lib/geometry/transforms.ts";

/** Landmarks that expressions hardly move: the jaw's upper ends, the nose's bridge and the corners of the eyes. */
const steady = [0, 1, 2, 14, 15, 16, 27, 28, 29, 30, 31, 33, 35, 36, 39, 42, 45] as const;

/**
 * How a head is turned, from its landmarks, [68, 3] in image space, beside those of a face at rest that looks at the viewer,
 * [68, 3] in model space (y up).
 */
export function poseOfLandmarks(landmarks: Float32Array, neutral: Float32Array): PoseAngles {
  const pick = (points: Float32Array, ySign: number) =>
    Float32Array.from(steady.flatMap((landmark) => {
      const [x, y, z] = points.subarray(3 * landmark, 3 * landmark + 3);
      return [x!, ySign * y!, z!];
    }));
  return poseAngles(alignPoints3D(pick(neutral, 1), pick(landmarks, -1)).rotation);
}
