import { LuDecomposition, Matrix } from "ml-matrix";

/** A point of the sculpture: where it lies on the unrolled sheet (p, q) and in model space (x, y, z). */
export type ControlPoint = readonly [p: number, q: number, x: number, y: number, z: number];

/** Model coordinates of a point of the sheet. */
export type Sheet = (p: number, q: number) => [x: number, y: number, z: number];

/** Lets the surface pass its control points by a hair, so that points close together do not make waves. */
const SMOOTHING = 2e-3;

/**
 * The thin plate spline (Duchon, 1977) through control points of the right half, p ≥ 0, and their mirror images: x is
 * odd in p, y and z are even.
 */
export function symmetricThinPlate(points: readonly ControlPoint[]): Sheet {
  const off = points.filter(([p]) => p > 0);
  const odd = solve(off, -1, off.map(([, , x]) => [x]), ([p]) => [p]);
  const even = solve(points, 1, points.map(([, , , y, z]) => [y, z]), ([, q]) => [1, q]);
  const [x, y, z] = [odd[0]!, even[0]!, even[1]!];
  const [ps, qs] = [0, 1].map((axis) => Float64Array.from(points, (point) => point[axis]!)) as [
    Float64Array,
    Float64Array,
  ];
  const count = points.length;
  const xs = new Float64Array(count); // no point of the midline bears on x
  points.filter(([p]) => p > 0).forEach((point, k) => xs[points.indexOf(point)] = x[k]!);
  const [ys, zs] = [Float64Array.from(y), Float64Array.from(z)];
  const slope = x.at(-1)!;
  return (p, q) => {
    let [outX, outY, outZ] = [slope * p, ys[count]! + ys[count + 1]! * q, zs[count]! + zs[count + 1]! * q];
    for (let i = 0; i < count; i++) {
      const dq = q - qs[i]!;
      const near = kernel(p - ps[i]!, dq);
      const far = kernel(p + ps[i]!, dq);
      outX += xs[i]! * (near - far);
      outY += ys[i]! * (near + far);
      outZ += zs[i]! * (near + far);
    }
    return [outX, outY, outZ];
  };
}

function kernel(dp: number, dq: number): number {
  const square = dp * dp + dq * dq;
  return square === 0 ? 0 : square * Math.log(square);
}

/** Weights of the kernels, then of the affine terms, for each column of values. */
function solve(
  points: readonly ControlPoint[],
  parity: 1 | -1,
  values: number[][],
  affine: (point: ControlPoint) => number[],
): number[][] {
  const n = points.length;
  const terms = affine(points[0]!).length;
  const system = Matrix.zeros(n + terms, n + terms);
  const right = Matrix.zeros(n + terms, values[0]!.length);
  points.forEach(([p, q], i) => {
    points.forEach(([pj, qj], j) => {
      system.set(i, j, kernel(p - pj, q - qj) + parity * kernel(p + pj, q - qj) + (i === j ? SMOOTHING : 0));
    });
    affine(points[i]!).forEach((term, k) => {
      system.set(i, n + k, term);
      system.set(n + k, i, term);
    });
    values[i]!.forEach((value, k) => right.set(i, k, value));
  });
  return new LuDecomposition(system).solve(right).transpose().to2DArray();
}
