/** Round numbers along an axis: four to ten multiples of 1, 2 or 5 times a power of ten. */
export function roundTicks(low: number, high: number): number[] {
  const step = roundStep(high - low);
  const first = Math.ceil(low / step - 1e-9);
  const count = Math.floor(high / step + 1e-9) - first + 1;
  return Array.from({ length: count }, (_, i) => Number(((first + i) * step).toPrecision(12)));
}

/** The step of such ticks along an axis of this length. */
export function roundStep(length: number): number {
  const power = 10 ** Math.floor(Math.log10(length / 4));
  return [5, 2, 1].map((digit) => digit * power).find((step) => length / step >= 4)!;
}

/**
 * Round numbers along a logarithmic axis: powers of ten and, where they are few, what lies between them, also a little
 * beyond the axis; low and high are logarithms to base 10.
 */
export function decadeTicks(low: number, high: number): number[] {
  const digits = high - low < 1.5 ? [1, 2, 3, 5, 7] : high - low < 4 ? [1, 2, 5] : [1];
  const powers = Array.from({ length: Math.floor(high) - Math.floor(low) + 1 }, (_, i) => Math.floor(low) + i);
  return powers.flatMap((power) => digits.map((digit) => Number(`${digit}e${power}`)));
}
