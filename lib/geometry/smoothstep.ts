/** From 0 at 0 to 1 at 1, level at both. */
export function ease(t: number): number {
  return t * t * (3 - 2 * t);
}

/** From 0 at `from` to 1 at `to`, smoothly, and constant beyond; `to` may be less. */
export function smoothstep(from: number, to: number, value: number): number {
  const t = (value - from) / (to - from);
  return t <= 0 ? 0 : t >= 1 ? 1 : ease(t);
}
