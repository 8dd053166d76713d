// deno task evaluate <folder> [options]: measures a trained model on held-out faces, or on real photos.
import { Option } from "commander";
import { defaults } from "@/lib/config.ts";
import { counted } from "@/lib/counted.ts";
import { InputError } from "@/lib/errors.ts";
import { writeFileAtomic } from "@/lib/files.ts";
import { readRunSource } from "@/lib/train/run_folder.ts";
import type { Evaluation } from "@/lib/evaluate/evaluate.ts";
import { ErrorTable } from "@/lib/view/evaluation/error_table.ts";
import { ExpressionTable } from "@/lib/view/evaluation/expression_table.ts";
import type { NumberTable } from "@/lib/view/evaluation/number_table.ts";
import { protocolTables } from "@/lib/view/evaluation/protocol_table.ts";
import type { BoxKind, PhotoEvaluation } from "@/tasks/evaluate/measure_photos.ts";
import { backendOption, type CropBackend, heldOutFlags, sourceOptions } from "@/tasks/model_option.ts";
import { Refusals } from "@/tasks/refusals.ts";
import { refuseExisting } from "@/tasks/refuse_existing.ts";
import { CONVERTING, runTask, taskCommand } from "@/tasks/run_task.ts";
import { settingsOf, sourceOf } from "@/tasks/settings.ts";

interface Flags {
  readonly backend: CropBackend;
  readonly photos?: string;
  readonly annotations?: string;
  readonly faceModel?: string;
  readonly boxes: BoxKind;
  readonly mirrored?: boolean;
  readonly json?: boolean;
  readonly out?: string;
}

type Measured = Evaluation & Partial<PhotoEvaluation>;

const command = taskCommand("evaluate")
  .description("Measures the 68 landmarks of a trained model: NME in percent by yaw, beside a mean face's")
  .argument("<folder>", "a run's folder, or a trained model's")
  .addOption(backendOption())
  .addOption(
    new Option(
      "--photos <folder>",
      "measure on AFLW2000-3D's or 300W-LP's photos (.jpg, .mat) instead of held-out faces",
    )
      .conflicts(heldOutFlags),
  )
  .addOption(
    new Option("--annotations <folder>", "3DDFA's of AFLW2000-3D (.npy): corrected landmarks, and yaws")
      .conflicts(heldOutFlags),
  )
  .option("--face-model <file>", "of `deno task prepare bfm`: measure photos' whole faces, also after ICP")
  .addOption(
    new Option("--boxes <kind>", "where photos' faces are looked for").choices(["truth", "detector", "3ddfa"]).default(
      "truth",
    ),
  )
  .option("--mirrored", "the mean of each crop's and its mirror image's answers, as in `deno task predict`");
for (const option of sourceOptions({ about: "held-out faces", otherwise: "as it was trained" })) {
  command.addOption(option);
}
command
  .option("--test-samples <count>", `how many held-out faces (default: ${defaults.testSamples})`)
  .option("--seed <number>", "of the held-out faces (default: as it was trained)")
  .option("--json", "print one JSON object instead of a table")
  .option(
    "--out <file>",
    "also an HTML page of the tables, of photos' cumulative error, and of blinks and the jaw over a drawn video",
  );

await runTask(command, async (console) => {
  const options = command.opts<Flags>();
  const given = settingsOf({ ...options }, ["testSamples", "seed"]);
  const { testSamples } = { ...defaults, ...given };
  const folder = command.args[0]!;
  if (!options.photos && (options.annotations || options.faceModel || options.boxes !== "truth")) {
    throw new InputError("Cannot use --annotations, --face-model or --boxes without --photos, of which they say more");
  }
  if (options.boxes === "3ddfa" && !options.annotations) {
    throw new InputError("Cannot use --boxes 3ddfa without --annotations, which has those boxes");
  }

  if (options.out !== undefined) await refuseExisting([options.out]);

  console.stage("Opening the model");
  // slow to load: help and wrong flags need none of it
  const { evaluateHeldOut, trainedOn } = await import("@/lib/evaluate/trained.ts");
  const { MirroredCropModel } = await import("@/lib/model/mirrored_crop_model.ts");
  const { openCrops } = await import("@/tasks/predict/open_crops.ts");
  const { crops, description } = await openCrops(folder, {
    ...options,
    atOnce: 16,
    note: (sentence) => console.print(sentence),
  });
  const model = {
    description,
    crops: options.mirrored ? new MirroredCropModel(crops, description.expressionNames) : crops,
  };
  const tell = async (measured: Measured) => {
    const { expressions } = measured, tables = errorTables(measured);
    if (options.out !== undefined) {
      const { renderEvaluation } = await import("@/lib/view/report/evaluation_page.ts");
      const { protocolCurve } = await import("@/lib/view/evaluation/cumulative_figure.ts");
      const curve = measured.protocol && protocolCurve(measured.protocol);
      const page = await renderEvaluation({ title: `posmap: ${folder}`, tables, curve, expressions });
      await writeFileAtomic(options.out, page);
    }
    console.quiet();
    const shown = [...tables, ...expressions ? [new ExpressionTable(expressions)] : []];
    const text = options.json ? JSON.stringify(measured) : shown.map((table) => table.toText()).join("\n\n");
    globalThis.console.log(text);
  };
  const onProgress = console.stage(`Evaluating on ${options.photos ? "photos" : counted(testSamples, "face")}`);
  if (options.photos) {
    const { measurePhotos } = await import("@/tasks/evaluate/measure_photos.ts");
    const { evaluation } = await measurePhotos(model, { ...options, photos: options.photos }, onProgress);
    return await tell(evaluation);
  }
  const { source, seed } = { ...defaults, ...trainedOn(model.description), ...given };
  const refusals = new Refusals(console);
  const evaluation = await evaluateHeldOut(model, {
    workers: defaults.workers,
    source: sourceOf({ ...options }, await readRunSource(folder) ?? source),
    seed,
    sampleCount: testSamples,
    onConversion: console.lateStage(CONVERTING),
    onRefused: refusals.add,
    onProgress,
  });
  refusals.tell();
  await tell(evaluation);
});

function errorTables({ protocol, ...evaluation }: Measured): NumberTable[] {
  return [new ErrorTable(evaluation), ...protocol ? protocolTables(protocol) : []];
}
