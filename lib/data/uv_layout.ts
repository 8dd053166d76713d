import type { FaceSurface } from "@/lib/face/morphable_model.ts";
import { rasterize } from "@/lib/geometry/rasterize.ts";

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
const EXTRAPOLATION = 2;

export function uvLayout(surface: Pick<FaceSurface, "uv" | "triangles">, size: number): UvLayout {
  if (!Number.isInteger(size) || size < 2) throw new RangeError(`Cannot lay out a map of ${size} texels a side`);
  const { uv, triangles } = surface;
  const positions = new Float32Array(uv.length / 2 * 3);
  for (let v = 0; v < uv.length / 2; v++) {
    positions[3 * v] = uv[2 * v]! * size;
    positions[3 * v + 1] = uv[2 * v + 1]! * size;
  }
  const { triangle, weights } = rasterize({ positions, triangles }, { width: size, height: size });
  const reading = readingTexels(uv, size);
  extendEdges({ size, triangle, weights, reading }, positions, triangles);
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
    const column = Math.min(Math.max(Math.floor(x), 0), size - 2);
    const row = Math.min(Math.max(Math.floor(y), 0), size - 2);
    const [right, down] = [x - column, y - row];
    texel[v] = row * size + column;
    weights.set([(1 - right) * (1 - down), right * (1 - down), (1 - right) * down, right * down], 4 * v);
  }
  return { texel, weights };
}

/** Gives each texel that a vertex is read from, and no triangle covers, the nearest of that vertex's triangles. */
function extendEdges(
  { size, triangle, weights, reading }: Pick<UvLayout, "size" | "triangle" | "weights" | "reading">,
  positions: Float32Array,
  triangles: Uint32Array,
): void {
  const nearest = new Map<number, number>();
  for (let corner = 0; corner < triangles.length; corner++) {
    const first = reading.texel[triangles[corner]!]!;
    for (const texel of [first, first + 1, first + size, first + size + 1]) {
      if (triangle[texel]! >= 0 && !nearest.has(texel)) continue;
      const t = Math.floor(corner / 3);
      const [x, y] = [texel % size + 0.5, Math.floor(texel / size) + 0.5];
      const distance = squaredDistance(x, y, triangles.subarray(3 * t, 3 * t + 3), positions);
      if (distance >= (nearest.get(texel) ?? Infinity)) continue;
      nearest.set(texel, distance);
      triangle[texel] = t;
      weights.set(planeWeights(x, y, triangles.subarray(3 * t, 3 * t + 3), positions), 3 * texel);
    }
  }
}

/** Barycentric weights of a point in a triangle's plane, drawn towards its middle where the point lies far outside. */
function planeWeights(x: number, y: number, corners: Uint32Array, positions: Float32Array): number[] {
  const [ax, ay, bx, by, cx, cy] = cornersInPlane(corners, positions);
  const area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);
  if (Math.abs(area) < 1e-9) return [1 / 3, 1 / 3, 1 / 3];
  const b = ((x - ax) * (cy - ay) - (y - ay) * (cx - ax)) / area;
  const c = ((bx - ax) * (y - ay) - (by - ay) * (x - ax)) / area;
  const lowest = Math.min(1 - b - c, b, c);
  const kept = lowest < -EXTRAPOLATION ? (1 / 3 + EXTRAPOLATION) / (1 / 3 - lowest) : 1;
  return [1 - b - c, b, c].map((weight) => 1 / 3 + kept * (weight - 1 / 3));
}

function squaredDistance(x: number, y: number, corners: Uint32Array, positions: Float32Array): number {
  const [ax, ay, bx, by, cx, cy] = cornersInPlane(corners, positions);
  return Math.min(
    squaredDistanceToEdge(x, y, [ax, ay, bx, by]),
    squaredDistanceToEdge(x, y, [bx, by, cx, cy]),
    squaredDistanceToEdge(x, y, [cx, cy, ax, ay]),
  );
}

type Four = readonly [number, number, number, number];

function squaredDistanceToEdge(x: number, y: number, [ax, ay, bx, by]: Four): number {
  const [dx, dy] = [bx - ax, by - ay];
  const length = dx * dx + dy * dy;
  const along = length > 0 ? ((x - ax) * dx + (y - ay) * dy) / length : 0;
  const t = Math.min(1, Math.max(0, along));
  return (ax + t * dx - x) ** 2 + (ay + t * dy - y) ** 2;
}

function cornersInPlane(corners: Uint32Array, positions: Float32Array) {
  const [a, b, c] = [3 * corners[0]!, 3 * corners[1]!, 3 * corners[2]!];
  return [
    positions[a]!,
    positions[a + 1]!,
    positions[b]!,
    positions[b + 1]!,
    positions[c]!,
    positions[c + 1]!,
  ] as const;
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
