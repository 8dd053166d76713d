/** Videos made by ffmpeg, and what ffprobe says of them. */
import { VideoFile } from "@/lib/data/files/video.ts";
import type { Photo } from "@/lib/types.ts";

export const hasFfmpeg = await new Deno.Command("ffprobe", { args: ["-version"], stdout: "null", stderr: "null" })
  .output().then(({ success }) => success, () => false);

/** Throws with what it complains of. */
export async function ffmpeg(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("ffmpeg", { args: ["-v", "error", "-y", ...args] }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

/** An MP4 of pictures of one size. */
export async function writeVideo(path: string, frames: readonly Photo[], rate = "30"): Promise<void> {
  const [{ width, height }] = frames as [Photo];
  await using video = await VideoFile.create(path, { width, height, rate });
  for (const frame of frames) await video.add(frame);
  await video.finish();
}

export interface ProbedVideo {
  readonly width: number;
  readonly height: number;
  /** Counted by decoding them. */
  readonly frames: number;
  /** Seconds, of the pictures. */
  readonly duration: number;
  readonly hasSound: boolean;
}

export async function probe(path: string): Promise<ProbedVideo> {
  const { stdout } = await new Deno.Command("ffprobe", {
    args: ["-v", "error", "-count_frames", "-show_streams", "-of", "json", path],
  }).output();
  const { streams } = JSON.parse(new TextDecoder().decode(stdout));
  const of = (kind: string) => streams.find((stream: { codec_type: string }) => stream.codec_type === kind);
  const { width, height, nb_read_frames: frames, duration } = of("video");
  return {
    width,
    height,
    frames: Number(frames),
    duration: Number(duration),
    hasSound: of("audio") !== undefined,
  };
}
