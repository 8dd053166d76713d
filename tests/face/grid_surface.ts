import { Random } from "@/lib/random.ts";

export interface GridSurface {
  readonly uv: Float32Array;
  readonly triangles: Uint32Array;
  /** [rows + 1, columns + 1], vertex at each node of the grid. */
  readonly columns: number;
  readonly rows: number;
}

/** A grid over [low, high]² of UV space, its inner nodes shaken by so little that no triangle turns over; some cells left out. */
export function gridSurface(
  { seed, columns, rows, low = 0, high = 1, holes = 0 }: {
    seed: number;
    columns: number;
    rows: number;
    low?: number;
    high?: number;
    holes?: number;
  },
): GridSurface {
  const random = new Random(seed);
  const uv: number[] = [];
  for (let row = 0; row <= rows; row++) {
    for (let column = 0; column <= columns; column++) {
      const shake = (index: number, count: number) => index % count === 0 ? 0 : random.uniform(-0.24, 0.24);
      uv.push((column + shake(column, columns)) / columns, (row + shake(row, rows)) / rows);
    }
  }
  const triangles: number[] = [];
  for (let row = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++) {
      const isInner = row > 0 && column > 0 && row < rows - 1 && column < columns - 1;
      if (isInner && random.chance(holes)) continue;
      const a = row * (columns + 1) + column;
      const [b, c, d] = [a + 1, a + columns + 1, a + columns + 2];
      if (random.chance(0.5)) triangles.push(a, c, b, b, c, d);
      else triangles.push(a, c, d, a, d, b);
    }
  }
  return {
    uv: Float32Array.from(uv, (value) => low + (high - low) * value),
    triangles: Uint32Array.from(triangles),
    columns,
    rows,
  };
}

/** Twice each triangle's area in UV space, with its sign. */
export function uvAreas(uv: Float32Array, triangles: Uint32Array): number[] {
  return Array.from({ length: triangles.length / 3 }, (_, t) => {
    const [a, b, c] = [2 * triangles[3 * t]!, 2 * triangles[3 * t + 1]!, 2 * triangles[3 * t + 2]!];
    return (uv[b]! - uv[a]!) * (uv[c + 1]! - uv[a + 1]!) - (uv[b + 1]! - uv[a + 1]!) * (uv[c]! - uv[a]!);
  });
}
