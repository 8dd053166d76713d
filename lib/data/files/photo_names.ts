import { extname } from "node:path";
import { InputError } from "@/lib/errors.ts";

const PHOTO = /\.(jpe?g|png|webp)$/i;
/** What else people keep pictures in: other formats, and cameras' raw files. */
const OTHER_PICTURE = /\.(gif|heic|heif|avif|jxl|jp2|tiff?|bmp|dng|cr[23]|nef|arw|raf|orf|rw2)$/i;

/** Paths of pictures, by what their files' names say of them. */
export interface PhotoNames {
  /** Paths of formats that are read, in order. */
  readonly photos: readonly string[];
  /** Paths of other formats, in order. */
  readonly others: readonly string[];
}

/** The pictures among the files in a place. Throws an InputError that names the place where none is of a format that is read. */
export function photosAmong(paths: readonly string[], place: string): PhotoNames {
  const [photos, others] = [PHOTO, OTHER_PICTURE].map((kind) => paths.filter((path) => kind.test(path)).sort());
  if (photos!.length > 0) return { photos: photos!, others: others! };
  const found = others!.length > 0 ? `, but ${kindsOf(others!)}` : "";
  throw new InputError(`Found no photo in ${place}${found}: JPEG, PNG or WebP files were expected`);
}

/** A sentence on pictures that are not read. */
export function passedOver(others: readonly string[]): string {
  return `passed over: ${kindsOf(others)}, as JPEG, PNG and WebP pictures are read`;
}

/** As in "2 GIF and 1 HEIC files". */
function kindsOf(paths: readonly string[]): string {
  const kinds = Map.groupBy(paths, (path) => extname(path).slice(1).toUpperCase());
  const counts = [...kinds].map(([kind, { length }]) => `${length} ${kind}`);
  const list = new Intl.ListFormat("en").format(counts);
  return `${list} file${paths.length === 1 ? "" : "s"}`;
}
