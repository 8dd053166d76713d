import { Kernels } from "@/lib/geometry/kernels.ts";
import { invertSimilarity, type Similarity2D, transformPoint } from "@/lib/geometry/transforms.ts";
import { clamp } from "@/lib/numbers.ts";
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
    // from the first sample that can lie on or beside the photo: of a large crop nearly all lie outside
    const from = Math.max(0, Math.floor(((-0.5 - shift) / scale - current) * sampleCount) - 2);
    const to = Math.min(sampleCount, Math.ceil(((limit + 0.5 - shift) / scale - current) * sampleCount) + 2);
    for (let sample = from; sample < to; sample++) {
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
  return clamp(Math.ceil(scale - 1e-6), 1, MOST_SAMPLES);
}

/** With more, the whole photo is too small a part of a pixel to be seen. */
const MOST_SAMPLES = 2 ** 30;

function turnPhoto(photo: Photo, { transform, width, height }: WarpOptions): Photo {
  const { rotation, scale, dx, dy } = invertSimilarity(transform);
  const corners = [[0, 0], [width, 0], [0, height], [width, height]].map((corner) =>
    transformPoint(corner as [number, number], { rotation, scale, dx, dy })
  );
  // the part of the photo that is seen, and the pixels beside it
  const [left, columns] = reach(corners.map(([x]) => x), photo.width);
  const [top, rows] = reach(corners.map(([, y]) => y), photo.height);
  const { picture, result, run } = room(3 * (columns + 2) * (rows + 2), 3 * width * height);
  picture.fill(0, 0, 3 * (columns + 2) * (rows + 2));
  for (let row = 0; row < rows; row++) {
    const start = 3 * ((top + row) * photo.width + left);
    picture.set(photo.rgb.subarray(start, start + 3 * columns), 3 * ((row + 1) * (columns + 2) + 1));
  }
  const c = scale * Math.cos(rotation), s = scale * Math.sin(rotation);
  run.warpPixels(picture, columns, rows, result, width, height, c, s, dx - left, dy - top, sampleCountFor(scale));
  return { width, height, rgb: result.slice(0, 3 * width * height) };
}

/** The first of the pixels that places of an axis lie on or beside, and how many there are. */
function reach(places: readonly number[], limit: number): readonly [number, number] {
  const first = clamp(Math.floor(Math.min(...places)) - 1, 0, limit);
  const end = clamp(Math.ceil(Math.max(...places)) + 1, first, limit);
  return [first, end - first];
}

interface Room {
  readonly run: Kernels["run"];
  readonly picture: Uint8Array;
  readonly result: Uint8Array;
}

let lastRoom: Room | undefined;

/** Memory of kernels for a picture and a result of as many bytes at least: the same as long as they fit. */
function room(pictureBytes: number, resultBytes: number): Room {
  if (!lastRoom || lastRoom.picture.length < pictureBytes || lastRoom.result.length < resultBytes) {
    const kernels = new Kernels(pictureBytes + resultBytes + 1000);
    lastRoom = { run: kernels.run, picture: kernels.bytes(pictureBytes), result: kernels.bytes(resultBytes) };
  }
  return lastRoom;
}
