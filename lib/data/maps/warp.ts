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
  const from = photo.rgb;
  const lastColumn = photo.width - 1;
  const lastRow = photo.height - 1;
  // This many bilinear samples a side, evenly spread over the pixel, lie at most one pixel of the photo apart.
  const sampleCount = Math.max(1, Math.ceil(scale - 1e-6));
  const weight = 1 / (sampleCount * sampleCount);
  const rgb = new Uint8Array(3 * width * height);
  for (let row = 0, at = 0; row < height; row++) {
    for (let column = 0; column < width; column++, at += 3) {
      let [red, green, blue] = [0, 0, 0];
      for (let sampleRow = 0; sampleRow < sampleCount; sampleRow++) {
        const targetY = row + (sampleRow + 0.5) / sampleCount;
        for (let sampleColumn = 0; sampleColumn < sampleCount; sampleColumn++) {
          const targetX = column + (sampleColumn + 0.5) / sampleCount;
          // In steps from pixel (0, 0)'s center.
          const x = c * targetX - s * targetY + dx - 0.5;
          const y = s * targetX + c * targetY + dy - 0.5;
          const left = Math.floor(x);
          const top = Math.floor(y);
          if (left < -1 || top < -1 || left >= photo.width || top >= photo.height) continue;
          // The four pixels around; one outside the photo has no weight, and some address inside.
          const rightWeight = x - left;
          const bottomWeight = y - top;
          const w00 = left < 0 || top < 0 ? 0 : (1 - rightWeight) * (1 - bottomWeight);
          const w10 = left === lastColumn || top < 0 ? 0 : rightWeight * (1 - bottomWeight);
          const w01 = left < 0 || top === lastRow ? 0 : (1 - rightWeight) * bottomWeight;
          const w11 = left === lastColumn || top === lastRow ? 0 : rightWeight * bottomWeight;
          const p00 = 3 * (top * photo.width + left);
          const i00 = w00 === 0 ? 0 : p00;
          const i10 = w10 === 0 ? 0 : p00 + 3;
          const i01 = w01 === 0 ? 0 : p00 + 3 * photo.width;
          const i11 = w11 === 0 ? 0 : p00 + 3 * photo.width + 3;
          red += w00 * from[i00]! + w10 * from[i10]! + w01 * from[i01]! + w11 * from[i11]!;
          green += w00 * from[i00 + 1]! + w10 * from[i10 + 1]! + w01 * from[i01 + 1]! + w11 * from[i11 + 1]!;
          blue += w00 * from[i00 + 2]! + w10 * from[i10 + 2]! + w01 * from[i01 + 2]! + w11 * from[i11 + 2]!;
        }
      }
      rgb[at] = red * weight + 0.5;
      rgb[at + 1] = green * weight + 0.5;
      rgb[at + 2] = blue * weight + 0.5;
    }
  }
  return { width, height, rgb };
}
