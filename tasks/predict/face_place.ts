import { Option } from "commander";
import type { DecodedPhoto } from "@/lib/data/files/images.ts";
import { boxCrop } from "@/lib/data/maps/crop.ts";
import { InputError } from "@/lib/errors.ts";
import type { Box, Crop } from "@/lib/types.ts";

/** Where the user says that the one face is, in the pixels of the photo's file, upright: in a crop to be taken as it is, or a box. */
export type FacePlace = { readonly crop: Crop } | { readonly box: Box };

export interface PlaceFlags {
  readonly crop?: string;
  readonly box?: string;
}

export const placeOptions: readonly Option[] = [
  new Option(
    "--crop <left,top,side>",
    "the square around the one face, taken as it is, in the photo's pixels as it is shown",
  ),
  new Option("--box <left,top,width,height>", "a box around the one face, in the photo's pixels as it is shown"),
];

/** Undefined where neither is given. Throws an InputError where both are, or one that is not of numbers. */
export function parsePlace({ crop, box }: PlaceFlags): FacePlace | undefined {
  if (crop !== undefined && box !== undefined) throw new InputError("Cannot use both --crop and --box: give one");
  if (crop !== undefined) {
    const [left, top, side] = parseNumbers(crop, "--crop left,top,side");
    return { crop: { left: left!, top: top!, side: side! } };
  }
  if (box === undefined) return undefined;
  const [left, top, width, height] = parseNumbers(box, "--box left,top,width,height");
  return { box: { left: left!, top: top!, width: width!, height: height! } };
}

function parseNumbers(text: string, wanted: string): number[] {
  const count = wanted.split(",").length;
  const numbers = text.split(",").map((part) => part.trim() === "" ? NaN : Number(part));
  if (numbers.length === count && numbers.every(Number.isFinite) && numbers.slice(2).every((length) => length > 0)) {
    return numbers;
  }
  throw new InputError(
    `Cannot use ${wanted.split(" ")[0]} ${text}: ${count} numbers were expected, ${wanted}, lengths above 0`,
  );
}

export interface PlacedIn {
  readonly path: string;
  /** The crop's side over the longer side of the landmarks' box, as the network was trained. */
  readonly margin: number;
}

/** Sides of the photo that a crop may have: in a larger one the whole photo would be a pixel or two of what the network sees. */
const MOST_PHOTOS = 100;

/**
 * The crop in the pixels of the photo as it is read, which may be smaller than its file, and whether it is to be taken as
 * it is. Throws an InputError where it lies beside the photo, or the photo is nothing in it.
 */
export function cropInPhoto(
  place: FacePlace,
  { width, fileWidth, fileHeight }: Pick<DecodedPhoto, "width" | "fileWidth" | "fileHeight">,
  { path, margin }: PlacedIn,
): { readonly crop: Crop; readonly isExact: boolean } {
  const isExact = "crop" in place;
  const given = isExact ? { ...place.crop, width: place.crop.side, height: place.crop.side } : place.box;
  const isBeside = given.left >= fileWidth || given.top >= fileHeight ||
    given.left + given.width <= 0 || given.top + given.height <= 0;
  if (isBeside || Math.max(given.width, given.height) > MOST_PHOTOS * Math.max(fileWidth, fileHeight)) {
    throw new InputError(
      `Cannot look for a face in ${path} at ${Object.values(isExact ? place.crop : place.box)}: ` +
        `that ${isBeside ? "lies beside" : `is more than ${MOST_PHOTOS} times as large as`} the photo, ` +
        `which is ${fileWidth} × ${fileHeight} pixels`,
    );
  }
  const { left, top, side } = isExact ? place.crop : boxCrop(place.box, { margin });
  const scale = width / fileWidth;
  return { crop: { left: left * scale, top: top * scale, side: side * scale }, isExact };
}
