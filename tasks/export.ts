// deno task export <model> [options]: writes a trained model in a format of other programs.
import { Option } from "commander";
import { bytesText } from "@/lib/counted.ts";
import { InputError } from "@/lib/errors.ts";
import { refusePresent, writeFolderAtomic } from "@/lib/files.ts";
import { refuseFileAsFolder, refuseFolderName } from "@/tasks/refuse_existing.ts";
import { runTask, taskCommand } from "@/tasks/run_task.ts";

const command = taskCommand("export")
  .description("Writes a trained model for other programs: bytes of RGB in, positions and landmarks in crop pixels out")
  .argument("<folder>", "a run's folder, or a trained model's")
  .addOption(
    new Option(
      "--format <name>",
      "onnx, savedmodel: TensorFlow's, weights: ONNX in half precision without the training's mesh, or page: that of " +
        "deno task serve, for any server",
    ).choices(["onnx", "savedmodel", "weights", "page"]).default("onnx"),
  )
  .option("--half", "of onnx, weights in half precision: half the size, and no slower")
  .option("--out <file>", "where to write, of all but onnx a new folder (default: model.onnx in the model's folder)");

await runTask(command, async (console) => {
  const { format, half = false, out } = command.opts<{ format: string; half?: boolean; out?: string }>();
  const model = command.args[0]!;
  if (format !== "onnx" && !out) throw new InputError(`Cannot write ${format}: --out names the folder to write`);
  if (half && (format === "savedmodel" || format === "page")) {
    throw new InputError(
      `Cannot write ${format} in half precision: leave --half out, or take --format onnx or weights`,
    );
  }
  if (format !== "onnx") { // before a model is opened
    await refusePresent(out!);
    await refuseFileAsFolder(out!);
  } else if (out !== undefined) refuseFolderName(out);
  console.stage(format === "page" ? "Writing the page" : "Writing the model");
  const { path, byteCount } = format === "page"
    ? { path: out, byteCount: await exportPage(model, out!) }
    : await exportModel(model, { format, half, out });
  console.quiet();
  globalThis.console.log(`${path}: ${bytesText(byteCount)}`);
});

interface ModelOptions {
  readonly format: string;
  readonly half: boolean;
  readonly out: string | undefined;
}

async function exportModel(model: string, { format, half, out }: ModelOptions) {
  // slow to load: help and wrong flags need none of it
  const { exportOnnx, exportSavedModel, exportWeights } = await import("@/lib/export/save_onnx.ts");
  if (format === "onnx") return await exportOnnx(model, { half, path: out });
  const { byteCount } = await (format === "weights" ? exportWeights : exportSavedModel)(model, out!);
  return { path: out, byteCount };
}

async function exportPage(model: string, out: string): Promise<number> {
  const { openModel } = await import("@/tasks/predict/open_model.ts");
  const { pageFiles } = await import("@/tasks/serve/page_files.ts");
  const files = await pageFiles(await openModel(model));
  await writeFolderAtomic(out, files);
  return files.values().reduce((sum, { length }) => sum + length, 0);
}
