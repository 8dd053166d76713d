import type { Mesh } from "@/lib/types.ts";

/** What a mesh shows at the center of each sample; rows of samples run from the image's top left. */
export interface Raster {
  /** Samples across: the image's pixels times `samples`. */
  readonly width: number;
  /** Samples down. */
  readonly height: number;
  /** [height, width], index of the nearest triangle, or -1 where there is none. */
  readonly triangle: Int32Array;
  /** [height, width, 3], barycentric weights of that triangle's corners, at least 0 and adding up to 1; 0 where none. */
  readonly weights: Float32Array;
  /** [height, width], z of the mesh there, -Infinity where there is none. */
  readonly depth: Float32Array;
}

export interface RasterOptions {
  /** Pixels. */
  readonly width: number;
  /** Pixels. */
  readonly height: number;
  /** Samples per pixel on each axis, on a regular grid. */
  readonly samples?: number;
  /** Whether triangles that turn their back (clockwise on the screen) are drawn. */
  readonly backfaces?: boolean;
  /** Buffers to write into instead of new ones: an earlier raster of the same size. */
  readonly out?: Raster;
}

/** Vertices are rounded to 1/1024 of a sample: edge functions are then whole numbers below 2^53, hence exact. */
const GRID_BITS = 10;
const GRID = 1 << GRID_BITS;
const HALF = GRID / 2;
/** Farthest coordinate, in samples: triangles that reach beyond are left out, as those with NaN. */
const REACH = 1 << 15;
/** Triangles of fewer grid units across and down: their edge functions fit into 32 bits. */
const SMALL = 16 * GRID;
/** Beyond all that is within reach, so that differences still fit into 32 bits. */
const NOWHERE = 1 << 27;

/**
 * Draws a mesh into a z-buffer: at each sample's center the triangle nearest to the viewer (largest z), of equally near
 * ones the first. A center on an edge belongs to one of the edge's two triangles (top-left rule), so that a closed
 * surface has neither cracks nor doubly drawn samples. Triangles without area, with coordinates that are not finite,
 * or reaching farther than 32,768 samples are left out.
 */
export function rasterize(mesh: Mesh, options: RasterOptions): Raster {
  const { samples = 1, backfaces = true } = options;
  const raster = options.out ?? emptyRaster(options);
  checkSize(raster, options);
  const { width, height, triangle, weights, depth } = raster;
  triangle.fill(-1);
  weights.fill(0);
  depth.fill(-Infinity);

  const { positions, triangles } = mesh;
  const grid = snapToGrid(positions, samples);
  const vertexCount = positions.length / 3;
  const corners = triangles.length;
  for (let t = 0, corner = 0; corner < corners; t++, corner += 3) {
    const a = triangles[corner]!;
    let b = triangles[corner + 1]!;
    let c = triangles[corner + 2]!;
    if (a >= vertexCount || b >= vertexCount || c >= vertexCount) refuseVertex(Math.max(a, b, c), vertexCount);
    const ax = grid[2 * a]!;
    const ay = grid[2 * a + 1]!;
    let bx = grid[2 * b]!;
    let by = grid[2 * b + 1]!;
    let cx = grid[2 * c]!;
    let cy = grid[2 * c + 1]!;

    let area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);
    const front = area < 0; // counter-clockwise on the screen, y being down
    if (!front && !backfaces) continue;
    const left = least(ax, bx, cx);
    const right = most(ax, bx, cx);
    const before = (left + HALF - 1) >> GRID_BITS;
    const last = (right - HALF) >> GRID_BITS;
    const firstColumn = before > 0 ? before : 0;
    const lastColumn = last < width ? last : width - 1;
    const top = least(ay, by, cy);
    const bottom = most(ay, by, cy);
    const above = (top + HALF - 1) >> GRID_BITS;
    const lowest = (bottom - HALF) >> GRID_BITS;
    const firstRow = above > 0 ? above : 0;
    const lastRow = lowest < height ? lowest : height - 1;
    if (firstColumn > lastColumn || firstRow > lastRow || area === 0 || right === NOWHERE) continue;
    if (front) {
      area = -area;
      const vertex = b, x = bx, y = by;
      b = c;
      bx = cx;
      by = cy;
      c = vertex;
      cx = x;
      cy = y;
    }

    // Edge functions, at least 0 inside: of the edge across from a, from b, from c.
    const aStepX = by - cy;
    const aStepY = cx - bx;
    const bStepX = cy - ay;
    const bStepY = ax - cx;
    const cStepX = ay - by;
    const cStepY = bx - ax;
    // A center on the edge is inside of a left edge (going up) or a top edge (going right).
    const aBias = aStepX > 0 || (aStepX === 0 && aStepY > 0) ? 0 : 1;
    const bBias = bStepX > 0 || (bStepX === 0 && bStepY > 0) ? 0 : 1;
    const cBias = cStepX > 0 || (cStepX === 0 && cStepY > 0) ? 0 : 1;
    const x = firstColumn * GRID + HALF;
    const y = firstRow * GRID + HALF;
    const az = positions[3 * a + 2]!;
    const scale = 1 / area;
    const bz = (positions[3 * b + 2]! - az) * scale;
    const cz = (positions[3 * c + 2]! - az) * scale;
    const bOffset = front ? 2 : 1;

    if (right - left >= SMALL || bottom - top >= SMALL) {
      const corners = { ax, ay, bx, by, cx, cy, az, bz, cz, aBias, bBias, cBias, scale, bOffset };
      drawLarge(raster, t, { ...corners, firstColumn, lastColumn, firstRow, lastRow });
      continue;
    }
    const aRight = aStepX << GRID_BITS, bRight = bStepX << GRID_BITS, cRight = cStepX << GRID_BITS;
    const aDown = aStepY << GRID_BITS, bDown = bStepY << GRID_BITS, cDown = cStepY << GRID_BITS;
    let aRow = (Math.imul(aStepY, y - by) + Math.imul(aStepX, x - bx) - aBias) | 0;
    let bRow = (Math.imul(bStepY, y - cy) + Math.imul(bStepX, x - cx) - bBias) | 0;
    let cRow = (Math.imul(cStepY, y - ay) + Math.imul(cStepX, x - ax) - cBias) | 0;
    for (let row = firstRow; row <= lastRow; row++) {
      let aEdge = aRow;
      let bEdge = bRow;
      let cEdge = cRow;
      let k = row * width + firstColumn;
      const end = row * width + lastColumn;
      while (k <= end && (aEdge | bEdge | cEdge) < 0) {
        aEdge = (aEdge + aRight) | 0;
        bEdge = (bEdge + bRight) | 0;
        cEdge = (cEdge + cRight) | 0;
        k++;
      }
      while (k <= end && (aEdge | bEdge | cEdge) >= 0) {
        const bPart = bEdge + bBias;
        const cPart = cEdge + cBias;
        const z = Math.fround(az + bPart * bz + cPart * cz);
        if (z > depth[k]!) {
          depth[k] = z;
          triangle[k] = t;
          weights[3 * k] = (aEdge + aBias) * scale;
          weights[3 * k + bOffset] = bPart * scale;
          weights[3 * k + 3 - bOffset] = cPart * scale;
        }
        aEdge = (aEdge + aRight) | 0;
        bEdge = (bEdge + bRight) | 0;
        cEdge = (cEdge + cRight) | 0;
        k++;
      }
      aRow = (aRow + aDown) | 0;
      bRow = (bRow + bDown) | 0;
      cRow = (cRow + cDown) | 0;
    }
  }
  return raster;
}

/** Without branches, which triangles' coordinates make unpredictable; of numbers whose differences fit into 32 bits. */
function least(a: number, b: number, c: number): number {
  const ab = (b + ((a - b) & ((a - b) >> 31))) | 0;
  return (c + ((ab - c) & ((ab - c) >> 31))) | 0;
}

function most(a: number, b: number, c: number): number {
  const ab = (a - ((a - b) & ((a - b) >> 31))) | 0;
  return (ab - ((ab - c) & ((ab - c) >> 31))) | 0;
}

/** A triangle as {@linkcode rasterize} has prepared it: b and c swapped where it faces the viewer. */
interface LargeTriangle {
  /** Grid units. */
  readonly ax: number;
  readonly ay: number;
  readonly bx: number;
  readonly by: number;
  readonly cx: number;
  readonly cy: number;
  /** Depth at a, and how much more it is for each unit of b's and of c's edge function. */
  readonly az: number;
  readonly bz: number;
  readonly cz: number;
  /** 1 where centers on the edge across from that corner are outside. */
  readonly aBias: number;
  readonly bBias: number;
  readonly cBias: number;
  /** From edge functions to weights. */
  readonly scale: number;
  /** Which of its weights b's is. */
  readonly bOffset: number;
  readonly firstColumn: number;
  readonly lastColumn: number;
  readonly firstRow: number;
  readonly lastRow: number;
}

function drawLarge({ width, triangle, weights, depth }: Raster, t: number, large: LargeTriangle): void {
  const { ax, ay, bx, by, cx, cy, az, bz, cz, aBias, bBias, cBias, scale, bOffset } = large;
  const { firstColumn, lastColumn, firstRow, lastRow } = large;
  const aStepX = (by - cy) * GRID, aStepY = (cx - bx) * GRID;
  const bStepX = (cy - ay) * GRID, bStepY = (ax - cx) * GRID;
  const cStepX = (ay - by) * GRID, cStepY = (bx - ax) * GRID;
  const x = firstColumn + 0.5, y = firstRow + 0.5;
  let aRow = aStepY * (y - by / GRID) + aStepX * (x - bx / GRID) - aBias;
  let bRow = bStepY * (y - cy / GRID) + bStepX * (x - cx / GRID) - bBias;
  let cRow = cStepY * (y - ay / GRID) + cStepX * (x - ax / GRID) - cBias;
  const columns = lastColumn - firstColumn;
  for (let row = firstRow; row <= lastRow; row++) {
    const from = Math.max(0, stepsOutside(aRow, aStepX), stepsOutside(bRow, bStepX), stepsOutside(cRow, cStepX));
    const to = Math.min(columns, stepsInside(aRow, aStepX), stepsInside(bRow, bStepX), stepsInside(cRow, cStepX));
    let aEdge = aRow + from * aStepX;
    let bEdge = bRow + from * bStepX;
    let cEdge = cRow + from * cStepX;
    const start = row * width + firstColumn;
    for (let k = start + from; k <= start + to; k++) {
      if (aEdge >= 0 && bEdge >= 0 && cEdge >= 0) {
        const bPart = bEdge + bBias;
        const cPart = cEdge + cBias;
        const z = Math.fround(az + bPart * bz + cPart * cz);
        if (z > depth[k]!) {
          depth[k] = z;
          triangle[k] = t;
          weights[3 * k] = (aEdge + aBias) * scale;
          weights[3 * k + bOffset] = bPart * scale;
          weights[3 * k + 3 - bOffset] = cPart * scale;
        }
      }
      aEdge += aStepX;
      bEdge += bStepX;
      cEdge += cStepX;
    }
    aRow += aStepY;
    bRow += bStepY;
    cRow += cStepY;
  }
}

/** Steps to the right, at most, before an edge function that starts below 0 may reach it. */
function stepsOutside(edge: number, step: number): number {
  if (edge >= 0) return 0;
  return step > 0 ? Math.floor(-edge / step) : Infinity;
}

/** Steps to the right, at least, that leave an edge function at 0 or above. */
function stepsInside(edge: number, step: number): number {
  return step < 0 && edge >= 0 ? Math.ceil(edge / -step) : Infinity;
}

/**
 * Writes what a raster's sample k, which shows a triangle, has of vertex values, [vertexCount, out.length], between that
 * triangle's corners.
 */
export function interpolate(
  { triangle, weights }: Pick<Raster, "triangle" | "weights">,
  k: number,
  { triangles, values }: { readonly triangles: Uint32Array; readonly values: Float32Array },
  out: Float32Array,
): void {
  const corner = 3 * triangle[k]!, count = out.length;
  const a = count * triangles[corner]!, b = count * triangles[corner + 1]!, c = count * triangles[corner + 2]!;
  const wa = weights[3 * k]!, wb = weights[3 * k + 1]!, wc = weights[3 * k + 2]!;
  for (let i = 0; i < count; i++) out[i] = wa * values[a + i]! + wb * values[b + i]! + wc * values[c + i]!;
}

/** Buffers for {@linkcode rasterize}. */
export function emptyRaster(
  { width, height, samples = 1 }: Pick<RasterOptions, "width" | "height" | "samples">,
): Raster {
  for (const [name, value] of Object.entries({ width, height, samples })) {
    if (!Number.isInteger(value) || value < 1) {
      throw new RangeError(`Cannot rasterize with ${name} ${value}: it must be a whole number from 1`);
    }
  }
  const count = width * height * samples * samples;
  return {
    width: width * samples,
    height: height * samples,
    triangle: new Int32Array(count),
    weights: new Float32Array(3 * count),
    depth: new Float32Array(count),
  };
}

function checkSize(raster: Raster, { width, height, samples = 1 }: RasterOptions): void {
  if (raster.width === width * samples && raster.height === height * samples) return;
  throw new TypeError(
    `Cannot rasterize ${width * samples}×${height * samples} samples into a raster of ${raster.width}×${raster.height}`,
  );
}

function refuseVertex(vertex: number, vertexCount: number): never {
  throw new RangeError(`Cannot rasterize: a triangle names vertex ${vertex} of ${vertexCount}`);
}

/** Reused by every call: a mesh's is too large to be made and let go each time. */
let gridScratch = new Int32Array(0);

/** [vertexCount, 2], x and y in grid units, or NOWHERE; overwritten by the next call. */
function snapToGrid(positions: Float32Array, samples: number): Int32Array {
  const count = positions.length / 3;
  if (gridScratch.length < 2 * count) gridScratch = new Int32Array(2 * count);
  const grid = gridScratch;
  const scale = samples * GRID;
  const reach = REACH * GRID;
  for (let i = 0, k = 0; k < 2 * count; i += 3, k += 2) {
    const x = positions[i]! * scale;
    const y = positions[i + 1]! * scale;
    const z = positions[i + 2]!;
    const usable = x > -reach && x < reach && y > -reach && y < reach && z > -Infinity && z < Infinity;
    grid[k] = usable ? Math.floor(x + 0.5) : NOWHERE;
    grid[k + 1] = usable ? Math.floor(y + 0.5) : NOWHERE;
  }
  return grid;
}
