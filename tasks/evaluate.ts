// deno task evaluate <folder> [options]: measures a trained model on held-out faces, or on real photos.
import { runTask, taskCommand } from "@/tasks/run_task.ts";

interface Options {
  readonly photos?: string;
  readonly source?: string;
  readonly sourcePath?: string;
  readonly samples: string;
  readonly seed?: string;
  readonly device: "auto" | "cpu" | "gpu";
  readonly json?: boolean;
}

await runTask(async () => {
  const command = taskCommand("evaluate")
    .description("Measures the 68 landmarks of a trained model: NME in percent by yaw, beside a mean face's")
    .argument("<folder>", "a run's folder, or a trained model's")
    .option("--photos <folder>", "measure on AFLW2000-3D's photos (.jpg and .mat) instead of held-out faces")
    .option("--source <name>", "held-out faces of this source, procedural or ict (default: as it was trained)")
    .option("--source-path <folder>", "where the source's files are (default: as it was trained)")
    .option("--samples <count>", "how many held-out faces", "256")
    .option("--seed <number>", "of the held-out faces (default: as it was trained)")
    .option("--device <name>", "auto, cpu or gpu", "auto")
    .option("--json", "print one JSON object")
    .parse(Deno.args, { from: "user" });
  const options = command.opts<Options>();

  // slow to load: help and wrong flags need none of it
  const { openTrained, evaluateHeldOut, evaluatePhotos } = await import("@/lib/evaluate/trained.ts");
});
