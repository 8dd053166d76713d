import { invertSimilarity, type Placement, type Similarity2D, transformPositions } from "@/lib/geometry/transforms.ts";
import { landmarkBox } from "@/lib/face/landmarks.ts";
import type { Box, Crop, Photo } from "@/lib/types.ts";
import { warpPhoto } from "@/lib/data/maps/warp.ts";

/** How faces are cut out: the same for making targets and for using the network that learned from them. */
export interface CropOptions {
  /** The crop's side over the longer side of the landmarks' box. */
  readonly margin: number;
}

/** As in the paper (Feng et al., 2018, section 3.3). */
export const CROP_MARGIN = 1.5;

/** The square about the box's center, `margin` times its longer side. */
export function boxCrop({ left, top, width, height }: Box, { margin }: CropOptions): Crop {
  const side = margin * Math.max(width, height);
  if (!(side > 0 && side < Infinity && Number.isFinite(left + top))) {
    throw new RangeError(
      `Cannot crop to a box of ${width} × ${height} at (${left}, ${top}): it must have a finite size`,
    );
  }
  return { left: left + (width - side) / 2, top: top + (height - side) / 2, side };
}

/** Where a box's diagonals cross, in the image's pixels. */
export function boxMiddle({ left, top, width, height }: Box): [x: number, y: number] {
  return [left + width / 2, top + height / 2];
}

/** Likewise of a crop. */
export function cropMiddle({ left, top, side }: Crop): [x: number, y: number] {
  return boxMiddle({ left, top, width: side, height: side });
}

/** Landmarks are [68, 2] or [68, 3]. */
export function landmarkCrop(landmarks: Float32Array, options: CropOptions): Crop {
  return boxCrop(landmarkBox(landmarks), options);
}

/** Takes the image's pixels to those of the crop, brought to `size` pixels a side. */
export function imageToCropTransform({ left, top, side }: Crop, size: number): Similarity2D {
  const scale = size / side;
  return { rotation: 0, scale, dx: -left * scale, dy: -top * scale };
}

interface CropPixels {
  readonly crop: Crop;
  readonly size: number;
}

/** Positions are [n, 3]; z is scaled as x and y are, and keeps its zero. `out` may be `positions`. */
export function imageToCrop(positions: Float32Array, { crop, size }: CropPixels, out?: Float32Array): Float32Array {
  return transformPositions(positions, imageToCropTransform(crop, size), out);
}

/** Where what is placed in the image comes to lie in the crop. */
export function imageToCropPlacement(
  { rotation, scale, translation: [x, y, z] }: Placement,
  { crop: { left, top, side }, size }: CropPixels,
): Placement {
  const k = size / side;
  return { rotation, scale: k * scale, translation: [k * (x - left), k * (y - top), k * z] };
}

/** Undoes {@linkcode imageToCrop}. */
export function cropToImage(positions: Float32Array, { crop, size }: CropPixels, out?: Float32Array): Float32Array {
  return transformPositions(positions, invertSimilarity(imageToCropTransform(crop, size)), out);
}

/** The crop as a picture of `size` pixels a side, black where it reaches outside the photo. */
export function cropPhoto(photo: Photo, crop: Crop, size: number): Photo {
  return warpPhoto(photo, { transform: imageToCropTransform(crop, size), width: size, height: size });
}
