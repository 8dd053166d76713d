import { CutShortError, probeVideo, readFrames } from "@/lib/data/files/video.ts";
import { assert, assertAllClose, assertEquals, assertThrows } from "@/tests/support.ts";
import { ffmpeg, hasFfmpeg, writeVideo } from "@/tests/track/video_files.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

/** Far from gray: the wrong matrix is off by up to 9, the wrong range by up to 14. */
const SKIN = [198, 94, 63];
/** Of 256, for 8 bits of luma and chroma, and what H.264 loses of a plain color. */
const CODED = 3;
const skin = { width: 64, height: 48, rgb: Uint8Array.from({ length: 3 * 64 * 48 }, (_, i) => SKIN[i % 3]!) };

/** Needs ffmpeg. */
function test(name: string, fn: () => Promise<void>): void {
  Deno.test({ name, ignore: !hasFfmpeg, fn });
}

/** Frames of 30 that stay, at their times. */
const WANDERING = "select=lt(n\\,12)+not(mod(n\\,3))";

/** The color in the middle of the first frame. */
async function colorOf(path: string): Promise<Uint8Array> {
  for await (const { width, height, rgb } of readFrames(path, await probeVideo(path))) {
    const middle = 3 * (width * Math.floor(height / 2) + Math.floor(width / 2));
    return rgb.slice(middle, middle + 3);
  }
  throw new Error("no frame");
}

test("VideoFile writes colors by BT.709, says so, and readFrames() gives them back", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/skin.mp4`;
  await writeVideo(path, Array(3).fill(skin));
  const { stdout } = await new Deno.Command("ffprobe", {
    args: ["-v", "error", "-show_streams", "-of", "json", path],
  }).output();
  const [{ color_space, color_primaries, color_transfer, color_range }] =
    JSON.parse(new TextDecoder().decode(stdout)).streams;
  assertEquals([color_space, color_primaries, color_transfer, color_range], ["bt709", "bt709", "bt709", "tv"]);
  assertAllClose(await colorOf(path), SKIN, CODED);
  await ffmpeg("-i", path, "-frames:v", "1", "-f", "rawvideo", "-pix_fmt", "yuv420p", `${folder.path}/yuv`);
  const yuv = await Deno.readFile(`${folder.path}/yuv`), [r, g, b] = SKIN as [number, number, number];
  const luma = 16 + 219 / 255 * (0.2126 * r + 0.7152 * g + 0.0722 * b); // ITU-R BT.709-6, section 3
  assertAllClose([yuv[0]!], [luma], CODED);
});

test("readFrames() takes a video's colors as it says, by BT.601 and BT.709, limited and full", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeFile(`${folder.path}/rgb`, skin.rgb);
  const raw = ["-f", "rawvideo", "-pix_fmt", "rgb24", "-s", "64x48", "-i", `${folder.path}/rgb`];
  for (const [matrix, tag] of [["bt601", "smpte170m"], ["bt709", "bt709"]] as const) {
    for (const range of ["tv", "pc"]) {
      const path = `${folder.path}/${matrix}-${range}.mp4`;
      const filter = `scale=out_color_matrix=${matrix}:out_range=${range},format=yuv420p`;
      await ffmpeg(...raw, "-vf", filter, "-colorspace", tag, "-color_range", range, "-crf", "10", path);
      assertAllClose(await colorOf(path), SKIN, CODED);
    }
  }
});

/** All with sound that goes on for longer; frames' rate wanders, or the file is written as to a pipe. */
const wholes: Readonly<Record<string, readonly string[]>> = {
  "a.mp4": ["-c:v", "libx264", "-movflags", "+faststart"],
  "wandering.mkv": ["-c:v", "libx264", "-vf", WANDERING, "-fps_mode", "vfr"],
  "live.webm": ["-c:v", "libvpx", "-deadline", "realtime", "-cpu-used", "8", "-live", "1"],
  "wandering.avi": ["-c:v", "mpeg4", "-vf", WANDERING, "-fps_mode", "vfr"],
};

test("readFrames() says of an MP4, Matroska, WebM and AVI file that it is cut short, and of no whole one", async () => {
  await using folder = await temporaryFolder();
  const pictures = ["-f", "lavfi", "-i", "testsrc2=size=96x64:rate=10:duration=3"];
  const sound = ["-f", "lavfi", "-i", "sine=440:duration=4"];
  const at = (name: string) => `${folder.path}/${name}`;
  const read = async (name: string) => await Array.fromAsync(readFrames(at(name), await probeVideo(at(name))));
  for (const [name, args] of Object.entries(wholes)) {
    await ffmpeg(...pictures, ...sound, ...args, at(name));
    const { length } = await read(name);
    assert(length >= 20 && length <= 32, `${name}: ${length} frames`);
    const bytes = await Deno.readFile(at(name));
    await Deno.writeFile(at(`cut-${name}`), bytes.subarray(0, Math.floor(0.6 * bytes.length)));
    await assertThrows(
      () => read(`cut-${name}`),
      CutShortError,
      /^Cannot read the whole video .*: it is cut short after \d+ frames( of about \d+)?$/,
    );
  }
  await ffmpeg("-ss", "1.05", "-i", at("a.mp4"), "-c", "copy", at("trimmed.mp4")); // says that it has 30 frames
  await ffmpeg(...pictures, "-vf", WANDERING, "-fps_mode", "vfr", at("wandering.gif"));
  for (const name of ["trimmed.mp4", "wandering.gif"]) assert((await read(name)).length > 10, name);
});
