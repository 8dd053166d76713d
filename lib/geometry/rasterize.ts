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
const NOWHERE = 0x7fff_ffff;

/**
 * Draws a mesh into a z-buffer: at each sample's center the triangle nearest to the viewer (largest z), of equally near
 * ones the first. A center on an edge belongs to one of the edge's two triangles (top-left rule), so that a closed
 * surface has neither cracks nor doubly drawn samples. Triangles without area, with coordinates that are not finite,
 * or reaching farther than 32,768 samples are left out.
 */
export function rasterize(mesh: Mesh, options: RasterOptions): Raster {
  const { samples = 1, backfaces = true } = options;
  const raster = options.out ?? emptyRaster(options);
  checkRequest(mesh, raster, options);
  const { width, height, triangle, weights, depth } = raster;
  triangle.fill(-1);
  weights.fill(0);
  depth.fill(-Infinity);

  const { positions, triangles } = mesh;
  const [gridX, gridY] = snapToGrid(positions, samples);
  const corners = triangles.length;
  for (let t = 0, corner = 0; corner < corners; t++, corner += 3) {
    const a = triangles[corner]!;
    let b = triangles[corner + 1]!;
    let c = triangles[corner + 2]!;
    const ax = gridX[a]!;
    const ay = gridY[a]!;
    let bx = gridX[b]!;
    let by = gridY[b]!;
    let cx = gridX[c]!;
    let cy = gridY[c]!;
    if (ax === NOWHERE || bx === NOWHERE || cx === NOWHERE) continue;

    const left = Math.min(ax, bx, cx);
    const right = Math.max(ax, bx, cx);
    const firstColumn = Math.max((left + HALF - 1) >> GRID_BITS, 0);
    const lastColumn = Math.min((right - HALF) >> GRID_BITS, width - 1);
    if (firstColumn > lastColumn) continue;
    const top = Math.min(ay, by, cy);
    const bottom = Math.max(ay, by, cy);
    const firstRow = Math.max((top + HALF - 1) >> GRID_BITS, 0);
    const lastRow = Math.min((bottom - HALF) >> GRID_BITS, height - 1);
    if (firstRow > lastRow) continue;

    let area = (bx - ax) * (cy - ay) - (by - ay) * (cx - ax);
    const front = area < 0; // counter-clockwise on the screen, y being down
    if (area === 0 || (!front && !backfaces)) continue;
    if (front) {
      area = -area;
      [b, c] = [c, b];
      [bx, cx] = [cx, bx];
      [by, cy] = [cy, by];
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
    let aRow = aStepY * (y - by) + aStepX * (x - bx) - aBias;
    let bRow = bStepY * (y - cy) + bStepX * (x - cx) - bBias;
    let cRow = cStepY * (y - ay) + cStepX * (x - ax) - cBias;

    const az = positions[3 * a + 2]!;
    const bz = positions[3 * b + 2]! - az;
    const cz = positions[3 * c + 2]! - az;
    const scale = 1 / area;
    const bOffset = front ? 2 : 1;
    for (let row = firstRow; row <= lastRow; row++) {
      let aEdge = aRow;
      let bEdge = bRow;
      let cEdge = cRow;
      const end = row * width + lastColumn;
      for (let k = row * width + firstColumn; k <= end; k++) {
        if (aEdge >= 0 && bEdge >= 0 && cEdge >= 0) {
          const bWeight = (bEdge + bBias) * scale;
          const cWeight = (cEdge + cBias) * scale;
          const z = Math.fround(az + bWeight * bz + cWeight * cz);
          if (z > depth[k]!) {
            depth[k] = z;
            triangle[k] = t;
            weights[3 * k] = (aEdge + aBias) * scale;
            weights[3 * k + bOffset] = bWeight;
            weights[3 * k + 3 - bOffset] = cWeight;
          }
        }
        aEdge += aStepX * GRID;
        bEdge += bStepX * GRID;
        cEdge += cStepX * GRID;
      }
      aRow += aStepY * GRID;
      bRow += bStepY * GRID;
      cRow += cStepY * GRID;
    }
  }
  return raster;
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

function checkRequest({ positions, triangles }: Mesh, raster: Raster, { width, height, samples = 1 }: RasterOptions) {
  if (raster.width !== width * samples || raster.height !== height * samples) {
    throw new TypeError(
      `Cannot rasterize ${width * samples}×${
        height * samples
      } samples into a raster of ${raster.width}×${raster.height}`,
    );
  }
  let highest = -1;
  for (let i = 0; i < triangles.length; i++) if (triangles[i]! > highest) highest = triangles[i]!;
  if (3 * highest >= positions.length) {
    throw new RangeError(`Cannot rasterize: a triangle names vertex ${highest} of ${positions.length / 3}`);
  }
}

/** x and y of each vertex in grid units, or NOWHERE. */
function snapToGrid(positions: Float32Array, samples: number): [Int32Array, Int32Array] {
  const count = positions.length / 3;
  const gridX = new Int32Array(count);
  const gridY = new Int32Array(count);
  const scale = samples * GRID;
  const reach = REACH * GRID;
  for (let v = 0; v < count; v++) {
    const x = positions[3 * v]! * scale;
    const y = positions[3 * v + 1]! * scale;
    const z = positions[3 * v + 2]!;
    const usable = x > -reach && x < reach && y > -reach && y < reach && z > -Infinity && z < Infinity;
    gridX[v] = usable ? Math.floor(x + 0.5) : NOWHERE;
    gridY[v] = usable ? Math.floor(y + 0.5) : NOWHERE;
  }
  return [gridX, gridY];
}
