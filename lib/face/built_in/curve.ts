/** A number as a smooth function of a number. */
export type Curve = (t: number) => number;

/**
 * The cubic curve through these points that rises only where they rise and falls only where they fall, and stays
 * constant beyond its ends (Fritsch and Carlson, 1980). The first coordinates must ascend.
 */
export function monotoneCurve(points: readonly (readonly [t: number, value: number])[]): Curve {
  const last = points.length - 1;
  const slope = (i: number) => (points[i + 1]![1] - points[i]![1]) / (points[i + 1]![0] - points[i]![0]);
  const tangents = points.map((_, i) => {
    if (i === 0 || i === last) return i === 0 ? slope(0) : slope(last - 1);
    const [before, after] = [slope(i - 1), slope(i)];
    return before * after <= 0 ? 0 : (2 * before * after) / (before + after);
  });
  return (t) => {
    if (t <= points[0]![0]) return points[0]![1];
    if (t >= points[last]![0]) return points[last]![1];
    let i = 0;
    while (t > points[i + 1]![0]) i++;
    const [[t0, v0], [t1, v1]] = [points[i]!, points[i + 1]!];
    const width = t1 - t0;
    const s = (t - t0) / width;
    return v0 * (1 + 2 * s) * (1 - s) ** 2 + v1 * s * s * (3 - 2 * s) +
      width * s * (1 - s) * (tangents[i]! * (1 - s) - tangents[i + 1]! * s);
  };
}

/** 1 at 0, 0 from 1 on, smooth and even. */
export function bump(distance: number): number {
  const rest = 1 - distance * distance;
  return rest <= 0 ? 0 : rest * rest;
}
