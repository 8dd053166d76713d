import { photoToLinear } from "@/lib/geometry/color.ts";
import { photoTexture, type PhotoTextureOptions, vertexColors } from "@/lib/geometry/photo_texture.ts";
import type { Mesh, Photo } from "@/lib/types.ts";

/**
 * [vertexCount, 3], sRGB bytes: the photo's color at each vertex of a mesh in its pixels; what the photo does not show is
 * as `photoTexture` has it.
 */
export function colorsFromPhoto(mesh: Mesh, photo: Photo, options: PhotoTextureOptions = {}): Uint8Array {
  const image = photoToLinear(photo);
  return vertexColors(photoTexture(mesh, image, options), image);
}

export interface ColorPlace {
  /** The photo's pixels. */
  readonly x: number;
  readonly y: number;
  /** 0, 1 or 2: red, green or blue. */
  readonly channel: number;
}

/** The photo's sRGB value there, bilinear between pixels, and that of its edge outside. */
export function colorAt({ width, height, rgb }: Photo, { x, y, channel }: ColorPlace): number {
  const column = Math.min(width - 1, Math.max(0, x - 0.5));
  const row = Math.min(height - 1, Math.max(0, y - 0.5));
  const [left, top] = [Math.floor(column), Math.floor(row)];
  const at = (r: number, c: number) => rgb[3 * (Math.min(height - 1, r) * width + Math.min(width - 1, c)) + channel]!;
  const upper = at(top, left) + (at(top, left + 1) - at(top, left)) * (column - left);
  const lower = at(top + 1, left) + (at(top + 1, left + 1) - at(top + 1, left)) * (column - left);
  return upper + (lower - upper) * (row - top);
}
