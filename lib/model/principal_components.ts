import { EigenvalueDecomposition, Matrix } from "ml-matrix";

export interface PrincipalComponents {
  /** [length] */
  readonly mean: Float32Array;
  /** Each [length], the largest first; as long as its standard deviation among the vectors. */
  readonly components: readonly Float32Array[];
}

/** The mean of some vectors and the at most `count` largest principal components of what they differ in. */
export function principalComponents(vectors: readonly Float32Array[], count: number): PrincipalComponents {
  if (vectors.length === 0) throw new RangeError("Cannot take the mean of no vectors");
  const rows = new Matrix(vectors.map((vector) => Array.from(vector)));
  const mean = rows.mean("column");
  rows.subRowVector(mean);
  // [n, n]: the same eigenvalues as the covariance, and smaller, for vectors are fewer than they are long
  const products = rows.mmul(rows.transpose()).div(vectors.length);
  const { realEigenvalues, eigenvectorMatrix } = new EigenvalueDecomposition(products, { assumeSymmetric: true });
  const largest = realEigenvalues.map((_, i) => i).sort((a, b) => realEigenvalues[b]! - realEigenvalues[a]!);
  const negligible = 1e-9 * realEigenvalues[largest[0]!]!;
  const components = largest.slice(0, count).filter((i) => realEigenvalues[i]! > negligible).map((i) => {
    const shares = Matrix.rowVector(eigenvectorMatrix.getColumn(i)).div(Math.sqrt(vectors.length));
    return Float32Array.from(shares.mmul(rows).to1DArray());
  });
  return { mean: Float32Array.from(mean), components };
}
