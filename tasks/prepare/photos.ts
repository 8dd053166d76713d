import { type Command, Option } from "commander";
import { counted } from "@/lib/counted.ts";
import type { Labeler } from "@/lib/data/sets/own_photos/labeler.ts";
import type { PhotoStore } from "@/lib/data/store/photo_store.ts";
import { InputError } from "@/lib/errors.ts";
import { type LandmarkConvention, landmarkConventions } from "@/lib/face/landmarks.ts";
import type { MorphableModel } from "@/lib/face/morphable_model.ts";
import { quantile } from "@/lib/numbers.ts";
import { FirstLines } from "@/tasks/first_lines.ts";
import { refuseFileAsFolder } from "@/tasks/refuse_existing.ts";
import { modelOption } from "@/tasks/model_option.ts";
import { type FaceKind, faceKinds, openFaceModel } from "@/tasks/open_face_model.ts";
import type { Preparation } from "@/tasks/prepare/preparation.ts";
import { portOf } from "@/tasks/serve/port.ts";
import { CONVERTING } from "@/tasks/run_task.ts";
import type { Interruption, TaskConsole } from "@/tasks/console/task_console.ts";

interface Flags {
  readonly out: string;
  readonly model: string;
  readonly landmarks?: string;
  readonly convention: LandmarkConvention;
  readonly face: FaceKind;
  readonly facePath?: string;
  readonly imageSize: string;
  readonly license: string;
  readonly mostError?: string;
  readonly choose?: boolean;
  readonly port: string;
}

/** Labels for photos of one's own. */
export const photos: Preparation = {
  name: "photos",
  configure: (command) =>
    command
      .description(
        "Labels the faces of your own photos: by a trained model, or by fitting a face to 68 landmarks of each",
      )
      .argument(
        "[folder]",
        "JPEG, PNG and WebP files, in folders or not; with --choose, none for labels that are there",
      )
      .requiredOption("--out <folder>", "where labels are kept; what is there of these photos is not made again")
      .addOption(modelOption())
      .option("--landmarks <path>", "a folder with a .pts or .json file for each photo, or one file in COCO's format")
      .addOption(
        new Option("--convention <name>", "which points the landmarks are").choices(landmarkConventions).default(
          "outline",
        ),
      )
      .addOption(new Option("--face <name>", "what is fitted to landmarks").choices(faceKinds).default("built-in"))
      .option("--face-path <path>", "where its files are; for model, a file that deno task prepare has made")
      .option("--image-size <pixels>", "side of crops and maps that are fitted to landmarks", "128")
      .option("--license <text>", "of what is learned from the photos", "as that of the photos")
      .option("--most-error <percent>", "leave out faces whose labels are further off; none for no limit")
      .option("--choose", "show the labels in a page, worst fit first, to throw out bad ones")
      .option("--port <number>", "of that page; 0 for any that is free", "8000"),
  async run(command, console) {
    refuseIdle(command);
    const options = command.opts<Flags>();
    const [folder] = command.args as [string?];
    const port = portOf(options.port);
    await refuseFileAsFolder(options.out);
    const limit = options.mostError === undefined ? undefined : limitOf(options.mostError);
    const store = folder === undefined ? await openStore(options) : await labelAll(folder, options, console);
    if (limit !== undefined) await store.choose({ ...store.choices, mostError: limit });
    console.quiet();
    if (folder !== undefined) tell(store);
    if (options.choose) await choose(store, { port, console });
  },
};

/** Throws an InputError that names a flag that would change nothing. */
function refuseIdle(command: Command): void {
  const { landmarks, face, choose } = command.opts<Flags>();
  const refuse = (names: readonly (keyof Flags)[], why: string) => {
    const isGiven = (name: string) => names.some((own) => own === name) && command.getOptionValueSource(name) === "cli";
    const flag = command.options.find((option) => isGiven(option.attributeName()));
    if (flag) throw new InputError(`Cannot use ${flag.long} ${why}`);
  };
  const fitting = ["convention", "face", "facePath", "imageSize"] as const;
  if (command.args.length === 0) {
    refuse(
      ["model", "landmarks", ...fitting, "license"],
      "without a folder of photos: labels that are there keep theirs",
    );
  }
  if (landmarks === undefined) {
    refuse(fitting, "without --landmarks: what a trained model labels is as the model has it");
  } else refuse(["model"], "with --landmarks: it is a face model that is fitted to these, which --face names");
  if (face === "built-in") refuse(["facePath"], "with the built-in face, which has no files: --face names another");
  if (!choose) refuse(["port"], "without --choose: it is of that page");
}

async function labelAll(folder: string, options: Flags, console: TaskConsole): Promise<PhotoStore> {
  const { listOwnPhotos } = await import("@/lib/data/sets/own_photos/listing.ts");
  const photos = await listOwnPhotos(folder, { print: (line) => console.print(line) });
  const labeler = await openLabeler(options, console);
  return await label({ folder: options.out, photos, labeler, license: options.license }, console);
}

async function openStore({ out, choose }: Flags): Promise<PhotoStore> {
  if (!choose) throw new InputError("Cannot label photos: a folder of photos was expected");
  const { PhotoStore } = await import("@/lib/data/store/photo_store.ts");
  return await PhotoStore.open(out);
}

/** Shows the labels until a signal ends it. */
async function choose(
  store: PhotoStore,
  { port, console }: { readonly port: number; readonly console: TaskConsole },
): Promise<void> {
  if (store.faces.length === 0) throw new InputError(`Cannot choose among the labels in ${store.folder}: it has none`);
  console.stage("Bundling the page");
  const { serveChoosing, usedFaces } = await import("@/tasks/prepare/choose_faces.ts");
  const { addressOf } = await import("@/tasks/serve/page_server.ts");
  const { signal } = console;
  const server = await serveChoosing(store, { port, signal, onSave: () => globalThis.console.log(usedFaces(store)) });
  for (const name of ["run", "env"] as const) await Deno.permissions.revoke({ name }); // bundling needed them
  console.quiet();
  globalThis.console.log(`${addressOf(server.addr)}  (Ctrl-C ends it)`);
  await server.finished;
  throw signal.reason as Interruption;
}

function limitOf(text: string): number | null {
  if (text === "none") return null;
  const limit = text.trim() === "" ? NaN : Number(text);
  if (limit > 0 && limit < Infinity) return limit;
  throw new InputError(`Cannot set --most-error to "${text}": a number above 0 is wanted, in percent, or none`);
}

async function openLabeler(options: Flags, console: TaskConsole): Promise<Labeler> {
  const { landmarks, convention } = options;
  if (landmarks === undefined) {
    console.stage("Opening the trained model");
    const [{ openFaces }, { openModel }, { modelLabeler }, { sha256 }] = await Promise.all([
      import("@/tasks/predict/open_faces.ts"),
      import("@/tasks/predict/open_model.ts"),
      import("@/lib/track/model_labeler.ts"),
      import("@/lib/formats/seal.ts"),
    ]);
    const model = await openModel(options.model, { note: (sentence) => console.print(sentence) });
    return modelLabeler({ ...await openFaces(model), fingerprint: await sha256(model.network) });
  }
  const imageSize = Number(options.imageSize);
  if (![64, 128, 256].includes(imageSize)) {
    throw new InputError(`Cannot make maps of ${options.imageSize} pixels a side: --image-size takes 64, 128 or 256`);
  }
  const { openLandmarkFiles } = await import("@/lib/data/sets/own_photos/landmark_files.ts");
  const files = await openLandmarkFiles(landmarks, convention);
  const { landmarkLabeler } = await import("@/lib/data/sets/own_photos/labeler.ts");
  const model = await openFace(options, console);
  if (!model.surface.landmarks[convention]) {
    throw new InputError(
      `Cannot fit ${model.name} to landmarks of the convention ${convention}: it has ` +
        `${Object.keys(model.surface.landmarks).join(", ")}`,
    );
  }
  return landmarkLabeler(model, { files, convention, imageSize });
}

async function openFace({ face, facePath }: Flags, console: TaskConsole): Promise<MorphableModel> {
  console.stage("Opening the face model");
  if (face !== "built-in" && facePath === undefined) {
    throw new InputError(`Cannot open the face model ${face}: --face-path was not given`);
  }
  return await openFaceModel(facePath ?? face, { kind: face, onProgress: console.lateStage(CONVERTING) });
}

async function label(
  { folder, photos, ...options }: {
    readonly folder: string;
    readonly photos: Parameters<typeof import("@/lib/data/store/photo_store.ts").labelPhotos>[1];
    readonly labeler: Labeler;
    readonly license: string;
  },
  console: TaskConsole,
): Promise<PhotoStore> {
  const { labelPhotos } = await import("@/lib/data/store/photo_store.ts");
  const progress = console.stage(`Labeling ${counted(photos.length, "photo")}`);
  const lines = new FirstLines(console, "Further photos without labels are counted only");
  let done = 0;
  return await labelPhotos(folder, photos, {
    ...options,
    onWait: () => console.print(`Waiting for another process in ${folder}`),
    onRemoved: (count) => console.print(`Removed the labels of ${counted(count, "photo")} that are there no more`),
    onPhoto({ name, faces, refused }) {
      progress(++done / photos.length);
      console.throwIfAborted();
      if (refused) lines.print(`Left out: ${refused}`);
      else if (faces === 0) lines.print(`No face: ${name}`);
    },
  });
}

function tell(store: PhotoStore): void {
  const { folder, index: { photos, refused, loss, about, errorMeans }, faces } = store;
  const leftOut = faces.length - store.chosen().length;
  const at = (share: number) => quantile(faces.map(({ error }) => error), share).toFixed(2);
  const known = new Set(faces.map(({ id }) => id)), gone = store.choices.out.filter((id) => !known.has(id)).length;
  const without = photos!.filter(({ errors }) => errors.length === 0).length;
  const lines = [
    `${folder}: ${counted(faces.length, "face")} of ${counted(photos!.length + refused.length, "photo")}, ${about}`,
    ...without > 0 ? [`${counted(without, "photo")} without a face`] : [],
    ...refused.length > 0 ? [`${counted(refused.length, "photo")} left out`] : [],
    `label error, ${errorMeans}, % of the face's size: median ${at(0.5)}, 90 % below ${at(0.9)}, most ${at(1)}`,
    ...leftOut > 0 ? [`${counted(leftOut, "face")} not used`] : [],
    ...gone > 0 ? [`${counted(gone, "face")} left out by hand that is there no more`] : [],
    `positions are kept to ${loss.toFixed(4)} pixels of the crop`,
  ];
  globalThis.console.log(lines.join("\n"));
}
