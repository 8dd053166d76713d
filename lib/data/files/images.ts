import sharp, { type Metadata, type Sharp } from "sharp";
import { InputError, reasonOf } from "@/lib/errors.ts";
import { readBytes } from "@/lib/files.ts";
import type { Photo } from "@/lib/types.ts";

// A decoder that is not asked for cannot be attacked. sharp is given bytes, never a path: its own file access would go
// around Deno's permissions. What is blocked is the process's, and each worker that starts says it again: to block all and
// unblock three would for a moment refuse what other threads decode.
const readBuffers = ["Jpeg", "Png", "Webp"];
const blocked = [
  ...["Analyze", "Csv", "DcRaw", "Fits", "Heif", "Jp2k", "Jxl", "Magick", "Magick7", "Mat", "Matrix", "Nifti", "Nsgif"],
  ...["Openexr", "Openslide", "Pdf", "Ppm", "Rad", "Raw", "Svg", "Tiff", "Uhdr", "Vips"],
  ...readBuffers.flatMap((format) => [`${format}File`, `${format}Source`]),
];
sharp.block({ operation: blocked.map((name) => `VipsForeignLoad${name}`) });
// Each picture is read once: what libvips keeps of the last ones only takes memory.
sharp.cache(false);

/** Pixels of a file, at most. Phones make up to 200 million. */
const MOST_FILE_PIXELS = 268_000_000;
/** Bytes that a decoder may need for what it cannot decode row by row. */
const MOST_WHOLE_BYTES = 150_000_000;
/** Pixels of a decoded photo: a larger one is reduced while it is decoded, so that it never is in memory as a whole. */
export const MOST_PHOTO_PIXELS = 2 ** 24;

/** A photo as it is used, which is smaller than its file's where that has more than 2²⁴ pixels. */
export interface DecodedPhoto extends Photo {
  /** Upright, as the photo. */
  readonly fileWidth: number;
  readonly fileHeight: number;
  /** EXIF's, 1 to 8: how the file's pixels were turned or mirrored to be upright; 1 where they lie as they are shown. */
  readonly orientation: number;
}

/**
 * A JPEG, PNG or WebP picture from its bytes or from a file, upright (EXIF orientation), in sRGB, on white where it is
 * transparent; the first one of an animation. Throws an InputError where the file is missing, cut, too large, or not a
 * picture.
 *
 * @param name of the file that bytes are from, for that error
 */
export async function decodePhoto(
  source: string | Uint8Array,
  name = typeof source === "string" ? source : "a picture",
): Promise<DecodedPhoto> {
  const expected = "a whole JPEG, PNG or WebP picture was expected";
  const bytes = typeof source === "string" ? await readBytes(source, expected) : source;
  try {
    const picture = sharp(bytes, { failOn: "error", limitInputPixels: false });
    const metadata = await picture.metadata();
    checkSize(metadata);
    const { width, height } = metadata.autoOrient;
    const scale = Math.min(1, Math.sqrt(MOST_PHOTO_PIXELS / (width * height)));
    if (scale < 1) {
      const [reducedWidth, reducedHeight] = [width, height].map((side) => Math.max(1, Math.floor(side * scale)));
      picture.resize(reducedWidth!, reducedHeight!, { fit: "fill" });
    }
    const { data, info } = await picture
      .autoOrient()
      .flatten({ background: "#ffffff" })
      .toColorspace("srgb")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 3) throw new Error(`it has ${info.channels} channels`);
    const rgb = new Uint8Array(data.buffer, data.byteOffset, data.length);
    const { orientation = 1 } = metadata;
    return { width: info.width, height: info.height, rgb, fileWidth: width, fileHeight: height, orientation };
  } catch (error) {
    throw new InputError(`Cannot read ${name}: ${bytes.length} bytes, ${whyNoPicture(bytes, error)}; ${expected}`);
  }
}

function whyNoPicture(bytes: Uint8Array, error: unknown): string {
  const kind = otherFormat(bytes);
  if (kind) return `a picture in the format ${kind}`;
  if (bytes.length === 0) return "an empty file";
  const reason = reasonOf(error);
  return reason.endsWith("contains unsupported image format") ? "in no format that is read" : reason;
}

/** Formats that people have pictures in and that are not read: where in a file they write what. */
const OTHER_FORMATS: Readonly<Record<string, readonly (readonly [start: number, text: string])[]>> = {
  GIF: [[0, "GIF8"]],
  HEIC: [[4, "ftyphei"], [4, "ftyphev"], [4, "ftypmif1"], [4, "ftypmsf1"]],
  AVIF: [[4, "ftypavi"]],
  TIFF: [[0, "II*\0"], [0, "MM\0*"]],
  BMP: [[0, "BM"]],
  "JPEG XL": [[0, "\xff\n"], [4, "JXL "]],
};

function otherFormat(bytes: Uint8Array): string | undefined {
  const text = String.fromCharCode(...bytes.subarray(0, 16));
  return Object.keys(OTHER_FORMATS).find((name) =>
    OTHER_FORMATS[name]!.some(([start, own]) => text.startsWith(own, start))
  );
}

/** Throws where decoding would fill the memory. */
function checkSize({ width, height, format, isProgressive, channels, depth, chromaSubsampling }: Metadata): void {
  const most = (pixels: number, of: string) => {
    if (width * height <= pixels) return;
    throw new Error(`${width} × ${height} pixels, of which${of} at most ${Math.floor(pixels / 1e6)} million are read`);
  };
  most(MOST_FILE_PIXELS, "");
  if (format === "webp") most(MOST_WHOLE_BYTES / 4, " a WebP's");
  if (!isProgressive) return;
  // a progressive JPEG's coefficients take two bytes each
  const samples = chromaSubsampling === "4:2:0" ? 1.5 : channels;
  const sampleBytes = format === "jpeg" || depth === "ushort" ? 2 : 1;
  most(
    MOST_WHOLE_BYTES / (samples * sampleBytes),
    format === "jpeg" ? " a progressive JPEG's" : " an interlaced PNG's",
  );
}

export async function encodePng(photo: Photo): Promise<Uint8Array<ArrayBuffer>> {
  return Uint8Array.from(await toSharp(photo).png().toBuffer());
}

/** Quality is from 1 to 100. */
export async function encodeJpeg(photo: Photo, { quality = 90 }: { quality?: number } = {}): Promise<
  Uint8Array<ArrayBuffer>
> {
  return Uint8Array.from(await toSharp(photo).jpeg({ quality, chromaSubsampling: "4:4:4" }).toBuffer());
}

export interface AnimationOptions {
  readonly framesPerSecond: number;
  /** From 1 to 100. */
  readonly quality?: number;
}

/** Pictures of one size, one after the other, again and again. */
export async function encodeAnimatedWebp(
  frames: readonly Photo[],
  { framesPerSecond, quality = 80 }: AnimationOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  const [{ width, height }] = frames as [Photo];
  const rgb = new Uint8Array(3 * width * height * frames.length);
  frames.forEach((frame, i) => rgb.set(frame.rgb, 3 * width * height * i));
  // Whole milliseconds that add up: frames of 1/30 s are 33, 33 and 34 long.
  const start = (i: number) => Math.round(i * 1000 / framesPerSecond);
  const delay = frames.map((_, i) => start(i + 1) - start(i));
  const raw = { width, height: height * frames.length, channels: 3, pageHeight: height } as const;
  return Uint8Array.from(
    await sharp(rgb, { raw, limitInputPixels: false }).webp({ quality, delay, loop: 0, effort: 4 }).toBuffer(),
  );
}

function toSharp({ width, height, rgb }: Photo): Sharp {
  if (rgb.length !== 3 * width * height) {
    throw new TypeError(`Cannot encode ${rgb.length} bytes: ${width} × ${height} RGB has ${3 * width * height}`);
  }
  return sharp(rgb, { raw: { width, height, channels: 3 } });
}
