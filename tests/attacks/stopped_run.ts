/** The run of twenty steps that resume_test.ts stops, in its own process and in one that is killed. */
import { type Experiment, resumeExperiment, startExperiment } from "@/lib/experiment.ts";
import { isThere } from "@/lib/files.ts";
import { tinyConfig } from "@/tests/train/tiny.ts";

export const STEPS = 20;

const config = tinyConfig({
  steps: STEPS,
  stepsPerEpoch: 2, // 10 steps to a halving
  schedule: "halve",
  validateEvery: 5,
  checkpointEvery: 1,
  l2: 1e-4,
  augment: true,
  absentShare: 0.2,
  averaging: 0.9,
});

/** Starts the run, or goes on with it, to this step at most. */
export async function begin(
  run: string,
  { workers, steps = STEPS }: { workers: number; steps?: number },
): Promise<Experiment> {
  if (!await isThere(run)) return await startExperiment({ ...config, workers, steps }, { run });
  return await resumeExperiment(run, { overrides: { workers, steps } });
}
