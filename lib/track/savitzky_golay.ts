import { Matrix, solve } from "ml-matrix";

/** Degree of the polynomials. */
const DEGREE = 3;

/**
 * The frame at this place of a window of frames, smoothed by all of the window (Savitzky and Golay, 1964): the value there of
 * the polynomial that fits the frames best. Frames are of one length; it stays as it is where they are too few for the
 * polynomial.
 */
export function smoothedAt(window: readonly Float32Array[], center: number): Float32Array {
  if (window.length <= DEGREE) return window[center]!.slice();
  const kernel = fitKernel([-center, window.length - center]);
  const sum = new Float32Array(window[center]!.length);
  window.forEach((values, i) => {
    const weight = kernel[i]!;
    for (let k = 0; k < sum.length; k++) sum[k]! += weight * values[k]!;
  });
  return sum;
}

const kernels = new Map<string, Float64Array>();

/** Weights of the values at first, first + 1, …, end - 1 in the fitted polynomial's value at 0. */
function fitKernel([first, end]: readonly [number, number]): Float64Array {
  const key = `${first} ${end}`;
  const known = kernels.get(key);
  if (known) return known;
  const powers = new Matrix(
    Array.from(
      { length: end - first },
      (_, i) => Array.from({ length: DEGREE + 1 }, (_, power) => (first + i) ** power),
    ),
  );
  // the value at 0 is the constant's coefficient: the first row of (AᵀA)⁻¹Aᵀ
  const coefficients = solve(powers.transpose().mmul(powers), powers.transpose());
  const kernel = Float64Array.from(coefficients.getRow(0));
  kernels.set(key, kernel);
  return kernel;
}
