// deno task card [options]: where a trained model is good and where it fails, as Markdown and a picture.
import { basename, isAbsolute } from "node:path";
import { Option } from "commander";
import { type Config, defaults } from "@/lib/config.ts";
import { counted } from "@/lib/counted.ts";
import type { Split } from "@/lib/data/sample.ts";
import type { DrawnSource } from "@/lib/data/synthetic/drawn_source.ts";
import type { SourceSpec } from "@/lib/data/sources/source.ts";
import { InputError } from "@/lib/errors.ts";
import type { TraitedFace } from "@/lib/evaluate/face_groups.ts";
import { makeFolder, writeFileAtomic } from "@/lib/files.ts";
import type { ProgressListener } from "@/lib/progress.ts";
import { readRunSource } from "@/lib/train/run_folder.ts";
import { backendOption, type CropBackend, modelOption } from "@/tasks/model_option.ts";
import type { OpenedModel } from "@/tasks/predict/open_crops.ts";
import { refuseFileAsFolder } from "@/tasks/refuse_existing.ts";
import { CONVERTING, quoted, runTask, taskCommand } from "@/tasks/run_task.ts";
import { settingsOf, sourceOf } from "@/tasks/settings.ts";

interface Flags {
  readonly model: string;
  readonly backend: CropBackend;
  readonly out: string;
  readonly photos?: string;
  readonly sourcePath?: string;
}

const command = taskCommand("card")
  .description(
    "Measures a trained model on drawn faces by pose, part, age, skin tone, cover, light, sharpness and resolution: card.md",
  )
  .addOption(modelOption())
  .addOption(backendOption())
  .option("--source-path <folder>", "where the files are of the faces that it was trained on")
  .addOption(new Option("--test-samples <count>", "how many faces").default("2000"))
  .option("--seed <number>", "of the faces (default: as it was trained)")
  .option("--photos <folder>", "also AFLW2000-3D's or 300W-LP's photos (.jpg, .mat)")
  .option("--out <folder>", "where card.md and worst.jpg are written", "card");

/** The people whom training has not shown. */
const SPLIT: Split = "test";

await runTask(command, async (console) => {
  const options = command.opts<Flags>();
  const given = settingsOf({ ...options }, ["testSamples", "seed"]);
  const { testSamples } = { ...defaults, ...given };
  await refuseFileAsFolder(options.out);

  console.stage("Opening the model");
  // slow to load: help and wrong flags need none of it
  const { openCrops } = await import("@/tasks/predict/open_crops.ts");
  const { openModel } = await import("@/tasks/predict/open_model.ts");
  const { readOnnx } = await import("@/lib/formats/onnx_file.ts");
  const { hasLayoutOf } = await import("@/lib/evaluate/region_errors.ts");
  const { encodeJpeg } = await import("@/lib/data/files/images.ts");
  const { modelCard, worstFaces } = await import("@/lib/view/evaluation/model_card.ts");
  const note = (sentence: string) => console.print(sentence);
  const opened = await openModel(options.model, { note });
  const model = await openCrops(opened, { ...options, note });
  const { source: said, seed } = { ...await trainedFaces(model, options.model), ...given };
  const source = sourceOf({ ...options }, await readRunSource(options.model) ?? said);
  const drawing = await openDrawn(
    { seed, source, imageSize: model.description.imageSize },
    console.lateStage(CONVERTING),
  );
  if (!hasLayoutOf(model.description.surface, drawing)) {
    throw new InputError(
      `Cannot measure ${options.model} on the source ${source.name}: its maps have another layout than these faces'; ` +
        "--source-path names the files that it was trained on",
    );
  }
  const onProgress = console.stage(`Drawing and fitting ${counted(testSamples, "face")}`);
  const drawn = await judgeDrawn(drawing, model, { count: testSamples, onProgress });
  const { surface } = drawing;
  const { evaluatePhotos } = await import("@/lib/evaluate/photos.ts");
  const photos = options.photos === undefined
    ? undefined
    : await evaluatePhotos(model, options.photos, { onProgress: console.stage("Fitting photos") });
  console.stage("Writing the card");
  await makeFolder(options.out);
  await writeFileAtomic(`${options.out}/worst.jpg`, await encodeJpeg(worstFaces({ drawn, surface })));
  const arrays = [...new Set(readOnnx(opened.network).arrays.values())]; // one may have two names
  const origin = {
    model: named(modelName()),
    description: model.description,
    weightCount: arrays.reduce((sum, { values }) => sum + values.length, 0),
    source: source.name,
    split: SPLIT,
    seed,
    command: commandOf({ ...options, testSamples, seed }),
  };
  await writeFileAtomic(`${options.out}/card.md`, modelCard({ drawn, surface, photos, origin }));
  console.quiet();
  globalThis.console.log(`${options.out}/card.md and ${options.out}/worst.jpg`);
});

/** As it was given, also where it was not: where the weights that come along are is a matter of the machine. */
function modelName(): string {
  return command.getOptionValueSource("model") === "default" ? "data/weights/lite" : command.opts<Flags>().model;
}

/** A folder as it was given, but not where on this machine: "…/FaceXModel". */
function named(path: string): string {
  return isAbsolute(path) ? `…/${basename(path)}` : path;
}

/** What makes the card again, wherever the files are. */
function commandOf(
  { sourcePath, photos, backend, testSamples, seed }: Flags & Pick<Config, "testSamples" | "seed">,
): string {
  const flags = [
    ["model", named(modelName())],
    ...sourcePath === undefined ? [] : [["source-path", named(sourcePath)]],
    ...backend === "cpu" ? [] : [["backend", backend]],
    ["test-samples", testSamples],
    ["seed", seed],
    ...photos === undefined ? [] : [["photos", named(photos)]],
  ];
  return ["deno task card", ...flags.map(([name, value]) => `--${name} ${quoted(String(value))}`)].join(" ");
}

/** Throws an InputError where the source's faces are not drawn: of others, it is not known what makes them hard. */
async function openDrawn(
  spec: Omit<SourceSpec, "augment">,
  onConversion: (done: number) => void,
): Promise<DrawnSource> {
  const { openSource } = await import("@/lib/data/sources/open_source.ts");
  const source = await openSource({ ...spec, augment: true }, { onProgress: onConversion });
  if ("model" in source) return source as DrawnSource;
  throw new InputError(`Cannot measure on the source ${spec.source.name}: drawn faces are wanted, such as "built-in"`);
}

async function judgeDrawn(
  source: DrawnSource,
  { crops }: OpenedModel,
  { count, onProgress }: { readonly count: number; readonly onProgress: ProgressListener },
): Promise<TraitedFace[]> {
  const faces: TraitedFace[] = [];
  for (let i = 0; i < count; i++) {
    const sample = source.sample(i, SPLIT);
    const [prediction] = await crops.predict([sample.image]);
    faces.push({ ...sample, yaw: sample.traits.pose.yaw, prediction: prediction!.map });
    onProgress((i + 1) / count);
  }
  return faces;
}

/** Throws an InputError where the model does not say. */
async function trainedFaces({ description }: OpenedModel, model: string): Promise<Pick<Config, "source" | "seed">> {
  const { trainedOn } = await import("@/lib/evaluate/trained.ts");
  const faces = trainedOn(description);
  if (faces) return faces;
  throw new InputError(`Cannot measure ${model}: it does not say which faces it was trained on`);
}
