// deno task track VIDEO [options]: the faces of a video from frame to frame. Needs ffmpeg, and no TensorFlow.
import { basename, extname } from "node:path";
import { Option } from "commander";
import { InputError } from "@/lib/errors.ts";
import { backendOption, type CropBackend, modelOption } from "@/tasks/model_option.ts";
import { faceModelNames } from "@/tasks/open_face_model.ts";
import { isTerminal } from "@/tasks/console/status_line.ts";
import { refuseFileAsFolder } from "@/tasks/refuse_existing.ts";
import { runTask, taskCommand } from "@/tasks/run_task.ts";

interface TrackFlags {
  readonly model: string;
  readonly backend: CropBackend;
  readonly out?: string;
  readonly overlay: "sparse" | "dense" | "mesh" | "none";
  readonly faces: string;
  readonly offline: boolean;
  readonly smooth: boolean;
  readonly turning: boolean;
  readonly animate?: string;
}

const command = taskCommand("track")
  .description("Follows every face of a video: the video with what was found, landmarks as JSON lines and CSV")
  .argument("<video>", "a file that ffmpeg reads")
  .addOption(modelOption())
  .addOption(backendOption())
  .option("--out <folder>", "a new folder for what is written; the video's name unless given")
  .addOption(
    new Option("--overlay <kind>", "what is drawn over the video").choices(["sparse", "dense", "mesh", "none"])
      .default("sparse"),
  )
  .option("--faces <count>", "the most at a time", "5")
  .option("--offline", "smooth by what comes after, too (Savitzky-Golay), in place of the One-Euro filter", false)
  .option("--no-smooth", "points as they are found")
  .option("--turning", "the first face's mesh beside the video, turning", false)
  .option(
    "--animate <face>",
    `face.glb, a face model that does what the face does: ${faceModelNames}`,
  );

await runTask(command, async (task) => {
  const options = command.opts<TrackFlags>();
  const [video] = command.args as [string];
  const mostFaces = Number(options.faces);
  if (!(Number.isInteger(mostFaces) && mostFaces >= 1 && mostFaces <= 100)) {
    throw new InputError(`Cannot follow ${options.faces} faces: --faces takes a number from 1 to 100`);
  }
  if (options.offline && !options.smooth) throw new InputError("Cannot use both --offline and --no-smooth: give one");
  const out = options.out ?? basename(video, extname(video));
  await refuseFileAsFolder(out);

  // slow to load: help and wrong flags need none of it
  const { openFaces } = await import("@/tasks/predict/open_faces.ts");
  const { trackVideo } = await import("@/tasks/track/track_video.ts");
  const { summary, cut } = await trackVideo(video, {
    ...options,
    faces: await openFaces(options.model, { ...options, note: (sentence) => task.print(sentence) }),
    out,
    mostFaces,
    smoothing: options.offline ? "offline" : options.smooth ? "one-euro" : "none",
    signal: task.signal,
    onProgress: (text) => isTerminal ? task.show(text) : task.print(text),
  });
  task.quiet();
  for (const line of summary) console.log(line);
  if (cut) throw new InputError(`${cut.message}; what was found before that is in ${out}`);
});
