import { determinant, Matrix, SingularValueDecomposition } from "ml-matrix";
import { rotatePoints, type Similarity2D } from "@/lib/geometry/transforms.ts";
import { pointAt } from "@/lib/geometry/vectors.ts";
import type { Mat3, Vec3 } from "@/lib/types.ts";

/** A point p goes to scale · rotation · p + translation. */
export interface Similarity3D {
  readonly rotation: Mat3;
  readonly scale: number;
  readonly translation: Vec3;
}

/**
 * The rotation, scale and shift that bring `from` nearest to `to` in the sense of least squares, without reflection
 * (Umeyama, PAMI 1991). Both are [n, 3]. Throws a RangeError where the points leave the rotation open: fewer than three,
 * all on a line, or not finite.
 */
export function alignPoints3D(from: Float32Array, to: Float32Array): Similarity3D {
  const { rotation, scale, translation } = align(from, to, 3);
  return { rotation: new Float64Array(rotation.to1DArray()), scale, translation: pointAt(translation, 0) };
}

/** As {@linkcode alignPoints3D}, of [n, 2]: fewer than two points, all the same, or not finite are a RangeError. */
export function alignPoints2D(from: Float32Array, to: Float32Array): Similarity2D {
  const { rotation, scale, translation } = align(from, to, 2);
  const [dx, dy] = translation as [number, number];
  return { rotation: Math.atan2(rotation.get(1, 0), rotation.get(0, 0)), scale, dx, dy };
}

/** Points are [n, 3]. `out` may be `points`. */
export function transformPoints3D(
  points: Float32Array,
  { rotation, scale, translation: [tx, ty, tz] }: Similarity3D,
  out: Float32Array = new Float32Array(points.length),
): Float32Array {
  rotatePoints(points, rotation, out);
  for (let i = 0; i < out.length; i += 3) {
    out[i] = scale * out[i]! + tx;
    out[i + 1] = scale * out[i + 1]! + ty;
    out[i + 2] = scale * out[i + 2]! + tz;
  }
  return out;
}

/** Singular values of the covariance below this share of the spread are rounding. */
const RANK_TOLERANCE = 1e-9;

function align(from: Float32Array, to: Float32Array, dimensions: 2 | 3) {
  if (from.length !== to.length || from.length % dimensions !== 0) {
    throw new TypeError(
      `Cannot align ${from.length} numbers with ${to.length}: both must be rows of ${dimensions} coordinates`,
    );
  }
  const count = from.length / dimensions;
  const fromMean = mean(from, dimensions);
  const toMean = mean(to, dimensions);
  const covariance = Matrix.zeros(dimensions, dimensions);
  let fromSpread = 0;
  let toSpread = 0;
  for (let i = 0; i < from.length; i += dimensions) {
    for (let row = 0; row < dimensions; row++) {
      const t = to[i + row]! - toMean[row]!;
      toSpread += t * t;
      fromSpread += (from[i + row]! - fromMean[row]!) ** 2;
      for (let column = 0; column < dimensions; column++) {
        const f = from[i + column]! - fromMean[column]!;
        covariance.set(row, column, covariance.get(row, column) + t * f);
      }
    }
  }
  const spread = Math.sqrt(fromSpread * toSpread);
  if (!(spread > 0 && spread < Infinity)) {
    throw new RangeError(`Cannot align ${count} points: they must be finite and not all the same`);
  }
  const { leftSingularVectors: u, rightSingularVectors: v, diagonal } = new SingularValueDecomposition(covariance);
  // The least singular value may vanish (flat points): the rotation is still the only one that is no reflection.
  if (!(diagonal[dimensions - 2]! > RANK_TOLERANCE * spread)) {
    throw new RangeError(`Cannot align ${count} points: they lie on a line, so that any turn about it would do`);
  }
  const signs = diagonal.map(() => 1);
  if (determinant(u) * determinant(v) < 0) signs[dimensions - 1] = -1;
  const rotation = u.mmul(Matrix.diag(signs)).mmul(v.transpose());
  const scale = diagonal.reduce((sum, value, i) => sum + value * signs[i]!, 0) / fromSpread;
  if (!(scale > RANK_TOLERANCE)) throw new RangeError(`Cannot align ${count} points with their own mirror image`);
  const turnedMean = rotation.mmul(Matrix.columnVector(fromMean)).to1DArray();
  return { rotation, scale, translation: toMean.map((value, i) => value - scale * turnedMean[i]!) };
}

function mean(points: Float32Array, dimensions: number): number[] {
  const sums = new Array<number>(dimensions).fill(0);
  points.forEach((value, i) => sums[i % dimensions]! += value);
  return sums.map((sum) => sum * dimensions / points.length);
}
