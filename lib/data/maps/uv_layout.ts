import type { FaceSurface } from "@/lib/face/morphable_model.ts";
import { rasterize } from "@/lib/geometry/rasterize.ts";
import { uvMesh } from "@/lib/geometry/uv_mesh.ts";
import { clamp } from "@/lib/numbers.ts";
import type { Mesh } from "@/lib/types.ts";

/** Which part of a surface each texel of its position map shows, and which texels each vertex is read from. */
export interface UvLayout {
  /** Texels a side. */
  readonly size: number;
  /** [size, size], index of the surface triangle that a texel takes its position from, or -1 where there is none. */
  readonly triangle: Int32Array;
  /**
   * [size, size, 3], weights of that triangle's corners, which add up to 1. Texels beyond the surface's edge that a
   * vertex is read from lie on the plane of a triangle beside them: their weights pass 0 and 1.
   */
  readonly weights: Float32Array;
  /** [size, size, 3], three times the vertices of that triangle: where their coordinates start. */
  readonly corners: Uint32Array;
  /** [size, size], 1 where the texel has a position of its own, 0 where it shows that of the nearest one that has. */
  readonly valid: Uint8Array;
  /** [size, size], index of a nearest valid texel: of the texel itself where it is valid. */
  readonly nearest: Uint32Array;
  /** How each vertex is read from the map. */
  readonly reading: ReadingTexels;
}

/** Bilinear reading of a map: four texels for each vertex, and how much of each. */
export interface ReadingTexels {
  /** [vertexCount], index of the upper left one of the four texels, row times size plus column. */
  readonly texel: Uint32Array;
  /** [vertexCount, 4], of the upper left, upper right, lower left and lower right texel. */
  readonly weights: Float32Array;
}

/** How far past a triangle's edges its plane is followed, in its own heights: sub-texel triangles are no guide beyond. */
const EXTRAPOLATION = 6;

/** The layout of maps of `size` texels a side, made once for a surface. Throws a RangeError for fewer than 2. */
export function uvLayout(surface: Pick<FaceSurface, "uv" | "triangles">, size: number): UvLayout {
  if (!Number.isInteger(size) || size < 2) throw new RangeError(`Cannot lay out a map of ${size} texels a side`);
  const { uv, triangles } = surface;
  const flat = uvMesh(surface, size);
  const { triangle, weights } = rasterize(flat, { width: size, height: size });
  const reading = readingTexels(uv, size);
  extendEdges({ size, triangle, weights, reading }, flat);
  const corners = new Uint32Array(weights.length);
  triangle.forEach((t, texel) => {
    for (let i = 0; t >= 0 && i < 3; i++) corners[3 * texel + i] = 3 * triangles[3 * t + i]!;
  });
  const valid = Uint8Array.from(triangle, (t) => t < 0 ? 0 : 1);
  return { size, triangle, weights, corners, valid, nearest: nearestValid(valid, size), reading };
}

/** Where these points, [n, 2] in UV space, are read; up to half a texel outside the outermost texels' centers, too. */
export function readingTexels(uv: Float32Array, size: number): ReadingTexels {
  const count = uv.length / 2;
  const texel = new Uint32Array(count);
  const weights = new Float32Array(4 * count);
  for (let v = 0; v < count; v++) {
    const x = uv[2 * v]! * size - 0.5;
    const y = uv[2 * v + 1]! * size - 0.5;
    const column = clamp(Math.floor(x), 0, size - 2);
    const row = clamp(Math.floor(y), 0, size - 2);
    const [right, down] = [x - column, y - row];
    texel[v] = row * size + column;
    weights.set([(1 - right) * (1 - down), right * (1 - down), (1 - right) * down, right * down], 4 * v);
  }
  return { texel, weights };
}

/**
 * Gives each texel that a vertex is read from, and no triangle covers, the one of that vertex's triangles whose plane
 * needs to be followed the least, in its own heights.
 */
function extendEdges(
  { size, triangle, weights, reading }: Pick<UvLayout, "size" | "triangle" | "weights" | "reading">,
  { positions, triangles }: Mesh,
): void {
  const lowest = new Map<number, number>();
  for (let corner = 0; corner < triangles.length; corner++) {
    const first = reading.texel[triangles[corner]!]!;
    for (const texel of [first, first + 1, first + size, first + size + 1]) {
      if (triangle[texel]! >= 0 && !lowest.has(texel)) continue;
      const t = Math.floor(corner / 3);
      const center = [texel % size + 0.5, Math.floor(texel / size) + 0.5] as const;
      const found = planeWeights(center, triangles.subarray(3 * t, 3 * t + 3), positions);
      if (Math.min(...found) <= (lowest.get(texel) ?? -Infinity)) continue;
      lowest.set(texel, Math.min(...found));
      triangle[texel] = t;
      weights.set(found, 3 * texel);
    }
  }
}

/** Barycentric weights of a point in a triangle's plane, drawn towards its middle where the point lies far outside. */
function planeWeights([x, y]: readonly [number, number], corners: Uint32Array, positions: Float32Array): number[] {
  const [a, b, c] = [3 * corners[0]!, 3 * corners[1]!, 3 * corners[2]!];
  const [bx, by] = [positions[b]! - positions[a]!, positions[b + 1]! - positions[a + 1]!];
  const [cx, cy] = [positions[c]! - positions[a]!, positions[c + 1]! - positions[a + 1]!];
  const [px, py] = [x - positions[a]!, y - positions[a + 1]!];
  const area = bx * cy - by * cx;
  if (Math.abs(area) < 1e-9) return [1 / 3, 1 / 3, 1 / 3];
  const weights = [0, (px * cy - py * cx) / area, (bx * py - by * px) / area];
  weights[0] = 1 - weights[1]! - weights[2]!;
  const least = Math.min(...weights);
  const kept = least < -EXTRAPOLATION ? (1 / 3 + EXTRAPOLATION) / (1 / 3 - least) : 1;
  return weights.map((weight) => 1 / 3 + kept * (weight - 1 / 3));
}

/** Spreads from all valid texels at once, step by step along rows and columns. */
function nearestValid(valid: Uint8Array, size: number): Uint32Array {
  const nearest = Uint32Array.from(valid.keys());
  const isReached = valid.slice();
  const queue = [...valid.keys()].filter((texel) => valid[texel]);
  for (let i = 0; i < queue.length; i++) {
    const texel = queue[i]!;
    const [row, column] = [Math.floor(texel / size), texel % size];
    for (const [r, c] of [[row - 1, column], [row, column - 1], [row, column + 1], [row + 1, column]] as const) {
      const next = r * size + c;
      if (r < 0 || r >= size || c < 0 || c >= size || isReached[next]) continue;
      isReached[next] = 1;
      nearest[next] = nearest[texel]!;
      queue.push(next);
    }
  }
  return nearest;
}

/** The surface vertex that weighs most in a texel's position; the texel has a triangle. */
export function nearestCorner({ corners, weights }: Pick<UvLayout, "corners" | "weights">, texel: number): number {
  const own = weights.subarray(3 * texel, 3 * texel + 3);
  return corners[3 * texel + own.indexOf(Math.max(...own))]! / 3;
}
