import sharp, { type Sharp } from "sharp";
import { InputError } from "@/lib/errors.ts";
import type { Photo } from "@/lib/types.ts";

// A decoder that is not asked for cannot be attacked. sharp is given bytes, never a path: its own file access would go
// around Deno's permissions.
sharp.block({ operation: ["VipsForeignLoad"] });
sharp.unblock({
  operation: ["VipsForeignLoadJpegBuffer", "VipsForeignLoadPngBuffer", "VipsForeignLoadWebpBuffer"],
});

/** Photos of more pixels than this are refused: decoded, they would fill the memory. */
export const MOST_PIXELS = 100_000_000;

/**
 * A JPEG, PNG or WebP picture from its bytes or from a file, upright (EXIF orientation), in sRGB, on white where it is
 * transparent. Throws an InputError where the file is missing, cut, too large, or not a picture.
 */
export async function decodePhoto(source: string | Uint8Array): Promise<Photo> {
  const name = typeof source === "string" ? source : "a picture";
  const expected = "a whole JPEG, PNG or WebP picture was expected";
  let bytes: Uint8Array;
  try {
    bytes = typeof source === "string" ? await Deno.readFile(source) : source;
  } catch (error) {
    throw new InputError(`Cannot read ${name}: ${firstLine(error)}; ${expected}`);
  }
  try {
    const { data, info } = await sharp(bytes, { failOn: "error", limitInputPixels: MOST_PIXELS })
      .autoOrient()
      .flatten({ background: "#ffffff" })
      .toColorspace("srgb")
      .raw({ depth: "uchar" })
      .toBuffer({ resolveWithObject: true });
    if (info.channels !== 3) throw new Error(`it has ${info.channels} channels`);
    return { width: info.width, height: info.height, rgb: new Uint8Array(data.buffer, data.byteOffset, data.length) };
  } catch (error) {
    throw new InputError(`Cannot read ${name}: ${bytes.length} bytes, ${firstLine(error)}; ${expected}`);
  }
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

function firstLine(error: unknown): string {
  return (error as Error).message.split("\n")[0]!;
}
