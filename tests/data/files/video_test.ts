import { probeVideo, readFrames } from "@/lib/data/files/video.ts";
import { assertAllClose, assertEquals } from "@/tests/support.ts";
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
