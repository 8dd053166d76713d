import type { Vec3 } from "@/lib/types.ts";

/** Points, directions and colors, three numbers each; loops over many write their three lines themselves. */

/** The vector with these coordinates. */
export function vector(coordinate: (axis: 0 | 1 | 2) => number): Vec3 {
  return [coordinate(0), coordinate(1), coordinate(2)];
}

/** One of some points, [n, 3]. */
export function pointAt(points: ArrayLike<number>, index: number): Vec3 {
  return [points[3 * index]!, points[3 * index + 1]!, points[3 * index + 2]!];
}

/** Some of some points, [n, 3], by their numbers: [numbers.length, 3]. */
export function pointsAt(
  points: ArrayLike<number>,
  numbers: ArrayLike<number>,
  out: Float32Array = new Float32Array(3 * numbers.length),
): Float32Array {
  for (let k = 0; k < numbers.length; k++) {
    const i = 3 * numbers[k]!;
    out[3 * k] = points[i]!;
    out[3 * k + 1] = points[i + 1]!;
    out[3 * k + 2] = points[i + 2]!;
  }
  return out;
}

export function plus(a: Vec3, b: Vec3): Vec3 {
  return [a[0] + b[0], a[1] + b[1], a[2] + b[2]];
}

/** a - b, which leads from b to a. */
export function minus(a: Vec3, b: Vec3): Vec3 {
  return [a[0] - b[0], a[1] - b[1], a[2] - b[2]];
}

export function times(a: Vec3, factor: number): Vec3 {
  return [a[0] * factor, a[1] * factor, a[2] * factor];
}

export function dot(a: Vec3, b: Vec3): number {
  return a[0] * b[0] + a[1] * b[1] + a[2] * b[2];
}

/** Across both; counter-clockwise corners b - a and c - a give the outside where y is up. */
export function cross(a: Vec3, b: Vec3): Vec3 {
  return [a[1] * b[2] - a[2] * b[1], a[2] * b[0] - a[0] * b[2], a[0] * b[1] - a[1] * b[0]];
}

/** The same direction at a length of 1; a vector of no length stays as it is. */
export function unit(a: Vec3): Vec3 {
  return times(a, 1 / (Math.hypot(...a) || 1));
}

export function distanceBetween(a: Vec3, b: Vec3): number {
  return Math.hypot(a[0] - b[0], a[1] - b[1], a[2] - b[2]);
}

/** The middle of some points. */
export function meanPoint(points: readonly Vec3[]): Vec3 {
  return times(points.reduce(plus, [0, 0, 0]), 1 / points.length);
}

/** Likewise of points, [n, 3], or of those with these numbers. */
export function meanOf(points: ArrayLike<number>, numbers?: ArrayLike<number>): Vec3 {
  const count = numbers?.length ?? points.length / 3;
  let x = 0, y = 0, z = 0;
  for (let k = 0; k < count; k++) {
    const i = 3 * (numbers ? numbers[k]! : k);
    x += points[i]!;
    y += points[i + 1]!;
    z += points[i + 2]!;
  }
  return times([x, y, z], 1 / count);
}

/** The least box around points, [n, 3], or around those with these numbers; from Infinity to -Infinity where there are none. */
export function boundsOf(
  points: ArrayLike<number>,
  numbers?: ArrayLike<number>,
): { readonly low: Vec3; readonly high: Vec3 } {
  let [left, top, back, right, bottom, front] = [Infinity, Infinity, Infinity, -Infinity, -Infinity, -Infinity];
  for (let k = 0; k < (numbers?.length ?? points.length / 3); k++) {
    const i = 3 * (numbers ? numbers[k]! : k);
    const x = points[i]!, y = points[i + 1]!, z = points[i + 2]!;
    left = Math.min(left, x);
    right = Math.max(right, x);
    top = Math.min(top, y);
    bottom = Math.max(bottom, y);
    back = Math.min(back, z);
    front = Math.max(front, z);
  }
  return { low: [left, top, back], high: [right, bottom, front] };
}
