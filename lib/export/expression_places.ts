/**
 * Where the amounts of an expression stand among those of another model's names, whose mean it is: its own place, those of its
 * two sides, `_L` and `_R`, where that model parts it, or that of the whole where it does not; none where it knows no such.
 */
export function expressionPlaces(name: string, names: readonly string[]): number[] {
  const found = (some: readonly string[]) => some.map((one) => names.indexOf(one)).filter((place) => place >= 0);
  const own = found([name]);
  if (own.length > 0) return own;
  return /_[LR]$/.test(name) ? found([name.slice(0, -2)]) : found([`${name}_L`, `${name}_R`]);
}
