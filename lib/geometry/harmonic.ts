export interface HarmonicOptions {
  /** Nodes across. */
  readonly columns: number;
  /** Nodes down. */
  readonly rows: number;
  /** Numbers at each node. */
  readonly channels: number;
  /** Most passes over the nodes. */
  readonly passes?: number;
}

/**
 * Fills the free nodes of a grid, in place, so that each is the mean of its neighbors: the smoothest surface through the
 * fixed ones (Laplace's equation, by successive over-relaxation). Beyond the grid's edges nothing pulls.
 *
 * @param values [rows, columns, channels]; what the free nodes hold is where the search starts
 * @param isFixed [rows, columns], 1 where the value stays
 */
export function fillHarmonic(
  values: Float32Array,
  isFixed: Uint8Array,
  { columns, rows, channels, passes = 4 * Math.max(columns, rows) }: HarmonicOptions,
): void {
  if (isFixed.length !== columns * rows || values.length !== channels * isFixed.length) {
    throw new TypeError(
      `Cannot fill ${columns} × ${rows} nodes of ${channels} from ${values.length} values and ${isFixed.length} marks`,
    );
  }
  const free: number[] = [];
  isFixed.forEach((fixed, node) => fixed || free.push(node));
  const factor = 2 / (1 + Math.sin(Math.PI / Math.max(columns, rows, 3))); // best for a square
  for (let pass = 0; pass < passes; pass++) {
    let most = 0;
    for (const node of free) {
      const column = node % columns;
      const [west, east] = [column > 0 ? node - 1 : node, column < columns - 1 ? node + 1 : node];
      const [north, south] = [
        node >= columns ? node - columns : node,
        node < columns * (rows - 1) ? node + columns : node,
      ];
      for (let c = 0; c < channels; c++) {
        const k = channels * node + c;
        const mean = (values[channels * west + c]! + values[channels * east + c]! +
          values[channels * north + c]! + values[channels * south + c]!) / 4;
        const change = factor * (mean - values[k]!);
        values[k]! += change;
        if (Math.abs(change) > most) most = Math.abs(change);
      }
    }
    if (most < CONVERGED) return;
  }
}

/** A change of this much of a pixel, or of a color from 0 to 1, is none. */
const CONVERGED = 1e-4;
