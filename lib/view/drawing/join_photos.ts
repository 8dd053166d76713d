import { sampleBilinear } from "@/lib/geometry/sample_texture.ts";
import type { Photo } from "@/lib/types.ts";

export interface JoinOptions {
  /** Pixels between pictures. */
  readonly gap?: number;
}

/** Pictures from left to right, their tops level, on white. */
export function joinPhotos(photos: readonly Photo[], { gap = 4 }: JoinOptions = {}): Photo {
  const width = photos.reduce((sum, photo) => sum + photo.width + gap, -gap);
  const joined = whitePhoto(width, Math.max(...photos.map(({ height }) => height)));
  let left = 0;
  for (const photo of photos) {
    paste(joined, photo, left);
    left += photo.width + gap;
  }
  return joined;
}

/** Pictures from top to bottom, their left sides level, on white. */
export function stackPhotos(photos: readonly Photo[], { gap = 4 }: JoinOptions = {}): Photo {
  const height = photos.reduce((sum, photo) => sum + photo.height + gap, -gap);
  const stacked = whitePhoto(Math.max(...photos.map(({ width }) => width)), height);
  let top = 0;
  for (const photo of photos) {
    paste(stacked, photo, top * stacked.width);
    top += photo.height + gap;
  }
  return stacked;
}

function whitePhoto(width: number, height: number): Photo {
  return { width, height, rgb: new Uint8Array(3 * width * height).fill(255) };
}

/** Puts a photo's first pixel at this place of another's list of pixels. */
function paste(onto: Photo, { width, height, rgb }: Photo, place: number): void {
  for (let row = 0; row < height; row++) {
    onto.rgb.set(rgb.subarray(3 * row * width, 3 * (row + 1) * width), 3 * (place + row * onto.width));
  }
}

/** As many times as wide and high, rounded to whole pixels, bilinear. */
export function enlargePhoto(photo: Photo, factor: number): Photo {
  const width = Math.round(photo.width * factor);
  const height = Math.round(photo.height * factor);
  const rgb = new Uint8Array(3 * width * height);
  const color = new Float32Array(3);
  for (let row = 0, i = 0; row < height; row++) {
    for (let column = 0; column < width; column++, i += 3) {
      sampleBilinear(photo, (column + 0.5) / factor, (row + 0.5) / factor, color);
      for (let c = 0; c < 3; c++) rgb[i + c] = Math.round(color[c]!);
    }
  }
  return { width, height, rgb };
}
