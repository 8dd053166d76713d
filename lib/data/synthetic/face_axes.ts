import { keyLandmarks, mirroredLandmarks } from "@/lib/face/landmarks.ts";
import { dot, meanOf, meanPoint, minus, pointAt, times, unit } from "@/lib/geometry/vectors.ts";
import type { Vec3 } from "@/lib/types.ts";

/** How a face stands in its picture, as its 68 landmarks show it; each vector has length 1. */
export interface FaceAxes {
  /** Between the two sides of the face. */
  readonly center: Vec3;
  /** From the face's right side, the viewer's left, to its left side: across the plane that mirrors it. */
  readonly across: Vec3;
  /** From the chin up to the root of the nose, in that plane. */
  readonly up: Vec3;
}

const { rightJawEnd, rightEyeCorner, rightEyeInnerCorner, rightMouthCorner } = keyLandmarks;
/** Landmarks of the right side; 2 and 4 are on the jaw below its end, 31 is the outermost on the nostrils. */
const rightLandmarks = [rightJawEnd, 2, 4, rightEyeCorner, rightEyeInnerCorner, 31, rightMouthCorner];
const pairs = rightLandmarks.map((right) => [right, mirroredLandmarks[right]!] as const);

/** Landmarks are [68, 3], in Multi-PIE order. */
export function faceAxes(landmarks: Float32Array): FaceAxes {
  const point = (l: number) => pointAt(landmarks, l);
  const across = direction(meanPoint(pairs.map(([right, left]) => minus(point(left), point(right)))));
  const rise = minus(point(keyLandmarks.noseRoot), point(keyLandmarks.chin));
  return {
    center: meanOf(landmarks, pairs.flat()),
    across,
    up: direction(minus(rise, times(across, dot(rise, across)))),
  };
}

function direction(v: Vec3): Vec3 {
  if (!(Math.hypot(...v) > 0)) throw new RangeError("Cannot find which way a face looks whose landmarks coincide");
  return unit(v);
}
