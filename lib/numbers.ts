/** NaN for no values: there is no mean of nothing. */
export function mean(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0) / values.length;
}

/** The value, or the end of this range that is nearer to it. */
export function clamp(value: number, from: number, to: number): number {
  return Math.min(to, Math.max(from, value));
}
