import process from "node:process";
import { encodeAnimatedWebp, encodeJpeg } from "@/lib/data/files/images.ts";
import { writeFileAtomic } from "@/lib/files.ts";
import type { Photo } from "@/lib/types.ts";
import { escapeHtml } from "@/lib/view/figures/picture.ts";

export interface VideoOptions {
  readonly framesPerSecond: number;
}

/** A short video without sound, and what it shows; as the value of a notebook's cell it shows itself, over and over. */
export class Video {
  readonly framesPerSecond: number;
  #webp: Promise<Uint8Array> | undefined;

  /** Frames are all of one size. */
  constructor(readonly frames: readonly Photo[], readonly caption: string, { framesPerSecond }: VideoOptions) {
    checkFrames(frames);
    if (!(framesPerSecond > 0 && framesPerSecond <= 100)) {
      throw new RangeError(
        `Cannot show ${framesPerSecond} frames per second: more than 0 and at most 100 was expected`,
      );
    }
    this.framesPerSecond = framesPerSecond;
  }

  /** Writes an MP4, or an animated WebP where the path ends in `.webp`. */
  async save(path: string): Promise<void> {
    await writeFileAtomic(path, path.endsWith(".webp") ? await this.toWebp() : await this.toMp4());
  }

  toMp4(): Promise<Uint8Array> {
    return encodeMp4(this.frames, this);
  }

  /** An animated WebP that runs over and over, of at most 15 of its frames per second. */
  toWebp(): Promise<Uint8Array> {
    return this.#webp ??= this.#encodeWebp();
  }

  #encodeWebp(): Promise<Uint8Array> {
    const step = Math.ceil(this.framesPerSecond / WEBP_RATE);
    const frames = this.frames.filter((_, i) => i % step === 0);
    return encodeAnimatedWebp(frames, { framesPerSecond: this.framesPerSecond / step, quality: WEBP_QUALITY });
  }

  /** An HTML element that holds the video itself, as an animated WebP: it needs no script and no player. */
  async toHtml(): Promise<string> {
    const { width, height } = this.frames[0]!;
    const source = `data:image/webp;base64,${(await this.toWebp()).toBase64()}`;
    return `<img src="${source}" width="${width}" height="${height}" alt="${escapeHtml(this.caption)}">`;
  }

  /** With the first frame, for where no HTML is shown. */
  async [Symbol.for("Jupyter.display")](): Promise<Record<string, string>> {
    const first = await encodeJpeg(this.frames[0]!);
    return { "text/html": await this.toHtml(), "image/jpeg": first.toBase64(), "text/plain": this.caption };
  }
}

/** Frames per second. A WebP holds each as a picture of its own. */
const WEBP_RATE = 15;
const WEBP_QUALITY = 75;

function checkFrames(frames: readonly Photo[]): void {
  const [first] = frames;
  if (!first) throw new RangeError("Cannot make a video of no frames: one at least was expected");
  const other = frames.find(({ width, height }) => width !== first.width || height !== first.height);
  if (!other) return;
  throw new TypeError(
    `Cannot make a video of frames of ${first.width} × ${first.height} and of ${other.width} × ${other.height} pixels`,
  );
}

/** From 10, which looks like the frames, to 51, which takes the least room. */
const QUANTIZATION = 22;

/**
 * H.264 (Baseline, YUV 4:2:0) in an MP4. Its sides are even: a last odd row or column is repeated. The encoder is
 * WebAssembly, loaded at the first call.
 */
export async function encodeMp4(
  frames: readonly Photo[],
  { framesPerSecond }: VideoOptions,
): Promise<Uint8Array> {
  checkFrames(frames);
  const encoder = await createEncoder();
  const name = `${crypto.randomUUID()}.mp4`; // all encoders share one file system
  try {
    encoder.outputFilename = name;
    encoder.width = frames[0]!.width + frames[0]!.width % 2;
    encoder.height = frames[0]!.height + frames[0]!.height % 2;
    encoder.frameRate = framesPerSecond;
    encoder.quantizationParameter = QUANTIZATION;
    encoder.groupOfPictures = Math.ceil(framesPerSecond); // one may jump to any second
    encoder.initialize();
    for (const frame of frames) encoder.addFrameRgba(evenRgba(frame));
    encoder.finalize();
    const bytes = encoder.FS.readFile(name).slice();
    encoder.FS.unlink(name);
    return bytes;
  } finally {
    encoder.delete();
  }
}

/** The module puts itself in charge of the program's uncaught errors, which is none of its business. */
async function createEncoder() {
  const events = ["uncaughtException", "unhandledRejection"] as const;
  const before = events.map((event) => process.listeners(event));
  const { default: { createH264MP4Encoder } } = await import("h264-mp4-encoder");
  const encoder = await createH264MP4Encoder();
  events.forEach((event, i) => {
    for (const listener of process.listeners(event)) {
      if (!before[i]!.includes(listener)) process.removeListener(event, listener);
    }
  });
  return encoder;
}

/** [height, width, 4], both made even by repeating the last column and row. */
function evenRgba({ width, height, rgb }: Photo): Uint8Array {
  const [columns, rows] = [width + width % 2, height + height % 2];
  const rgba = new Uint8Array(4 * columns * rows);
  for (let row = 0, at = 0; row < rows; row++) {
    for (let column = 0; column < columns; column++, at += 4) {
      const from = 3 * (Math.min(row, height - 1) * width + Math.min(column, width - 1));
      rgba[at] = rgb[from]!;
      rgba[at + 1] = rgb[from + 1]!;
      rgba[at + 2] = rgb[from + 2]!;
      rgba[at + 3] = 255;
    }
  }
  return rgba;
}
