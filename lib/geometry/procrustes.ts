import { determinant, Matrix, SingularValueDecomposition } from "ml-matrix";
import { rotatePoints } from "@/lib/geometry/transforms.ts";
import { meanOf, minus, pointAt, times } from "@/lib/geometry/vectors.ts";
import type { Mat3, Vec3 } from "@/lib/types.ts";

/** A point p goes to scale · rotation · p + translation. */
export interface Similarity3D {
  readonly rotation: Mat3;
  readonly scale: number;
  readonly translation: Vec3;
}

/** Leaves every point where it is. */
export const unmoved: Similarity3D = {
  rotation: new Float64Array([1, 0, 0, 0, 1, 0, 0, 0, 1]),
  scale: 1,
  translation: [0, 0, 0],
};

/**
 * The rotation, scale and shift that bring `from` nearest to `to` in the sense of least squares, without reflection
 * (Umeyama, PAMI 1991). Both are [n, 3]. Throws a RangeError where the points leave the rotation open: fewer than three,
 * all on a line, or not finite.
 */
export function alignPoints3D(from: Float32Array, to: Float32Array): Similarity3D {
  if (from.length !== to.length || from.length % 3 !== 0) {
    throw new TypeError(`Cannot align ${from.length} numbers with ${to.length}: both must be rows of 3 coordinates`);
  }
  const count = from.length / 3;
  const fromMean = meanOf(from), toMean = meanOf(to);
  const covariance = Matrix.zeros(3, 3);
  let fromSpread = 0;
  let toSpread = 0;
  for (let i = 0; i < from.length; i += 3) {
    for (let row = 0; row < 3; row++) {
      const t = to[i + row]! - toMean[row]!;
      toSpread += t * t;
      fromSpread += (from[i + row]! - fromMean[row]!) ** 2;
      for (let column = 0; column < 3; column++) {
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
  if (!(diagonal[1]! > RANK_TOLERANCE * spread)) {
    throw new RangeError(`Cannot align ${count} points: they lie on a line, so that any turn about it would do`);
  }
  const signs = diagonal.map(() => 1);
  if (determinant(u) * determinant(v) < 0) signs[2] = -1;
  const rotation = u.mmul(Matrix.diag(signs)).mmul(v.transpose());
  const scale = diagonal.reduce((sum, value, i) => sum + value * signs[i]!, 0) / fromSpread;
  const turnedMean = rotation.mmul(Matrix.columnVector([...fromMean])).to1DArray();
  const translation = minus(toMean, times(pointAt(turnedMean, 0), scale));
  return { rotation: new Float64Array(rotation.to1DArray()), scale, translation };
}

/** Singular values of the covariance below this share of the spread are rounding. */
const RANK_TOLERANCE = 1e-9;

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
