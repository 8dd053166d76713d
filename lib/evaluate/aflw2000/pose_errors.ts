import { DEGREE } from "@/lib/geometry/transforms.ts";
import { mean } from "@/lib/numbers.ts";
import type { PoseAngles } from "@/lib/geometry/transforms.ts";

/** Mean absolute errors of angles, in degrees. */
export interface PoseErrors extends Readonly<Record<keyof PoseAngles, number>> {
  /** Mean of the three. */
  readonly mean: number;
  readonly images: number;
  /** Faces that are turned further than is compared. */
  readonly leftOut: number;
}

/** In radians. */
export interface PosePair {
  readonly predicted: PoseAngles;
  readonly truth: PoseAngles;
}

/**
 * Degrees: faces with an angle beyond it are left out, as since Hopenet (Ruiz et al., CVPRW 2018). AFLW2000-3D has 31 of
 * them, one of which, image00032, has a pitch of -300, a yaw of -103 and a roll of 298.
 */
const LARGEST = 99;

/** How far angles are off, the shorter way round. */
export function poseErrors(pairs: readonly PosePair[]): PoseErrors {
  const angles = ["pitch", "yaw", "roll"] as const;
  const compared = pairs.filter(({ truth }) => angles.every((angle) => Math.abs(truth[angle]) <= LARGEST * DEGREE));
  const errorOf = (angle: keyof PoseAngles) =>
    mean(compared.map(({ predicted, truth }) => {
      const off = Math.abs(predicted[angle] - truth[angle]) % (2 * Math.PI);
      return Math.min(off, 2 * Math.PI - off) / DEGREE;
    }));
  const [pitch, yaw, roll] = angles.map(errorOf) as [number, number, number];
  const leftOut = pairs.length - compared.length;
  return { pitch, yaw, roll, mean: (pitch + yaw + roll) / 3, images: compared.length, leftOut };
}
