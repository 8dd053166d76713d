import { type Config, resolveConfig } from "@/lib/config.ts";
import { counted } from "@/lib/counted.ts";
import { InputError } from "@/lib/errors.ts";
import type { Experiment } from "@/lib/experiment.ts";
import { quoted, taskLine } from "@/tasks/run_task.ts";

/** What to do after a divergence, in a training that began after this step. */
export function wayOut(experiment: Experiment, firstStep: number): string {
  const { savedStep, config } = experiment;
  const usual = resolveConfig(config.architecture).learningRate;
  const rate = config.learningRate > usual ? usual : Number((config.learningRate / 10).toPrecision(1));
  const command = `${resumeCommand(experiment)} --learning-rate ${rate}`;
  if (savedStep === undefined) {
    return `There is no checkpoint yet. To begin again with a lower learning rate: ${command}`;
  }
  if (savedStep > firstStep) return `To go on from the checkpoint after step ${savedStep} with a lower one: ${command}`;
  return `It began with the checkpoint after step ${savedStep}, which may be past help. ` +
    `To try a lower learning rate: ${command}; if that does not help, begin a new run`;
}

/** What to do where a training takes too much memory. */
export function outOfMemory({ batchSize, gradAccumulate }: Config, device?: string): InputError {
  const remedy = batchSize % 2 === 0
    ? `A new run with --batch-size ${batchSize / 2} --grad-accumulate ${
      2 * gradAccumulate
    } takes about half of it, for ` +
      "the same gradients"
    : "A new run with a smaller --batch-size, --image-size or --width takes less of it";
  return new InputError(
    `Training stopped: there is too little memory for ${counted(batchSize, "face")} at once${
      device ? ` (${device})` : ""
    }. ${remedy}; on a GPU, \`nvidia-smi\` lists what other programs hold`,
  );
}

/** What goes on with the run. */
export function resumeCommand({ path, config }: Experiment): string {
  const task = config.backend === "webgpu" ? "train:webgpu" : "train"; // which needs no TensorFlow
  return `${taskLine(task)} --resume --run ${quoted(path)}`;
}
