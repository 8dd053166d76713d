import type { FloatImage } from "@/lib/geometry/color.ts";
import type { Raster } from "@/lib/geometry/rasterize.ts";

export interface EdgeOptions {
  /** What was drawn, one sample for each pixel of the image. */
  readonly raster: Raster;
  /** [triangleCount]; where neighbors' kinds differ there is an edge. */
  readonly kinds: Uint8Array;
  /** As large as the image. */
  readonly scratch: Float32Array;
}

/** Pixels of depth from one pixel to the next that make an edge: a steep slope has fewer. */
const STEP = 3;

/**
 * Softens the stairs that one sample a pixel leaves along the outlines of what was drawn, in place: there, each pixel
 * becomes the mean of its surroundings, weighted 1 : 2 : 1 across and down.
 */
export function softenEdges({ width, height, rgb }: FloatImage, { raster, kinds, scratch }: EdgeOptions): void {
  scratch.set(rgb);
  const row = 3 * width;
  const isEdge = findEdges(raster, kinds);
  for (let y = 1; y < height - 1; y++) {
    for (let x = 1; x < width - 1; x++) {
      const k = y * width + x;
      if (isEdge[k] === 0) continue;
      for (let i = 3 * k; i < 3 * k + 3; i++) {
        rgb[i] = 0.25 * scratch[i]! +
          0.125 * (scratch[i - 3]! + scratch[i + 3]! + scratch[i - row]! + scratch[i + row]!) +
          0.0625 * (scratch[i - row - 3]! + scratch[i - row + 3]! + scratch[i + row - 3]! + scratch[i + row + 3]!);
      }
    }
  }
}

/** [height, width], 1 where a pixel differs from its neighbor to the right, left, below or above. */
function findEdges({ width, height, triangle, depth }: Raster, kinds: Uint8Array): Uint8Array {
  const isEdge = new Uint8Array(triangle.length);
  for (let y = 0; y + 1 < height; y++) {
    for (let k = y * width, end = k + width - 1; k < end; k++) {
      const right = k + 1, below = k + width;
      const here = triangle[k]!, there = triangle[right]!, under = triangle[below]!;
      if (here < 0 && there < 0 && under < 0) continue;
      const z = depth[k]!;
      if (differs(here, there, z - depth[right]!, kinds)) isEdge[k] = isEdge[right] = 1;
      if (differs(here, under, z - depth[below]!, kinds)) isEdge[k] = isEdge[below] = 1;
    }
  }
  return isEdge;
}

function differs(a: number, b: number, step: number, kinds: Uint8Array): boolean {
  if (a < 0 || b < 0) return a !== b;
  return step > STEP || step < -STEP || (a !== b && kinds[a] !== kinds[b]);
}
