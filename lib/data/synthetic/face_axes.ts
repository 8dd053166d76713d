import { keyLandmarks, mirroredLandmarks } from "@/lib/face/landmarks.ts";
import type { Mat3, Vec3 } from "@/lib/types.ts";

/** How a face stands in its picture, as its 68 landmarks show it; each vector has length 1. */
export interface FaceAxes {
  /** Between the two sides of the face. */
  readonly center: Vec3;
  /** From the face's right side, the viewer's left, to its left side: across the plane that mirrors it. */
  readonly across: Vec3;
  /** From the chin up to the root of the nose, in that plane. */
  readonly up: Vec3;
}

/** Landmarks of the right side, and of the left. */
const pairs = [0, 2, 4, 36, 39, 31, 48].map((right) => [right, mirroredLandmarks[right]!] as const);

/** Landmarks are [68, 3], in Multi-PIE order. */
export function faceAxes(landmarks: Float32Array): FaceAxes {
  const point = (l: number): Vec3 => [landmarks[3 * l]!, landmarks[3 * l + 1]!, landmarks[3 * l + 2]!];
  const sum = (points: readonly Vec3[]) =>
    points.reduce((total, p) => [total[0] + p[0], total[1] + p[1], total[2] + p[2]], [0, 0, 0] as Vec3);
  const scaled = (p: Vec3, by: number): Vec3 => [p[0] * by, p[1] * by, p[2] * by];
  const across = unit(sum(pairs.map(([right, left]) => sum([point(left), scaled(point(right), -1)]))));
  const rise = sum([point(keyLandmarks.noseRoot), scaled(point(keyLandmarks.chin), -1)]);
  return {
    center: scaled(sum(pairs.flat().map(point)), 0.5 / pairs.length),
    across,
    up: unit(sum([rise, scaled(across, -dot(rise, across))])),
  };
}

/**
 * Turns image space about an axis of length 1; about one that points up, a positive angle takes the viewer's side
 * towards the image's left, as a positive yaw does.
 */
export function axisRotation([x, y, z]: Vec3, angleRadians: number): Mat3 {
  const c = Math.cos(angleRadians);
  const s = Math.sin(angleRadians);
  const r = 1 - c;
  return new Float64Array([
    ...[c + x * x * r, x * y * r - z * s, x * z * r + y * s],
    ...[y * x * r + z * s, c + y * y * r, y * z * r - x * s],
    ...[z * x * r - y * s, z * y * r + x * s, c + z * z * r],
  ]);
}

export function dot(a: Vec3, b: Vec3): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

function unit(v: Vec3): Vec3 {
  const length = Math.hypot(...v);
  if (!(length > 0)) throw new RangeError("Cannot find which way a face looks whose landmarks coincide");
  return [v[0] / length, v[1] / length, v[2] / length];
}
