/** The page of `deno task serve` in a Chromium whose camera plays a drawn video. */
import type { Browser, Page } from "playwright-core";
import { DrawnActor, talkingTurn } from "@/lib/data/synthetic/drawn_actor.ts";
import { keptBuiltInFace } from "@/lib/face/kept_built_in.ts";
import { openOnnxModel } from "@/lib/model/model_folder.ts";
import type { Photo } from "@/lib/types.ts";
import { pageFiles } from "@/tasks/serve/page_files.ts";
import { servePage } from "@/tasks/serve/page_server.ts";
import { launchChromium } from "./chromium.ts";

export interface DrawnCamera {
  /** A YUV4MPEG2 video's. */
  readonly path: string;
  /** [68, 3] of each frame, in its pixels. */
  readonly truths: readonly Float32Array[];
}

/** Pixels a side of the squares that a frame's number is written in, bit by bit, along the upper edge from the left. */
const BIT = 16;
const BITS = 8;
/** The drawn picture's; the camera's is a third wider, with its edges drawn out. */
const SIZE = 360;

/** A person who turns by 60° to both sides and speaks, in a video whose frames have their numbers in them. */
export async function drawCamera(path: string, { frameCount = 60, framesPerSecond = 5 } = {}): Promise<DrawnCamera> {
  const actor = new DrawnActor({ model: await keptBuiltInFace(), seed: "anna", size: SIZE, headShare: 0.16 });
  using file = await Deno.open(path, { write: true, createNew: true });
  const writer = file.writable.getWriter();
  const write = (text: string) => writer.write(new TextEncoder().encode(text));
  const width = SIZE * 4 / 3, left = (width - SIZE) / 2;
  await write(`YUV4MPEG2 W${width} H${SIZE} F${framesPerSecond}:1 Ip A1:1 C420\n`);
  const truths: Float32Array[] = [];
  for (let i = 0; i < frameCount; i++) {
    const { picture, landmarks } = actor.draw(talkingTurn(6 * i / frameCount, 60));
    truths.push(landmarks.map((value, k) => k % 3 === 0 ? value + left : value));
    await write("FRAME\n");
    await writer.write(yuv(numbered(widened(picture, width), i)));
  }
  writer.releaseLock();
  return { path, truths };
}

function widened({ width, height, rgb }: Photo, wide: number): Photo {
  const left = (wide - width) / 2;
  const at = (i: number) => {
    const column = Math.min(width - 1, Math.max(0, Math.floor(i / 3) % wide - left));
    return rgb[3 * (Math.floor(i / 3 / wide) * width + column) + i % 3]!;
  };
  return { width: wide, height, rgb: Uint8Array.from({ length: 3 * wide * height }, (_, i) => at(i)) };
}

function numbered({ width, height, rgb }: Photo, number: number): Photo {
  for (let row = 0; row < BIT; row++) {
    for (let column = 0; column < BIT * BITS; column++) {
      const bit = number >> Math.floor(column / BIT) & 1;
      rgb.fill(255 * bit, 3 * (row * width + column), 3 * (row * width + column + 1));
    }
  }
  return { width, height, rgb };
}

/** Planes of Y, U and V, the latter of half the size (ITU-R BT.601, studio range). */
function yuv({ width, height, rgb }: Photo): Uint8Array<ArrayBuffer> {
  const planes = new Uint8Array(width * height * 3 / 2);
  const mix = (pixel: number, [r, g, b]: readonly [number, number, number]) =>
    r * rgb[3 * pixel]! + g * rgb[3 * pixel + 1]! + b * rgb[3 * pixel + 2]!;
  for (let pixel = 0; pixel < width * height; pixel++) planes[pixel] = 16 + mix(pixel, [0.257, 0.504, 0.098]);
  for (let row = 0, at = width * height; row < height; row += 2) {
    for (let column = 0; column < width; column += 2, at++) {
      const pixel = row * width + column;
      planes[at] = 128 + mix(pixel, [-0.148, -0.291, 0.439]);
      planes[at + width * height / 4] = 128 + mix(pixel, [0.439, -0.368, -0.071]);
    }
  }
  return planes;
}

/** What the page found in one frame. */
export interface SeenFrame {
  /** The frame's number, as its picture has it. */
  readonly number: number;
  /** Milliseconds, by the page's own clock. */
  readonly latency: number;
  readonly faces: readonly { readonly id: number; readonly landmarks: readonly number[] }[];
}

export interface LivePage extends AsyncDisposable {
  readonly page: Page;
  /** What a page should never have: errors that it logged or threw, and requests to any other place. */
  readonly complaints: string[];
  /** What was sent to it so far, compressed. */
  byteCount(): number;
  /** The next frames that the page shows. */
  seen(count: number): Promise<SeenFrame[]>;
  /** What the page saves when this is done. */
  saved(act: () => Promise<void>): Promise<{ name: string; bytes: Uint8Array<ArrayBuffer> }>;
}

export interface LivePageOptions {
  /** Where it is opened, apart from what else is open there; a browser of its own unless given. */
  readonly browser?: Browser;
  /** Options of a Chromium of its own, beside those that all have. */
  readonly chromium?: readonly string[];
  readonly mayUseCamera?: boolean;
  readonly viewport?: { readonly width: number; readonly height: number };
  readonly isTouched?: boolean;
  /** In place of the page's own, with the weights that come along. */
  readonly server?: Deno.HttpServer<Deno.NetAddr>;
}

export const weights = `${import.meta.dirname}/../../data/weights/lite`;

let files: Promise<Map<string, Uint8Array<ArrayBuffer>>> | undefined;

/** The page's files with the weights that come along, bundled once. */
export function livePageFiles() {
  return files ??= openOnnxModel(weights).then(pageFiles);
}

/** A Chromium's options: a camera. */
export function cameraThatPlays(path: string): string[] {
  return ["--use-fake-device-for-media-stream", `--use-file-for-fake-video-capture=${path}`];
}

export async function openLivePage(options: LivePageOptions = {}): Promise<LivePage> {
  const { mayUseCamera = true, viewport = { width: 1440, height: 900 }, isTouched = false } = options;
  const server = options.server ?? servePage(await livePageFiles(), { hostname: "127.0.0.1", port: 0 });
  const address = `http://127.0.0.1:${server.addr.port}/`;
  const browser = options.browser ?? await launchChromium(options.chromium);
  const context = await browser.newContext({
    viewport,
    hasTouch: isTouched,
    reducedMotion: "reduce", // else the mesh sways by itself
    permissions: mayUseCamera ? ["camera"] : [],
  });
  context.setDefaultTimeout(0);
  const page = await context.newPage();
  const complaints: string[] = [];
  let byteCount = 0;
  context.on("response", (response) => byteCount += Number(response.headers()["content-length"] ?? 0));
  page.on("console", (message) => message.type() === "error" && complaints.push(message.text()));
  page.on("pageerror", (error) => complaints.push(error.message));
  context.on("request", (request) => {
    const url = request.url();
    if (!url.startsWith(address) && !/^(data|blob):/.test(url)) complaints.push(url);
  });
  await page.goto(address);
  await page.waitForSelector("body[data-ready]");
  return {
    page,
    complaints,
    byteCount: () => byteCount,
    seen: (count) => page.evaluate(collect, { count, bit: BIT, bits: BITS }),
    async saved(act) {
      const [download] = await Promise.all([page.waitForEvent("download"), act()]);
      return { name: download.suggestedFilename(), bytes: await Deno.readFile(await download.path()) };
    },
    async [Symbol.asyncDispose]() {
      await (options.browser ? context : browser).close();
      await server.shutdown();
    },
  };
}

/** Runs in the page. */
function collect({ count, bit, bits }: Record<"count" | "bit" | "bits", number>): Promise<SeenFrame[]> {
  // deno-lint-ignore no-explicit-any -- a browser's names, which this is not checked with
  const browser = globalThis as any;
  const canvas = new browser.OffscreenCanvas(bit * bits, bit), context = canvas.getContext("2d");
  const seen: SeenFrame[] = [];
  const { promise, resolve } = Promise.withResolvers<SeenFrame[]>();
  const onFaces = ({ detail: { bitmap, faces, latency } }: { detail: SeenFrame & { bitmap: unknown } }) => {
    context.drawImage(bitmap, 0, 0);
    const { data } = context.getImageData(0, 0, bit * bits, bit);
    const bitAt = (i: number) => data[4 * (bit / 2 * bit * bits + (i + 0.5) * bit)] > 127 ? 1 << i : 0;
    const number = Array.from({ length: bits }, (_, i) => bitAt(i)).reduce((sum, value) => sum + value);
    seen.push({ number, latency, faces: faces.map(({ id, landmarks }) => ({ id, landmarks: [...landmarks] })) });
    if (seen.length < count) return;
    browser.removeEventListener("posmap-faces", onFaces);
    resolve(seen);
  };
  browser.addEventListener("posmap-faces", onFaces);
  return promise;
}
