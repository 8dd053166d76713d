import { alignPoints3D, type Similarity3D, transformPoints3D } from "@/lib/geometry/procrustes.ts";
import { type PoseAngles, poseAngles } from "@/lib/geometry/transforms.ts";
import { meanOf } from "@/lib/geometry/vectors.ts";

/** Landmarks that expressions hardly move: the jaw's upper ends, the nose's bridge and the corners of the eyes. */
const steady = [0, 1, 2, 14, 15, 16, 27, 28, 29, 30, 31, 33, 35, 36, 39, 42, 45] as const;

/**
 * How a head is turned, from its landmarks, [68, 3] in image space, beside those of a face at rest that looks at the viewer,
 * [68, 3] in model space (y up). A head that is turned past its profile has a yaw beyond π/2, where other angles of the same
 * rotation would have it upside down.
 */
export function poseOfLandmarks(landmarks: Float32Array, neutral: Float32Array): PoseAngles {
  const { pitch, yaw, roll } = poseAngles(alignSteady(landmarks, neutral).placement.rotation);
  const other = (angle: number) => angle - Math.sign(angle) * Math.PI;
  const isPastProfile = Math.min(Math.abs(pitch), Math.abs(roll)) > Math.PI / 2;
  return isPastProfile ? { pitch: other(pitch), yaw: -other(yaw), roll: other(roll) } : { pitch, yaw, roll };
}

/**
 * What the steady landmarks of a head at rest miss when they are placed best, root mean square in shares of their spread:
 * at most this of faces, also in profile and behind a hand (by the weights that come along 0.024 to 0.073, half of them below
 * 0.032, eight real photos 0.027 to 0.040); what a network makes of a crop without a face misses 0.13 in the median.
 */
const LARGEST_MISS = 0.07;
/** How fast the likeness falls about that. */
const MISS_SLOPE = 0.01;

/**
 * How much landmarks look like those of any head, from 0 to 1, 0.5 in doubt: a network's map of something that is no face is
 * of no face's shape. Arguments as of {@linkcode poseOfLandmarks}.
 */
export function headLikeness(landmarks: Float32Array, neutral: Float32Array): number {
  let aligned;
  try {
    aligned = alignSteady(landmarks, neutral);
  } catch (error) {
    if (error instanceof RangeError) return 0; // not finite, all in one place, or on a line
    throw error;
  }
  const { from, to, placement } = aligned;
  const placed = transformPoints3D(from, placement);
  const middle = meanOf(to);
  let missed = 0, spread = 0;
  for (let i = 0; i < to.length; i++) {
    missed += (placed[i]! - to[i]!) ** 2;
    spread += (to[i]! - middle[i % 3]!) ** 2;
  }
  return 1 / (1 + Math.exp((Math.sqrt(missed / spread) - LARGEST_MISS) / MISS_SLOPE));
}

/** Brings the steady landmarks at rest to those that were found, both with y up. */
function alignSteady(landmarks: Float32Array, neutral: Float32Array) {
  const pick = (points: Float32Array, ySign: number) =>
    Float32Array.from(steady.flatMap((landmark) => {
      const [x, y, z] = points.subarray(3 * landmark, 3 * landmark + 3);
      return [x!, ySign * y!, z!];
    }));
  const from = pick(neutral, 1), to = pick(landmarks, -1);
  const placement: Similarity3D = alignPoints3D(from, to);
  return { from, to, placement };
}
