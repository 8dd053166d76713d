import { type FaceFileKind, faceFileKinds } from "@/lib/export/face_file_kinds.ts";
import type { Bench } from "./bench.ts";
import { hold } from "./contest.ts";
import { drawScene, sceneEntrant } from "./scene.ts";
import { denoTask, repeated, untilEnd } from "./startup.ts";

export interface PredictContestant {
  /** With the photos. */
  readonly folder: string;
  /** In one repetition. */
  readonly photos: number;
  readonly kinds: readonly FaceFileKind[];
}

const contests = [
  { name: "640×480, every file", photos: 10, kinds: faceFileKinds },
  { name: "640×480, landmarks alone", photos: 100, kinds: ["landmarks"] },
] as const;

/** Faces in photos: one photo from the command on, and many with what is open already. */
export const predictBench: Bench = async function* (options) {
  const command = "deno task predict photo.jpg, every file";
  const ours = repeated("posmap", async (children) => {
    using scene = await drawScene(children, 1);
    const start = performance.now();
    using child = children.spawn(denoTask("predict", `${scene.folder}/0.jpg`, "--out", `${scene.folder}/faces`));
    await untilEnd(child);
    return (performance.now() - start) / 1000;
  });
  yield await hold({ bench: "predict", case: command, ours, peers: [] }, options);
  for (const { name, ...task } of contests) {
    const ours = sceneEntrant("predict_ours.ts", task, { frames: task.photos });
    yield await hold({ bench: "predict", case: name, ours, peers: [] }, options);
  }
};
