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
  readonly learningRate: number;
  /** The whole step's. */
  readonly seconds: number;
  /** The part of it spent waiting for the batch. */
  readonly waitSeconds: number;
}

export type TrainSettings =
  & Pick<Config, "steps" | "loss" | "l2" | "learningRate" | "schedule" | "stepsPerEpoch">
  & Partial<Pick<Config, "absentShare" | "expressionWeight">>
  & { /** Steps done before. */ readonly firstStep: number };

/**
 * Trains, one report a step. Throws a DivergenceError at the first loss that is not finite, its step not taken (but on
 * other backends than "tensorflow", whose weights are lost then).
 */
export async function* train(
  { batches, ...parts }: Training,
  settings: TrainSettings,
): AsyncGenerator<StepReport> {
  using takeStep = compileStep(parts, settings);
  let step = settings.firstStep;
  let start = performance.now();
  for await (const hostBatch of batches) {
    const waited = performance.now();
    using batch = Batch.from(hostBatch);
    const learningRate = learningRateAt(step, settings);
    parts.optimizer.setLearningRate(learningRate);
    step++;
    const loss = await lossOf(() => takeStep(batch.images, batch.targets, batch.expressions, batch.presence), {
      step,
      learningRate,
    });
    const end = performance.now();
    yield { step, loss, learningRate, seconds: (end - start) / 1000, waitSeconds: (waited - start) / 1000 };
    if (step >= settings.steps) return;
    start = performance.now();
  }
}

async function lossOf(
  takeStep: () => tf.Scalar,
  { step, learningRate }: Pick<StepReport, "step" | "learningRate">,
): Promise<number> {
  let loss = NaN;
  try {
    const value = takeStep();
    loss = (await value.data())[0]!;
    value.dispose();
  } catch (error) {
    if (!isFiniteError(error, LOSS)) throw error;
  }
  if (Number.isFinite(loss)) return loss;
  throw new DivergenceError(`the loss is not finite at step ${step}, where the learning rate is ${learningRate}`);
}
