import type { FloatImage } from "@/lib/geometry/color.ts";
import type { Photo } from "@/lib/types.ts";

/**
 * Writes a picture's color at a point, in its pixels, into `color` (three numbers): Catmull-Rom between pixels, which
 * keeps their sharpness, and mirrored beyond the picture's edges.
 */
export function sampleTexture(image: FloatImage, x: number, y: number, color: Float32Array): void {
  const { width, height, rgb } = image;
  const column = Math.floor(x - 0.5), row = Math.floor(y - 0.5);
  cubicWeights(x - 0.5 - column, across);
  cubicWeights(y - 0.5 - row, down);
  let red = 0, green = 0, blue = 0;
  for (let i = 0; i < 4; i++) {
    const start = mirrored(row - 1 + i, height) * width;
    for (let j = 0; j < 4; j++) {
      const k = 3 * (start + mirrored(column - 1 + j, width));
      const weight = down[i]! * across[j]!;
      red += weight * rgb[k]!;
      green += weight * rgb[k + 1]!;
      blue += weight * rgb[k + 2]!;
    }
  }
  color[0] = red > 0 ? red : 0;
  color[1] = green > 0 ? green : 0;
  color[2] = blue > 0 ? blue : 0;
}

const across = new Float64Array(4);
const down = new Float64Array(4);

function cubicWeights(t: number, out: Float64Array): void {
  out[0] = t * (-0.5 + t * (1 - 0.5 * t));
  out[1] = 1 + t * t * (-2.5 + 1.5 * t);
  out[2] = t * (0.5 + t * (2 - 1.5 * t));
  out[3] = t * t * (-0.5 + 0.5 * t);
}

function mirrored(index: number, count: number): number {
  const place = ((index % (2 * count)) + 2 * count) % (2 * count);
  return place < count ? place : 2 * count - 1 - place;
}

/** As {@linkcode sampleTexture}, but bilinear between pixels, and as the edge is beyond it. */
export function sampleBilinear(image: Photo | FloatImage, x: number, y: number, color: Float32Array): void {
  const { width, height, rgb } = image;
  const column = Math.min(width - 1, Math.max(0, x - 0.5)), row = Math.min(height - 1, Math.max(0, y - 0.5));
  const left = Math.floor(column), top = Math.floor(row);
  const right = column - left, lower = row - top;
  const next = left + 1 < width ? 3 : 0, below = top + 1 < height ? 3 * width : 0;
  for (let c = 0, k = 3 * (top * width + left); c < 3; c++, k++) {
    const above = rgb[k]! + (rgb[k + next]! - rgb[k]!) * right;
    const under = rgb[k + below]! + (rgb[k + below + next]! - rgb[k + below]!) * right;
    color[c] = above + (under - above) * lower;
  }
}
