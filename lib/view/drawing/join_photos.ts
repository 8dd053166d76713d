import type { Photo } from "@/lib/types.ts";

export interface JoinOptions {
  /** Pixels between pictures. */
  readonly gap?: number;
}

/** Pictures from left to right, their tops level, on white. */
export function joinPhotos(photos: readonly Photo[], { gap = 4 }: JoinOptions = {}): Photo {
  const width = photos.reduce((sum, photo) => sum + photo.width + gap, -gap);
  const height = Math.max(...photos.map((photo) => photo.height));
  const rgb = new Uint8Array(3 * width * height).fill(255);
  let left = 0;
  for (const photo of photos) {
    for (let row = 0; row < photo.height; row++) {
      const from = 3 * row * photo.width;
      rgb.set(photo.rgb.subarray(from, from + 3 * photo.width), 3 * (row * width + left));
    }
    left += photo.width + gap;
  }
  return { width, height, rgb };
}

/** Pictures from top to bottom, their left sides level, on white. */
export function stackPhotos(photos: readonly Photo[], { gap = 4 }: JoinOptions = {}): Photo {
  const width = Math.max(...photos.map((photo) => photo.width));
  const height = photos.reduce((sum, photo) => sum + photo.height + gap, -gap);
  const rgb = new Uint8Array(3 * width * height).fill(255);
  let top = 0;
  for (const photo of photos) {
    for (let row = 0; row < photo.height; row++) {
      const from = 3 * row * photo.width;
      rgb.set(photo.rgb.subarray(from, from + 3 * photo.width), 3 * (top + row) * width);
    }
    top += photo.height + gap;
  }
  return { width, height, rgb };
}

/** As many times as wide and high, rounded to whole pixels, bilinear. */
export function enlargePhoto(photo: Photo, factor: number): Photo {
  const width = Math.round(photo.width * factor);
  const height = Math.round(photo.height * factor);
  const rgb = new Uint8Array(3 * width * height);
  for (let row = 0; row < height; row++) {
    const [top, bottom, down] = neighbors((row + 0.5) / factor - 0.5, photo.height);
    for (let column = 0; column < width; column++) {
      const [left, right, across] = neighbors((column + 0.5) / factor - 0.5, photo.width);
      for (let channel = 0; channel < 3; channel++) {
        const at = (y: number, x: number) => photo.rgb[3 * (y * photo.width + x) + channel]!;
        const upper = at(top, left) + (at(top, right) - at(top, left)) * across;
        const lower = at(bottom, left) + (at(bottom, right) - at(bottom, left)) * across;
        rgb[3 * (row * width + column) + channel] = Math.round(upper + (lower - upper) * down);
      }
    }
  }
  return { width, height, rgb };
}

/** The indices around a place between 0 and count - 1, and how far it is from the first towards the second. */
function neighbors(place: number, count: number): [number, number, number] {
  const inside = Math.min(count - 1, Math.max(0, place));
  const first = Math.floor(inside);
  return [first, Math.min(count - 1, first + 1), inside - first];
}
