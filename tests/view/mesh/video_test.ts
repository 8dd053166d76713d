import process from "node:process";
import sharp from "sharp";
import { decodePhoto } from "@/lib/data/files/images.ts";
import type { Photo } from "@/lib/types.ts";
import { encodeMp4, Video } from "@/lib/view/mesh/video.ts";
import { assert, assertClose, assertEquals, assertThrows } from "@/tests/support.ts";

const caption = 'A "gray" video';

const uncaughtListeners = () =>
  process.listenerCount("uncaughtException") + process.listenerCount("unhandledRejection");
const listenersAtStart = uncaughtListeners(); // before the encoder is loaded

/** Frames of one gray each, from dark to bright. */
function grays(count: number, { width = 32, height = 24 } = {}): Photo[] {
  return Array.from({ length: count }, (_, i) => {
    return { width, height, rgb: new Uint8Array(3 * width * height).fill(40 + 170 * i / count) };
  });
}

/** The content of an MP4's first box at this path, such as "moov/mvhd" (ISO 14496-12). */
function box(bytes: Uint8Array, path: string): DataView {
  const [name, ...rest] = path.split("/");
  for (let at = 0; at < bytes.length;) {
    const view = new DataView(bytes.buffer, bytes.byteOffset + at);
    const size = view.getUint32(0);
    const content = bytes.subarray(at + 8, at + size);
    if (new TextDecoder().decode(bytes.subarray(at + 4, at + 8)) === name) {
      return rest.length > 0
        ? box(content, rest.join("/"))
        : new DataView(content.buffer, content.byteOffset, content.length);
    }
    at += size;
  }
  throw new Error(`There is no box ${name}`);
}

Deno.test("encodeMp4() writes every frame, of the size and at the rate that it was given", async () => {
  const mp4 = await encodeMp4(grays(10), { framesPerSecond: 20 });
  const header = box(mp4, "moov/mvhd");
  assertClose(header.getUint32(16) / header.getUint32(12), 0.5, 0.01);
  const track = box(mp4, "moov/trak/tkhd");
  assertEquals([track.getUint32(76) / 65536, track.getUint32(80) / 65536], [32, 24]);
  assertEquals(box(mp4, "moov/trak/mdia/minf/stbl/stsz").getUint32(8), 10);
});

Deno.test("encodeMp4() makes odd sides even, as players expect", async () => {
  const track = box(await encodeMp4(grays(2, { width: 31, height: 23 }), { framesPerSecond: 10 }), "moov/trak/tkhd");
  assertEquals([track.getUint32(76) / 65536, track.getUint32(80) / 65536], [32, 24]);
});

Deno.test("encodeMp4() gives the same bytes again, and leaves the program's uncaught errors to the program", async () => {
  const content = (bytes: Uint8Array) => {
    const { buffer, byteOffset, byteLength } = box(bytes, "mdat");
    return new Uint8Array(buffer, byteOffset, byteLength); // without the header, which holds the time
  };
  const twice = await Promise.all([1, 2].map(() => encodeMp4(grays(3), { framesPerSecond: 10 })));
  assertEquals(content(twice[0]!), content(twice[1]!));
  assertEquals(uncaughtListeners(), listenersAtStart);
});

const ffmpeg = await new Deno.Command("ffmpeg", { args: ["-version"], stdout: "null", stderr: "null" }).output()
  .then(({ success }) => success, () => false);

Deno.test({
  name: "what encodeMp4() writes is decoded by ffmpeg to the frames again",
  ignore: !ffmpeg,
  async fn() {
    const frames = grays(12);
    const path = await Deno.makeTempFile({ suffix: ".mp4" });
    try {
      await Deno.writeFile(path, await encodeMp4(frames, { framesPerSecond: 12 }));
      const args = ["-v", "error", "-i", path, "-f", "rawvideo", "-pix_fmt", "rgb24", "-"];
      const { stdout, stderr } = await new Deno.Command("ffmpeg", { args }).output();
      assertEquals(new TextDecoder().decode(stderr), "");
      assertEquals(stdout.length, 12 * 3 * 32 * 24);
      frames.forEach(({ rgb }, i) => assertClose(stdout[(i + 0.5) * 3 * 32 * 24]!, rgb[0]!, 4, `frame ${i}`));
    } finally {
      await Deno.remove(path);
    }
  },
});

Deno.test("a Video's WebP lasts as long as its frames do, of which it leaves out some, and begins again", async () => {
  for (const [count, framesPerSecond, kept] of [[8, 10, 8], [24, 24, 12], [30, 30, 15]] as const) {
    const bytes = await new Video(grays(count), caption, { framesPerSecond }).toWebp();
    const { pages, delay, loop, width, pageHeight } = await sharp(bytes, { animated: true }).metadata();
    assertEquals([pages, loop, width, pageHeight], [kept, 0, 32, 24]);
    assertClose(delay!.reduce((sum, one) => sum + one, 0), 1000 * count / framesPerSecond, 1);
  }
});

Deno.test("a Video shows itself by HTML without a script, and by its first frame where no HTML is shown", async () => {
  const video = new Video(grays(4), caption, { framesPerSecond: 8 });
  const display = Symbol.for("Jupyter.display");
  const shown = await (video as unknown as Record<symbol, () => Promise<Record<string, string>>>)[display]!();
  assertEquals(Object.keys(shown), ["text/html", "image/jpeg", "text/plain"]);
  assert(
    /^<img src="data:image\/webp;base64,[\w+/=]+" width="32" height="24" alt="[^"<]*">$/.test(shown["text/html"]!),
  );
  const { rgb } = await decodePhoto(Uint8Array.fromBase64(shown["image/jpeg"]!));
  assertClose(rgb[0]!, 40, 3);
  assertEquals(shown["text/plain"], caption);
});

Deno.test("Video.save() writes MP4 or WebP by the path's ending", async () => {
  const folder = await Deno.makeTempDir();
  try {
    const video = new Video(grays(2), caption, { framesPerSecond: 8 });
    await video.save(`${folder}/v.mp4`);
    await video.save(`${folder}/v.webp`);
    const letters = async (name: string, from: number) =>
      new TextDecoder().decode((await Deno.readFile(`${folder}/${name}`)).subarray(from, from + 4));
    assertEquals([await letters("v.mp4", 4), await letters("v.webp", 8)], ["ftyp", "WEBP"]);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test("a Video of no frames, of frames of two sizes or of no rate is an error", async () => {
  const rate = { framesPerSecond: 8 };
  await assertThrows(() => new Video([], caption, rate), RangeError, /of no frames/);
  const mixed = [...grays(1), ...grays(1, { width: 16 })];
  await assertThrows(() => new Video(mixed, caption, rate), TypeError, /32 × 24 and of 16 × 24/);
  await assertThrows(() => encodeMp4(mixed, rate), TypeError, /32 × 24 and of 16 × 24/);
  for (const framesPerSecond of [0, -1, NaN, 101]) {
    await assertThrows(() => new Video(grays(1), caption, { framesPerSecond }), RangeError, /frames per second/);
  }
});
