import { invertSimilarity, type Similarity2D } from "@/lib/geometry/transforms.ts";
import type { Photo } from "@/lib/types.ts";

export interface WarpOptions {
  /** Takes the photo's pixels to the result's. */
  readonly transform: Similarity2D;
  /** The result's, in pixels, as is its height. */
  readonly width: number;
  readonly height: number;
}

/**
 * The photo as seen through a similarity: bilinear where it grows, averaged where it shrinks, and black outside. What
 * was at point p of the photo is at the transformed p of the result.
 */
export function warpPhoto(photo: Photo, options: WarpOptions): Photo {
  return options.transform.rotation === 0 ? resamplePhoto(photo, options) : turnPhoto(photo, options);
}

/** Without a turn, rows and columns are resampled one after the other: the same numbers from far fewer products. */
function resamplePhoto(photo: Photo, { transform, width, height }: WarpOptions): Photo {
  const { scale, dx, dy } = invertSimilarity(transform);
  const columns = axisTaps(width, { scale, shift: dx, limit: photo.width });
  const rows = axisTaps(height, { scale, shift: dy, limit: photo.height });
  const from = photo.rgb;
  const [firstRow, endRow] = rows.reach;
  // [endRow - firstRow, width, 3]: the photo's own rows, at the result's columns
  const narrowed = new Float32Array(3 * width * Math.max(0, endRow - firstRow));
  for (let row = firstRow, at = 0; row < endRow; row++) {
    const start = 3 * row * photo.width;
    for (let column = 0; column < width; column++, at += 3) {
      let red = 0, green = 0, blue = 0;
      for (let tap = columns.starts[column]!; tap < columns.starts[column + 1]!; tap++) {
        const weight = columns.weights[tap]!, p = start + 3 * columns.places[tap]!;
        red += weight * from[p]!;
        green += weight * from[p + 1]!;
        blue += weight * from[p + 2]!;
      }
      narrowed[at] = red;
      narrowed[at + 1] = green;
      narrowed[at + 2] = blue;
    }
  }
  const rgb = new Uint8Array(3 * width * height);
  const line = new Float32Array(3 * width);
  for (let row = 0; row < height; row++) {
    line.fill(0.5); // rounds
    for (let tap = rows.starts[row]!; tap < rows.starts[row + 1]!; tap++) {
      const weight = rows.weights[tap]!, start = 3 * width * (rows.places[tap]! - firstRow);
      for (let k = 0; k < line.length; k++) line[k]! += weight * narrowed[start + k]!;
    }
    rgb.set(line, 3 * width * row);
  }
  return { width, height, rgb };
}

/** What each place of a line is made of. */
interface Taps {
  /** [length + 1]: place i takes the taps from starts[i] to starts[i + 1]. */
  readonly starts: Uint32Array;
  /** Pixels of the photo, and their weights. */
  readonly places: Uint32Array;
  readonly weights: Float32Array;
  /** The first pixel that is used, and the one after the last. */
  readonly reach: readonly [number, number];
}

function axisTaps(
  length: number,
  { scale, shift, limit }: { readonly scale: number; readonly shift: number; readonly limit: number },
): Taps {
  const sampleCount = sampleCountFor(scale);
  const starts = new Uint32Array(length + 1);
  const places: number[] = [], weights: number[] = [];
  let [first, end] = [limit, 0];
  const add = (place: number, weight: number) => {
    if (place < 0 || place >= limit || weight === 0) return;
    [first, end] = [Math.min(first, place), Math.max(end, place + 1)];
    if (places.length > starts[current]! && places.at(-1) === place) weights[weights.length - 1]! += weight;
    else places.push(place), weights.push(weight);
  };
  let current = 0;
  for (; current < length; current++) {
    starts[current] = places.length;
    for (let sample = 0; sample < sampleCount; sample++) {
      const at = scale * (current + (sample + 0.5) / sampleCount) + shift - 0.5;
      const place = Math.floor(at);
      add(place, (place + 1 - at) / sampleCount);
      add(place + 1, (at - place) / sampleCount);
    }
  }
  starts[length] = places.length;
  return { starts, places: Uint32Array.from(places), weights: Float32Array.from(weights), reach: [first, end] };
}

/** This many bilinear samples a side, evenly spread over a pixel, lie at most one pixel of the photo apart. */
function sampleCountFor(scale: number): number {
  return Math.max(1, Math.ceil(scale - 1e-6));
}

function turnPhoto(photo: Photo, { transform, width, height }: WarpOptions): Photo {
  const { rotation, scale, dx, dy } = invertSimilarity(transform);
  const c = scale * Math.cos(rotation);
  const s = scale * Math.sin(rotation);
  const from = photo.rgb;
  const lastColumn = photo.width - 1;
  const lastRow = photo.height - 1;
  const sampleCount = sampleCountFor(scale);
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
