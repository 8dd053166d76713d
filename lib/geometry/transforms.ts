import type { Mat3, Vec3 } from "@/lib/types.ts";

/** A degree, in radians, which all angles are in unless their names say degrees. */
export const DEGREE = Math.PI / 180;

/**
 * A head's rotation in radians, as 3DDFA and 300W-LP's Pose_Para have it: at positive pitch the face looks up, at
 * positive yaw towards the image's left, and positive roll turns it clockwise on the screen.
 */
export interface PoseAngles {
  readonly pitch: number;
  readonly yaw: number;
  readonly roll: number;
}

/** About the x axis of model space (x right, y up, z towards the viewer): a positive angle makes the face look up. */
export function pitchRotation(angleRadians: number): Mat3 {
  const c = Math.cos(angleRadians);
  const s = Math.sin(angleRadians);
  return new Float64Array([1, 0, 0, 0, c, s, 0, -s, c]);
}

/** About the y axis of model space: a positive angle turns the face towards the image's left. */
export function yawRotation(angleRadians: number): Mat3 {
  const c = Math.cos(angleRadians);
  const s = Math.sin(angleRadians);
  return new Float64Array([c, 0, -s, 0, 1, 0, s, 0, c]);
}

/** About the z axis of model space: a positive angle turns the face clockwise on the screen. */
export function rollRotation(angleRadians: number): Mat3 {
  const c = Math.cos(angleRadians);
  const s = Math.sin(angleRadians);
  return new Float64Array([c, s, 0, -s, c, 0, 0, 0, 1]);
}

/**
 * About an axis of length 1 (Rodrigues), counter-clockwise where it points at the viewer in model space. In image space, a
 * positive angle about an axis that points up takes the viewer's side towards the image's left, as a positive yaw does.
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

/** Model space to the head's pose, pitch · yaw · roll (3DDFA, Zhu et al., CVPR 2016; `angle2matrix` of its code). */
export function poseRotation({ pitch, yaw, roll }: PoseAngles): Mat3 {
  return multiply(pitchRotation(pitch), multiply(yawRotation(yaw), rollRotation(roll)));
}

/** Undoes {@linkcode poseRotation}: yaw within ±π/2, pitch and roll within ±π; roll is 0 where yaw is ±π/2. */
export function poseAngles(rotation: Mat3): PoseAngles {
  const [m00, m01, m02, m10, m11, m12, , , m22] = entriesOf(rotation);
  const yawCosine = Math.hypot(m00, m01);
  const yaw = Math.atan2(-m02, yawCosine);
  // Pitch and roll turn about the same axis there, and only their sum or difference is known.
  if (yawCosine < 1e-9) return { pitch: Math.atan2(-m02 * m10, m11), yaw, roll: 0 };
  return { pitch: Math.atan2(m12, m22), yaw, roll: Math.atan2(m01, m00) };
}

/** Nine numbers, of a matrix row by row. */
export type Nine = readonly [number, number, number, number, number, number, number, number, number];

/** The numbers of a matrix, or of other nine, to be taken apart. */
export function entriesOf(m: Mat3): Nine {
  return m as unknown as Nine;
}

/** The product ab: as a rotation, b and then a. */
export function multiply(a: Mat3, b: Mat3): Mat3 {
  const product = new Float64Array(9);
  for (let row = 0; row < 3; row++) {
    for (let column = 0; column < 3; column++) {
      for (let k = 0; k < 3; k++) product[3 * row + column]! += a[3 * row + k]! * b[3 * k + column]!;
    }
  }
  return product;
}

/** Each point multiplied by the matrix; points are [n, 3]. `out` may be `points`. */
export function rotatePoints(
  points: Float32Array,
  rotation: Mat3,
  out: Float32Array = new Float32Array(points.length),
): Float32Array {
  const [m00, m01, m02, m10, m11, m12, m20, m21, m22] = entriesOf(rotation);
  for (let i = 0; i < points.length; i += 3) {
    const x = points[i]!;
    const y = points[i + 1]!;
    const z = points[i + 2]!;
    out[i] = m00 * x + m01 * y + m02 * z;
    out[i + 1] = m10 * x + m11 * y + m12 * z;
    out[i + 2] = m20 * x + m21 * y + m22 * z;
  }
  return out;
}

/** Where a model stands in an image, under scaled orthographic projection. */
export interface Placement {
  /** Turns model space, before it is scaled. */
  readonly rotation: Mat3;
  /** Pixels per model unit. */
  readonly scale: number;
  /** Pixels: where the model's origin comes to lie in image space. */
  readonly translation: Vec3;
}

/** Model space (y up) to image space (y down); vertices are [n, 3]. `out` may be `vertices`. */
export function placeInImage(
  vertices: Float32Array,
  { rotation, scale, translation: [tx, ty, tz] }: Placement,
  out: Float32Array = new Float32Array(vertices.length),
): Float32Array {
  rotatePoints(vertices, rotation, out);
  for (let i = 0; i < out.length; i += 3) {
    out[i] = tx + scale * out[i]!;
    out[i + 1] = ty - scale * out[i + 1]!;
    out[i + 2] = tz + scale * out[i + 2]!;
  }
  return out;
}

/** Row-major; its columns are model space's x, y and z in image space, each this long, as precise as placed vertices. */
export function placedAxes({ rotation }: Pick<Placement, "rotation">, length: number): Float64Array {
  return rotation.map((value, i) => length * (i >= 3 && i < 6 ? -1 : 1) * Math.fround(value)); // y goes down
}

/** A pinhole camera before a face: what lies in the plane at `depth` keeps its place and size. */
export interface Perspective {
  /** Pixels: where the camera looks. */
  readonly center: readonly [number, number];
  /** Pixels: z of the plane that is seen as it would be from far away. */
  readonly depth: number;
  /** Pixels from that plane to the camera. */
  readonly distance: number;
}

/**
 * Where a near camera sees points of image space, [n, 3], in place. Their z stays: a position map has scaled orthography's
 * depth at the place where a point is seen.
 */
export function applyPerspective(points: Float32Array, { center: [x, y], depth, distance }: Perspective): void {
  for (let i = 0; i < points.length; i += 3) {
    const nearness = distance / Math.max(0.2 * distance, distance - (points[i + 2]! - depth));
    points[i] = x + nearness * (points[i]! - x);
    points[i + 1] = y + nearness * (points[i + 1]! - y);
  }
}

/**
 * A motion in the image plane: a point p goes to scale · R(rotation) · p + (dx, dy), in pixels. A positive rotation turns the
 * picture clockwise on the screen (y is down).
 */
export interface Similarity2D {
  /** Radians. */
  readonly rotation: number;
  readonly scale: number;
  readonly dx: number;
  readonly dy: number;
}

/** Rotates and scales about this point of the image, then shifts. */
export function similarityAbout(
  [x, y]: readonly [number, number],
  { rotation, scale, dx, dy }: Similarity2D,
): Similarity2D {
  const c = scale * Math.cos(rotation);
  const s = scale * Math.sin(rotation);
  return { rotation, scale, dx: x - (c * x - s * y) + dx, dy: y - (s * x + c * y) + dy };
}

/** The way back. Throws a RangeError where the scale is not above 0. */
export function invertSimilarity({ rotation, scale, dx, dy }: Similarity2D): Similarity2D {
  if (!(scale > 0)) throw new RangeError(`Cannot invert a similarity of scale ${scale}: it must be greater than 0`);
  const linear = { rotation: -rotation, scale: 1 / scale, dx: 0, dy: 0 };
  const [x, y] = transformPoint([dx, dy], linear);
  return { ...linear, dx: -x, dy: -y };
}

/** The first, then the second. */
export function composeSimilarities(first: Similarity2D, second: Similarity2D): Similarity2D {
  const [dx, dy] = transformPoint([first.dx, first.dy], second);
  return { rotation: first.rotation + second.rotation, scale: first.scale * second.scale, dx, dy };
}

/** The point turned about the origin and scaled, then shifted. */
export function transformPoint(
  [x, y]: readonly [number, number],
  { rotation, scale, dx, dy }: Similarity2D,
): [number, number] {
  const c = scale * Math.cos(rotation);
  const s = scale * Math.sin(rotation);
  return [c * x - s * y + dx, s * x + c * y + dy];
}

/** Positions are [n, 3], in image space: their z is scaled with x and y. `out` may be `positions`. */
export function transformPositions(
  positions: Float32Array,
  { rotation, scale, dx, dy }: Similarity2D,
  out: Float32Array = new Float32Array(positions.length),
): Float32Array {
  const c = scale * Math.cos(rotation);
  const s = scale * Math.sin(rotation);
  for (let i = 0; i < positions.length; i += 3) {
    const x = positions[i]!;
    const y = positions[i + 1]!;
    out[i] = c * x - s * y + dx;
    out[i + 1] = s * x + c * y + dy;
    out[i + 2] = scale * positions[i + 2]!;
  }
  return out;
}
