/** Moves the color of one point, of [n, 3], towards another by an amount from 0 to 1. */
export function mix(albedo: Float32Array, point: number, r: number, g: number, b: number, amount: number): void {
  if (!(amount > 0)) return;
  const i = 3 * point;
  albedo[i]! += amount * (r - albedo[i]!);
  albedo[i + 1]! += amount * (g - albedo[i + 1]!);
  albedo[i + 2]! += amount * (b - albedo[i + 2]!);
}
