import type { Bench } from "./bench.ts";
import { hold } from "./contest.ts";
import { sceneEntrant } from "./scene.ts";

export interface TrackContestant {
  /** With the video. */
  readonly folder: string;
  readonly architecture: "lite" | "prnet";
  readonly overlay: "sparse" | "mesh";
  /** In one repetition. */
  readonly frames: number;
}

const contests = [
  { architecture: "lite", overlay: "sparse", frames: 200 },
  { architecture: "lite", overlay: "mesh", frames: 200 },
  { architecture: "prnet", overlay: "sparse", frames: 40 },
] as const;

/** One face of a video, from file to file, with what is found drawn over it. Needs ffmpeg. */
export const trackBench: Bench = async function* (options) {
  const isThere = await new Deno.Command("ffmpeg", { args: ["-version"], stdout: "null" }).output()
    .then(({ success }) => success, () => false);
  if (!isThere) return options.note("track is left out: ffmpeg is not installed");
  for (const task of contests) {
    const name = `${task.architecture}, 640×480, ${task.overlay}`;
    const ours = sceneEntrant("track_ours.ts", task, { frames: task.frames, run: ["ffmpeg", "ffprobe"] });
    yield await hold({ bench: "track", case: name, ours, peers: [] }, options);
  }
};
