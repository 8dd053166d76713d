// deno task import prnet [options]: makes a trained model of other programs' weights.
import { InputError } from "@/lib/errors.ts";
import { refusePresent } from "@/lib/files.ts";
import { refuseFileAsFolder } from "@/tasks/refuse_existing.ts";
import { runTask, taskCommand } from "@/tasks/run_task.ts";

const command = taskCommand("import")
  .description("Makes a trained model of published weights")
  .argument("<release>", "prnet: PRNet's, https://github.com/yfeng95/PRNet")
  .requiredOption("--checkpoint <prefix>", "what its checkpoint's files begin with: .../256_256_resfcn256_weight")
  .requiredOption("--uv-data <folder>", "its folder Data/uv-data")
  .requiredOption("--out <folder>", "the model's folder, a new one");

await runTask(command, async (console) => {
  const { checkpoint, uvData, out } = command.opts<{ checkpoint: string; uvData: string; out: string }>();
  if (command.args[0] !== "prnet") throw new InputError(`Cannot import "${command.args[0]}": there is prnet`);
  await refusePresent(out);
  await refuseFileAsFolder(out);
  console.stage("Reading the weights");
  // slow to load: help and wrong flags need none of it
  const [{ importPrnet }, { saveNewModel, useOwnBackend }] = await Promise.all([
    import("@/lib/model/import_prnet.ts"),
    import("@/lib/export/save_onnx.ts"),
  ]);
  await useOwnBackend();
  const model = await importPrnet({ checkpoint, uvData });
  console.stage("Writing the model");
  await saveNewModel(out, model);
  console.quiet();
  globalThis.console.log(`${out}: PRNet, ${model.network.countParams()} weights`);
});
