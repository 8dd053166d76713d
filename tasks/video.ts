// deno task video [photo] [options]: a face's mesh in its photo's colors, turning, as MP4, animated WebP and a page.
import { basename, dirname } from "node:path";
import { Option } from "commander";
import type { Config } from "@/lib/config.ts";
import { InputError } from "@/lib/errors.ts";
import { writeFileAtomic } from "@/lib/files.ts";
import type { Crop } from "@/lib/types.ts";
import type { TrackedFace } from "@/lib/track/tracked_face.ts";
import type { TaskConsole } from "@/tasks/console/task_console.ts";
import { runTask, taskCommand } from "@/tasks/run_task.ts";

const FRAMES_PER_SECOND = 24;
/** Pixels a side. */
const SIZE = 400;

interface VideoFlags {
  readonly model?: string;
  readonly crop?: string;
  readonly out: string;
  readonly seconds: string;
  readonly device: Config["device"];
}

const command = taskCommand("video")
  .description("Turns a face's mesh, in its photo's colors: NAME.mp4, NAME.webp, and NAME.html to turn it by mouse")
  .argument(
    "[photo]",
    "a JPEG, PNG or WebP, read with --model; a built-in face with its true mesh where it is left out",
  )
  .option("--model <folder>", "a trained model, or a run's folder")
  .option("--crop <left,top,side>", "the square around the face, in the photo's pixels")
  .option("--out <name>", "what the files are called, without extension", "turning")
  .option("--seconds <number>", "of one turn to both sides and back", "4")
  .addOption(new Option("--device <name>", "where the network runs").choices(["auto", "cpu", "gpu"]).default("auto"));

await runTask(command, async (console) => {
  const options = command.opts<VideoFlags>();
  const [photo] = command.args;
  const seconds = Number(options.seconds);
  if (!(seconds >= 0.5 && seconds <= 60)) {
    throw new InputError(`Cannot set --seconds to ${options.seconds}: a number from 0.5 to 60 is wanted`);
  }
  if ((photo === undefined) !== (options.model === undefined)) {
    throw new InputError(
      photo === undefined
        ? `Cannot use the model ${options.model} without a photo: give one, or leave both out for a built-in face`
        : `Cannot find the face's mesh in ${photo} without a trained model: name its folder by --model`,
    );
  }
  if (options.crop !== undefined && photo === undefined) {
    throw new InputError("Cannot crop the built-in face: --crop is for a photo");
  }
  const crop = options.crop === undefined ? undefined : parseCrop(options.crop);
  if (["", ".", ".."].includes(options.out.split("/").at(-1)!)) {
    throw new InputError(`Cannot set --out to "${options.out}": the files' name is wanted, not a folder`);
  }
  const paths = ["mp4", "webp", "html"].map((extension) => `${options.out}.${extension}`);
  await refuseExisting(paths);

  // slow to load: help and wrong flags need none of it
  const face = photo === undefined
    ? await builtInSample()
    : await faceInPhoto(photo, { model: options.model!, crop, device: options.device, console });
  const { turningFace, turningPage } = await import("@/lib/view/mesh/turning_face.ts");
  const video = turningFace(face, {
    size: SIZE,
    seconds,
    framesPerSecond: FRAMES_PER_SECOND,
    onProgress: console.stage("Drawing the face from all sides"),
  });
  console.stage("Writing the video and the page");
  const page = await turningPage(face, { title: photo === undefined ? "A built-in face" : basename(photo), video });
  const [mp4, webp, html] = paths as [string, string, string];
  await video.save(mp4);
  console.throwIfAborted();
  await video.save(webp);
  console.throwIfAborted();
  await writeFileAtomic(html, page);
  console.quiet();
  globalThis.console.log(`${mp4}, ${webp} and ${html}: ${video.frames.length} frames of ${SIZE} × ${SIZE} pixels`);
});

async function refuseExisting(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const isThere = await Deno.lstat(path).then(() => true, (error) => {
      if (error instanceof Deno.errors.NotFound) return false;
      throw new InputError(`Cannot write ${path}: ${error.message}`);
    });
    if (isThere) throw new InputError(`Cannot write ${path}: it is there already; name another by --out`);
  }
  const folder = dirname(paths[0]!);
  if (await Deno.stat(folder).then((found) => found.isDirectory, () => false)) return;
  throw new InputError(`Cannot write ${paths[0]}: there is no folder ${folder}`);
}

/** One that looks at the camera, its mouth closed. */
async function builtInSample(): Promise<TrackedFace> {
  const { openSource } = await import("@/lib/data/sources/open_source.ts");
  const source = await openSource({ source: { name: "built-in" }, seed: 4, imageSize: 256, augment: false });
  const { image, map } = await source.sample(0, "test");
  return { photo: image, map, surface: source.surface };
}

interface PhotoOptions {
  readonly model: string;
  readonly crop: Crop | undefined;
  readonly device: Config["device"];
  readonly console: TaskConsole;
}

async function faceInPhoto(path: string, { model, crop, device, console }: PhotoOptions): Promise<TrackedFace> {
  console.stage("Opening the model");
  const { openTrainedModel } = await import("@/lib/model/trained_model.ts");
  const { openTensorFlow } = await import("@/lib/tensorflow/backend/backend.ts");
  const { openFacePhoto, trackFace } = await import("@/lib/track/face_in_photo.ts");
  console.print((await openTensorFlow({ device, lowLatency: true })).description);
  const trained = await openTrainedModel(model);
  console.throwIfAborted();
  const found = await openFacePhoto(path, { margin: trained.description.crop.margin, crop });
  return trackFace(found.photo, found.crop, trained);
}

/** From the numbers that the user gave. */
function parseCrop(text: string): Crop {
  const [left, top, side, ...more] = text.split(",").map((part) => part.trim() === "" ? NaN : Number(part));
  if (more.length > 0 || ![left, top, side].every(Number.isFinite) || !(side! > 0)) {
    throw new InputError(`Cannot crop to ${text}: three numbers were expected, left,top,side, the side greater than 0`);
  }
  return { left: left!, top: top!, side: side! };
}
