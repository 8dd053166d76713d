import { InputError } from "@/lib/errors.ts";
import type { Experiment } from "@/lib/experiment.ts";
import { RankLostError } from "@/lib/tensorflow/collectives/rank_lost_error.ts";
import { DivergenceError } from "@/lib/train/divergence.ts";
import { STOPPED_ON_REQUEST } from "@/tasks/console/status_line.ts";
import { Interruption, type TaskConsole } from "@/tasks/console/task_console.ts";
import { resumeCommand, wayOut } from "@/tasks/train/advice.ts";
import { TrainingDisplay } from "@/tasks/train/training_display.ts";

/** Shows how it goes, up to the last step or a signal. */
export async function trainToEnd(experiment: Experiment, console: TaskConsole): Promise<void> {
  const { config, step } = experiment;
  if (step < config.steps) {
    console.stage(experiment.usesXla ? "Compiling the first step by XLA, once" : "Tracing the first step");
  }
  const display = new TrainingDisplay(experiment, console);
  try {
    for await (const report of experiment.train({ signal: console })) display.show(report);
    console.throwIfAborted();
    if (experiment.step < config.steps) throw new Interruption(STOPPED_ON_REQUEST); // another rank was asked to
  } catch (error) {
    if (error instanceof RankLostError) {
      console.throwIfAborted();
      const from = experiment.savedStep === undefined ? "" : ` from the checkpoint after step ${experiment.savedStep}`;
      throw new InputError(`${error.message}. To go on${from}: ${resumeCommand(experiment)}`);
    }
    if (!(error instanceof DivergenceError)) throw error;
    throw new InputError(`Training stopped: ${error.message}. ${wayOut(experiment, step)}`);
  }
}
