import type * as tf from "@tensorflow/tfjs";
import type { Config } from "@/lib/config.ts";
import { Batch, type HostBatch } from "@/lib/data/batches/batches.ts";
import { isFiniteError } from "@/lib/tensorflow/ops/finite.ts";
import { DivergenceError } from "@/lib/train/divergence.ts";
import { learningRateAt } from "@/lib/train/schedule.ts";
import { compileStep, LOSS, type StepParts } from "@/lib/train/step.ts";

export interface Training extends StepParts {
  readonly batches: AsyncIterable<HostBatch>;
}

export interface StepReport {
  /** Steps done, this one included. */
  readonly step: number;
  readonly loss: number;
  /** What adds up to it, by name; `position` is the part that validations measure. */
  readonly lossTerms: Readonly<Record<string, number>>;
  readonly learningRate: number;
  /** The whole step's. */
  readonly seconds: number;
  /** The part of it spent waiting for batches. */
  readonly waitSeconds: number;
}

export type TrainSettings =
  & Pick<Config, "steps" | "loss" | "l2" | "learningRate" | "schedule" | "cycles" | "stepsPerEpoch">
  & Partial<
    Pick<Config, "absentShare" | "depthWeight" | "encoding" | "expressionWeight" | "gradAccumulate" | "precision">
  >
  & Partial<Pick<Config, "syncBatchNorm" | "teacherShare">>
  & { /** Steps done before. */ readonly firstStep: number };

/**
 * Trains, one report a step, which takes `gradAccumulate` batches. Throws a DivergenceError at the first loss that is
 * not finite, its step not taken (but by ranks, on other backends than "tensorflow", and where XLA compiles the step: these
 * weights are lost then).
 */
export async function* train(
  { batches, ...parts }: Training,
  settings: TrainSettings,
): AsyncGenerator<StepReport> {
  using compiled = compileStep(parts, settings);
  const { steps, firstStep, gradAccumulate: count = 1 } = settings;
  let step = firstStep, taken = 0, waitSeconds = 0;
  let start = performance.now(), asked = start;
  for await (const hostBatch of batches) {
    waitSeconds += (performance.now() - asked) / 1000;
    using batch = Batch.from(hostBatch);
    const learningRate = learningRateAt(step, settings);
    parts.optimizer.setLearningRate(learningRate);
    const isLast = ++taken === count;
    const losses = await lossesOf(() => compiled.take(batch, { isLast }), { step: step + 1, learningRate });
    asked = performance.now();
    if (!losses) continue;
    step++;
    const [loss, ...terms] = losses as [number, ...number[]];
    const lossTerms = Object.fromEntries(compiled.terms.map((name, i) => [name, terms[i]!]));
    yield { step, loss, lossTerms, learningRate, seconds: (asked - start) / 1000, waitSeconds };
    if (step >= steps) return;
    [taken, waitSeconds] = [0, 0];
    start = asked = performance.now();
  }
}

/** The loss and its terms. */
async function lossesOf(
  takeBatch: () => tf.Tensor1D | undefined,
  { step, learningRate }: Pick<StepReport, "step" | "learningRate">,
): Promise<number[] | undefined> {
  let losses = [NaN];
  try {
    const value = takeBatch();
    if (!value) return undefined;
    losses = [...await value.data()];
    value.dispose();
  } catch (error) {
    if (!isFiniteError(error, LOSS)) throw error;
  }
  if (Number.isFinite(losses[0])) return losses;
  throw new DivergenceError(`the loss is not finite at step ${step}, where the learning rate is ${learningRate}`);
}
