import { Matrix, solve } from "ml-matrix";

export interface SavitzkyGolayOptions {
  /** Frames to each side of the one that is smoothed. */
  readonly reach?: number;
  /** Degree of the polynomial. */
  readonly degree?: number;
}

/**
 * A whole sequence smoothed (Savitzky and Golay, 1964): each frame becomes the value there of the polynomial that fits the
 * frames around it best. At both ends it is fitted to the frames that there are. Frames are of one length; they stay as
 * they are where they are too few for the polynomial.
 */
export function savitzkyGolay(
  frames: readonly Float32Array[],
  { reach = 5, degree = 3 }: SavitzkyGolayOptions = {},
): Float32Array[] {
  const kernels = new Map<string, Float64Array>();
  return frames.map((frame, center) => {
    const first = Math.max(0, center - reach), end = Math.min(frames.length, center + reach + 1);
    if (end - first <= degree) return frame.slice();
    const key = `${first - center} ${end - center}`;
    let kernel = kernels.get(key);
    if (!kernel) kernels.set(key, kernel = fitKernel([first - center, end - center], degree));
    const sum = new Float64Array(frame.length);
    for (let i = first; i < end; i++) {
      const weight = kernel[i - first]!, values = frames[i]!;
      for (let k = 0; k < sum.length; k++) sum[k]! += weight * values[k]!;
    }
    return Float32Array.from(sum);
  });
}

/** Weights of the values at first, first + 1, …, end - 1 in the fitted polynomial's value at 0. */
function fitKernel([first, end]: readonly [number, number], degree: number): Float64Array {
  const powers = new Matrix(
    Array.from(
      { length: end - first },
      (_, i) => Array.from({ length: degree + 1 }, (_, power) => (first + i) ** power),
    ),
  );
  // the value at 0 is the constant's coefficient: the first row of (AᵀA)⁻¹Aᵀ
  const coefficients = solve(powers.transpose().mmul(powers), powers.transpose());
  return Float64Array.from(coefficients.getRow(0));
}
