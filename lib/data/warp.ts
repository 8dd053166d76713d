import { invertSimilarity, type Similarity2D } from "@/lib/geometry/transforms.ts";
import type { Photo } from "@/lib/types.ts";

export interface WarpOptions {
  /** Takes the photo's pixels to the result's. */
  readonly transform: Similarity2D;
  /** Of the result. */
  readonly width: number;
  readonly height: number;
}

/**
 * The photo as seen through a similarity: bilinear where it grows, averaged where it shrinks, and black outside. What
 * was at point p of the photo is at the transformed p of the result.
 */
export function warpPhoto(photo: Photo, { transform, width, height }: WarpOptions): Photo {
  const { rotation, scale, dx, dy } = invertSimilarity(transform);
  const c = scale * Math.cos(rotation);
  const s = scale * Math.sin(rotation);
  // This many bilinear samples a side, evenly spread over the pixel, lie at most one pixel of the photo apart.
  const sampleCount = Math.max(1, Math.ceil(scale - 1e-6));
  const weight = 1 / (sampleCount * sampleCount);
  const rgb = new Uint8Array(3 * width * height);
  const sum = new Float64Array(3);
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      sum.fill(0);
      for (let sample = 0; sample < sampleCount * sampleCount; sample++) {
        const x = column + (sample % sampleCount + 0.5) / sampleCount;
        const y = row + (Math.floor(sample / sampleCount) + 0.5) / sampleCount;
        addSample(photo, c * x - s * y + dx, s * x + c * y + dy, sum);
      }
      const at = 3 * (row * width + column);
      for (let channel = 0; channel < 3; channel++) rgb[at + channel] = Math.round(sum[channel]! * weight);
    }
  }
  return { width, height, rgb };
}

/** Adds the photo's color at (x, y), bilinear between pixel centers; pixels outside count as black. */
function addSample({ width, height, rgb }: Photo, x: number, y: number, sum: Float64Array): void {
  const left = Math.floor(x - 0.5);
  const top = Math.floor(y - 0.5);
  const alongX = x - 0.5 - left;
  const alongY = y - 0.5 - top;
  for (let row = top; row <= top + 1; row++) {
    if (row < 0 || row >= height) continue;
    const rowWeight = row === top ? 1 - alongY : alongY;
    for (let column = left; column <= left + 1; column++) {
      if (column < 0 || column >= width) continue;
      const weight = rowWeight * (column === left ? 1 - alongX : alongX);
      const at = 3 * (row * width + column);
      sum[0]! += weight * rgb[at]!;
      sum[1]! += weight * rgb[at + 1]!;
      sum[2]! += weight * rgb[at + 2]!;
    }
  }
}
