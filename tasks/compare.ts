// deno task compare <folders…> [options]: runs and models in one table, on the same faces, beside what papers tell.
import { Option } from "commander";
import { defaults } from "@/lib/config.ts";
import { counted } from "@/lib/counted.ts";
import { InputError } from "@/lib/errors.ts";
import { wholeFaceErrors } from "@/lib/evaluate/aflw2000/protocol.ts";
import type { FaceError } from "@/lib/evaluate/nme.ts";
import { publishedErrors } from "@/lib/evaluate/published.ts";
import type { ComparedModel } from "@/lib/view/evaluation/model_comparison.ts";
import type { BoxKind } from "@/tasks/evaluate/measure_photos.ts";
import { backendOption, type CropBackend, heldOutFlags, sourceOptions } from "@/tasks/model_option.ts";
import type { OpenedModel } from "@/tasks/predict/open_crops.ts";
import { Refusals } from "@/tasks/refusals.ts";
import { CONVERTING, runTask, taskCommand } from "@/tasks/run_task.ts";
import { settingsOf, sourceOf } from "@/tasks/settings.ts";

const formats = ["text", "markdown", "html", "json"] as const;

interface Flags {
  readonly backend: CropBackend;
  readonly photos?: string;
  readonly faceModel?: string;
  readonly boxes: BoxKind;
  readonly format: typeof formats[number];
}

const command = taskCommand("compare")
  .description(
    "Measures runs and models on the same faces, how each differs from the first, and how fast they are: one table",
  )
  .argument("<folders...>", "runs' folders, or trained models'")
  .addOption(backendOption())
  .addOption(
    new Option("--photos <folder>", "on AFLW2000-3D's photos, beside papers' figures, instead of held-out faces")
      .conflicts(heldOutFlags),
  )
  .option("--face-model <file>", "of `deno task prepare bfm`: measure photos' whole faces, too")
  .addOption(
    new Option("--boxes <kind>", "where photos' faces are looked for").choices(["truth", "detector"]).default("truth"),
  );
for (const option of sourceOptions({ about: "held-out faces", otherwise: "built-in" })) command.addOption(option);
command
  .option("--test-samples <count>", `how many held-out faces (default: ${defaults.testSamples})`)
  .option("--seed <number>", `of the held-out faces (default: ${defaults.seed})`)
  .addOption(new Option("--format <kind>", "of the table").choices(formats).default("text"));

await runTask(command, async (console) => {
  const options = command.opts<Flags>();
  const { testSamples, seed } = { ...defaults, ...settingsOf({ ...options }, ["testSamples", "seed"]) };
  const source = sourceOf({ ...options }, defaults.source);
  if (!options.photos && (options.faceModel || options.boxes !== "truth")) {
    throw new InputError("Cannot use --face-model or --boxes without --photos, of which they say more");
  }

  // slow to load: help and wrong flags need none of it
  const { errorDifference } = await import("@/lib/evaluate/nme.ts");
  const { measureHeldOut } = await import("@/lib/evaluate/trained.ts");
  const { measurePhotos } = await import("@/tasks/evaluate/measure_photos.ts");
  const { measureSpeeds } = await import("@/tasks/compare/speeds.ts");
  const { openCrops } = await import("@/tasks/predict/open_crops.ts");
  const { ModelComparison } = await import("@/lib/view/evaluation/model_comparison.ts");
  const { ofPeople } = await import("@/lib/view/evaluation/number_table.ts");
  const { renderComparison } = await import("@/lib/view/report/comparison_page.ts");
  const { partProgress } = await import("@/lib/progress.ts");
  console.stage("Opening the models");
  const note = (sentence: string) => console.print(sentence);
  const models: OpenedModel[] = [];
  for (const folder of command.args) models.push(await openCrops(folder, { ...options, note }));
  const onProgress = console.stage(
    options.photos ? "Fitting photos" : `Fitting ${counted(testSamples, "held-out face")}`,
  );
  const measured: Omit<ComparedModel, "milliseconds">[] = [];
  const refusals = new Refusals(console);
  let first: readonly FaceError[] | undefined;
  const beside = (errors: readonly FaceError[]) => {
    if (first) return { difference: errorDifference(errors, first) };
    first = errors;
    return {};
  };
  for (const [i, model] of models.entries()) {
    const part = partProgress(onProgress, i / models.length, (i + 1) / models.length);
    const about = { name: command.args[i]!, bytes: model.bytes };
    if (options.photos) {
      const { errors, ...all } = await measurePhotos(model, { ...options, photos: options.photos }, part);
      const { protocol, ...evaluation } = all.evaluation, dense = protocol && wholeFaceErrors(protocol);
      const shown = { ...evaluation, ...dense && { dense } };
      measured.push({ ...about, evaluation: shown, ...beside(errors), pose: protocol?.pose });
    } else {
      const spec = { workers: defaults.workers, source, seed, sampleCount: testSamples };
      const onConversion = console.lateStage(CONVERTING);
      const { evaluation, errors } = await measureHeldOut(model, {
        ...spec,
        onConversion,
        onRefused: refusals.add,
        onProgress: part,
      });
      measured.push({ ...about, evaluation, ...beside(errors) });
    }
  }
  refusals.tell();
  const speeds = await measureSpeeds(models, console.stage("Timing, in turns"));
  const compared = measured.map((one, i) => ({ ...one, milliseconds: speeds[i]! }));
  console.quiet();
  const { images, people } = compared[0]!.evaluation;
  const faces = counted(images, options.photos ? "photo" : `unseen ${source.name} face`) + ofPeople(people);
  const table = new ModelComparison(compared, { faces, besidePapers: options.photos !== undefined });
  const print: Record<Flags["format"], () => string | Promise<string>> = {
    text: () => table.toText(),
    markdown: () => table.toMarkdown(),
    html: () => renderComparison(table, { faces }),
    json: () => JSON.stringify({ faces, models: compared, ...options.photos && { papers: publishedErrors } }),
  };
  globalThis.console.log(await print[options.format]());
});
