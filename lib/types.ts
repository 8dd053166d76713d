/**
 * The few shapes of data that everything shares.
 *
 * Image space, in pixels: x right, y down, z towards the viewer (a left-handed frame). A pixel in row i, column j
 * covers [j, j + 1) × [i, i + 1): its center is at (j + 0.5, i + 0.5). UV space likewise: u right, v down, both in
 * [0, 1], and the texel in row i, column j of a map of size s has its center at ((j + 0.5) / s, (i + 0.5) / s).
 */

/** Row-major 3×3 matrix. */
export type Mat3 = Float64Array;

/** Coordinates x, y and z of a point or a direction, or a color's red, green and blue. */
export type Vec3 = readonly [number, number, number];

/** A triangle mesh in image space. */
export interface Mesh {
  /** [vertexCount, 3], rows of x, y, z. */
  readonly positions: Float32Array;
  /** [triangleCount, 3], zero-based vertex indices. */
  readonly triangles: Uint32Array;
}

/** A picture: sRGB bytes. */
export interface Photo {
  readonly width: number;
  readonly height: number;
  /** [height, width, 3], red, green, blue. */
  readonly rgb: Uint8Array;
}

/** An upright rectangle of an image, in its pixels. */
export interface Box {
  readonly left: number;
  readonly top: number;
  readonly width: number;
  readonly height: number;
}

/** A square of an image, in that image's pixels. The crop's own pixels run from 0 to `size` on both axes. */
export interface Crop {
  readonly left: number;
  readonly top: number;
  readonly side: number;
}

/** The 3D points of a face's surface at each texel of its UV layout. */
export interface PositionMap {
  readonly size: number;
  /** [size, size, 3], x, y, z in crop pixels; z is 0 at the farthest point of the face and grows towards the viewer. */
  readonly positions: Float32Array;
}
