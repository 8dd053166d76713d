import * as tf from "@tensorflow/tfjs";
import type { Config } from "@/lib/config.ts";
import { Batch, type HostBatch } from "@/lib/data/batches.ts";
import type { FusedAdam } from "@/lib/tensorflow/adam.ts";
import { DivergenceError } from "@/lib/train/divergence.ts";
import { positionLoss, weightPenalty } from "@/lib/train/loss.ts";
import { learningRateAt } from "@/lib/train/schedule.ts";

export interface Training {
  readonly network: tf.LayersModel;
  readonly batches: AsyncIterable<HostBatch>;
  /** [size, size], the weight of each texel. */
  readonly mask: tf.Tensor2D;
  readonly optimizer: FusedAdam;
}

export interface StepReport {
  /** Steps done, this one included. */
  readonly step: number;
  readonly loss: number;
  readonly learningRate: number;
  /** Of the whole step. */
  readonly seconds: number;
  /** The part of it spent waiting for the batch. */
  readonly waitSeconds: number;
}

export type TrainSettings =
  & Pick<Config, "steps" | "loss" | "l2" | "learningRate" | "schedule" | "stepsPerEpoch">
  & { /** Steps done before. */ readonly firstStep: number };

/** Trains, one report a step. Throws a DivergenceError at the first loss that is not finite, its step not taken. */
export async function* train(
  { network, batches, mask, optimizer }: Training,
  settings: TrainSettings,
): AsyncGenerator<StepReport> {
  const weights = network.trainableWeights.map((weight) => weight.read() as tf.Variable);
  let step = settings.firstStep;
  let start = performance.now();
  for await (const hostBatch of batches) {
    const waited = performance.now();
    using batch = Batch.from(hostBatch);
    const learningRate = learningRateAt(step, settings);
    const { value, grads } = tf.tidy(() =>
      tf.variableGrads(() => {
        const predicted = network.apply(batch.images, { training: true }) as tf.Tensor4D;
        const loss = positionLoss(predicted, batch.targets, mask, settings.loss);
        return settings.l2 === 0 ? loss : tf.add<tf.Scalar>(loss, weightPenalty(network, settings.l2));
      }, weights)
    );
    const loss = (await value.data())[0]!;
    step++;
    if (!Number.isFinite(loss)) {
      tf.dispose([value, grads]);
      throw new DivergenceError(`the loss is ${loss} at step ${step}, where the learning rate is ${learningRate}`);
    }
    optimizer.setLearningRate(learningRate);
    optimizer.applyGradients(grads);
    tf.dispose([value, grads]);
    const end = performance.now();
    yield { step, loss, learningRate, seconds: (end - start) / 1000, waitSeconds: (waited - start) / 1000 };
    if (step >= settings.steps) return;
    start = performance.now();
  }
}
