// deno task export <model> [options]: writes a trained model in a format of other programs.
import { Option } from "commander";
import { InputError } from "@/lib/errors.ts";
import { runTask, taskCommand } from "@/tasks/run_task.ts";

const command = taskCommand("export")
  .description("Writes a trained model as ONNX: bytes of RGB in, positions and landmarks in crop pixels out")
  .argument("<folder>", "a run's folder, or a trained model's")
  .addOption(
    new Option("--format <name>", "onnx, or weights: ONNX in half precision without the training's mesh").choices([
      "onnx",
      "weights",
    ]).default("onnx"),
  )
  .option("--half", "weights in half precision: half the size, and no slower")
  .option("--out <file>", "where to write, of weights a folder (default: model.onnx in the model's folder)");

await runTask(command, async (console) => {
  const { format, half = false, out } = command.opts<{ format: string; half?: boolean; out?: string }>();
  console.stage("Writing the model");
  // slow to load: help and wrong flags need none of it
  const { exportOnnx, exportWeights } = await import("@/lib/export/save_onnx.ts");
  const model = command.args[0]!;
  if (format === "weights" && !out) throw new InputError("Cannot write weights: --out names the folder to write");
  const { path, byteCount } = format === "weights"
    ? { path: out, ...await exportWeights(model, out!) }
    : await exportOnnx(model, { half, path: out });
  console.quiet();
  globalThis.console.log(`${path}: ${(byteCount / 1e6).toFixed(1)} MB`);
});
