// deno task export <model> [options]: writes a trained model in a format of other programs.
import { Option } from "commander";
import { runTask, taskCommand } from "@/tasks/run_task.ts";

const command = taskCommand("export")
  .description("Writes a trained model as ONNX: bytes of RGB in, positions and landmarks in crop pixels out")
  .argument("<folder>", "a run's folder, or a trained model's")
  .addOption(new Option("--format <name>", "the format").choices(["onnx"]).default("onnx"))
  .option("--half", "weights in half precision: half the size, and no slower")
  .option("--out <file>", "where to write (default: model.onnx in the model's folder)");

await runTask(command, async (console) => {
  const { half = false, out } = command.opts<{ half?: boolean; out?: string }>();
  console.stage("Writing the model");
  const { exportOnnx } = await import("@/lib/export/save_onnx.ts"); // slow to load: help and wrong flags need none of it
  const { path, byteCount } = await exportOnnx(command.args[0]!, { half, path: out });
  console.quiet();
  globalThis.console.log(`${path}: ${(byteCount / 1e6).toFixed(1)} MB`);
});
