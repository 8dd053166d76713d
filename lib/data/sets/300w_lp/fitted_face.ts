import { matNumbers, readMat } from "@/lib/formats/mat.ts";
import { InputError } from "@/lib/errors.ts";
import { type Placement, type PoseAngles, poseRotation } from "@/lib/geometry/transforms.ts";
import type { Vec3 } from "@/lib/types.ts";

/** What 3DDFA found when it fitted the Basel Face Model to a photo (Zhu et al., CVPR 2016, equation 1). */
export interface FittedFace {
  /** [199], `Shape_Para`: amounts of the identity's principal components, in their own units, not in deviations. */
  readonly identity: Float64Array;
  /** [29], `Exp_Para`: amounts of the expression's. */
  readonly expression: Float64Array;
  /** The rest is `Pose_Para`. */
  readonly pose: PoseAngles;
  /** Pixels: where the model's origin comes to lie, in a frame whose y points up from below the picture. */
  readonly translation: Vec3;
  /** Pixels per unit of the model, which is a micrometer. */
  readonly scale: number;
}

export const IDENTITY_COUNT = 199;
export const EXPRESSION_COUNT = 29;

/** The fit in a `.mat` of 300W-LP or AFLW2000-3D. Throws an InputError where it cannot be read, or is none. */
export async function readFittedFace(path: string): Promise<FittedFace> {
  const variables = await readMat(path);
  const numbers = (name: string, shape: readonly number[]) => matNumbers(variables, { name, shape, path });
  const [pitch, yaw, roll, x, y, z, scale] = numbers("Pose_Para", [1, 7]) as unknown as Seven;
  if (!(scale > 0)) {
    throw new InputError(`Cannot use Pose_Para of ${path}: its scale is ${scale}, above 0 was expected`);
  }
  return {
    identity: numbers("Shape_Para", [IDENTITY_COUNT, 1]),
    expression: numbers("Exp_Para", [EXPRESSION_COUNT, 1]),
    pose: { pitch, yaw, roll },
    translation: [x, y, z],
    scale,
  };
}

type Seven = readonly [number, number, number, number, number, number, number];

/**
 * Where the fitted model stands in a photo of this height. 3DDFA's frame has MATLAB's pixels, the first of which has its
 * center at 1, and counts y from below: what it calls (x, y) is at (x - 0.5, height + 0.5 - y) (`height + 1 - y` in MATLAB's
 * pixels, as 3DDFA's code turns vertices back into the picture).
 */
export function fittedPlacement(
  { pose, translation: [x, y, z], scale }: Pick<FittedFace, "pose" | "translation" | "scale">,
  height: number,
): Placement {
  return { rotation: poseRotation(pose), scale, translation: [x - 0.5, height + 0.5 - y, z] };
}
