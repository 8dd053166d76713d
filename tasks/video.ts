// deno task video [photo] [options]: a face's mesh in its photo's colors, turning, as MP4, animated WebP and a page.
import { basename } from "node:path";
import { counted } from "@/lib/counted.ts";
import { InputError } from "@/lib/errors.ts";
import { writeFileAtomic } from "@/lib/files.ts";
import type { TrackedFace } from "@/lib/track/tracked_face.ts";
import type { TaskConsole } from "@/tasks/console/task_console.ts";
import { backendOption, type CropBackend, modelOption } from "@/tasks/model_option.ts";
import { refuseExisting, refuseFolderName } from "@/tasks/refuse_existing.ts";
import { cropInPhoto, type FacePlace, parsePlace, type PlaceFlags, placeOptions } from "@/tasks/predict/face_place.ts";
import { runTask, taskCommand } from "@/tasks/run_task.ts";

const FRAMES_PER_SECOND = 24;
/** Pixels a side. */
const SIZE = 400;

interface VideoFlags extends PlaceFlags {
  readonly model: string;
  readonly backend: CropBackend;
  readonly out: string;
  readonly seconds: string;
}

const command = taskCommand("video")
  .description("Turns a face's mesh, in its photo's colors: NAME.mp4, NAME.webp, and NAME.html to turn it by mouse")
  .argument(
    "[photo]",
    "a JPEG, PNG or WebP, whose largest face is shown; a built-in face with its true mesh where it is left out",
  )
  .addOption(modelOption())
  .addOption(backendOption())
  .option("--out <name>", "what the files are called, without extension", "turning")
  .option("--seconds <number>", "of one turn to both sides and back", "4");
for (const option of placeOptions) command.addOption(option);

await runTask(command, async (console) => {
  const options = command.opts<VideoFlags>();
  const [photo] = command.args;
  const seconds = Number(options.seconds);
  if (!(seconds >= 0.5 && seconds <= 60)) {
    throw new InputError(`Cannot set --seconds to ${options.seconds}: a number from 0.5 to 60 is wanted`);
  }
  const place = parsePlace(options);
  const isSearched = place || ["model", "backend"].some((name) => command.getOptionValueSource(name) === "cli");
  if (photo === undefined && isSearched) {
    throw new InputError("Cannot look for the built-in face: --model, --backend, --crop and --box are for a photo");
  }
  refuseFolderName(options.out);
  const paths = ["mp4", "webp", "html"].map((extension) => `${options.out}.${extension}`);
  await refuseExisting(paths);

  // slow to load: help and wrong flags need none of it
  const face = photo === undefined ? await builtInSample() : await faceInPhoto(photo, { ...options, place, console });
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
  const files = [[mp4, await video.toMp4()], [webp, await video.toWebp()], [html, page]] as const;
  console.throwIfAborted(); // all three or none
  for (const [path, content] of files) await writeFileAtomic(path, content);
  console.quiet();
  globalThis.console.log(
    `${mp4}, ${webp} and ${html}: ${counted(video.frames.length, "frame")} of ${SIZE} × ${SIZE} pixels`,
  );
});

/** One that looks at the camera, its mouth closed. */
async function builtInSample(): Promise<TrackedFace> {
  const { openSource } = await import("@/lib/data/sources/open_source.ts");
  const source = await openSource({ source: { name: "built-in" }, seed: 4, imageSize: 256, augment: false });
  const { image, map } = await source.sample(0, "test");
  return { photo: image, map, surface: source.surface };
}

interface PhotoOptions extends Pick<VideoFlags, "model" | "backend"> {
  readonly place: FacePlace | undefined;
  readonly console: TaskConsole;
}

/** The largest face of a photo. */
async function faceInPhoto(path: string, { model, backend, place, console }: PhotoOptions): Promise<TrackedFace> {
  console.stage("Opening the model");
  const { openFaces } = await import("@/tasks/predict/open_faces.ts");
  const { decodePhoto } = await import("@/lib/data/files/images.ts");
  const { findFaces } = await import("@/lib/track/photo_faces.ts");
  const { trackedFace } = await import("@/lib/track/tracked_face.ts");
  const opened = await openFaces(model, { backend, note: (sentence) => console.print(sentence) });
  console.throwIfAborted();
  const photo = await decodePhoto(path);
  const { margin } = opened.description.crop;
  const faces = await findFaces(photo, opened, { margin, ...place && cropInPhoto(place, photo, { path, margin }) });
  const [largest] = faces.toSorted((a, b) => b.fit.crop.side - a.fit.crop.side);
  if (!largest) throw new InputError(`Found no face in ${path}; --box says where one is`);
  return trackedFace(photo, largest.fit, opened.description);
}
