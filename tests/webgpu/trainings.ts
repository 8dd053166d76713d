import * as tf from "@tensorflow/tfjs";
import { buildNetwork } from "@/lib/model/network.ts";
import type { DisposableOptimizer } from "@/lib/train/interfaces.ts";
import { train } from "@/lib/train/trainer.ts";
import { noiseBatches, tinyConfig } from "@/tests/train/tiny.ts";

export type Architecture = "lite" | "prnet";

/** A run of four steps, which another backend goes on with after {@linkcode STOP_STEP}. */
export const runConfig = tinyConfig({
  steps: 4,
  learningRate: 1e-4,
  schedule: "halve",
  loss: "mse",
  validateEvery: 2,
});
export const STOP_STEP = 2;

/** The losses of a few steps on the backend that is on, and how many tensors the last of them left. */
export async function lossesOf(
  architecture: Architecture,
  newOptimizer: (learningRate: number) => DisposableOptimizer,
): Promise<{ losses: number[]; leaked: number }> {
  const steps = 6;
  const config = tinyConfig({
    architecture,
    steps,
    learningRate: 1e-5, // at twice that, a rounding may take PRNet's sixth loss 3e-4 away
    schedule: "halve",
    loss: "mse",
    l2: 2e-4,
    eyes: true,
  });
  const { imageSize: size } = config;
  const parts = {
    network: buildNetwork(config, 3),
    optimizer: newOptimizer(config.learningRate),
    mask: tf.ones([size, size]) as tf.Tensor2D,
  };
  const losses: number[] = [], counts: number[] = [];
  for await (const { loss } of train({ ...parts, batches: noiseBatches(steps, 3) }, { ...config, firstStep: 0 })) {
    losses.push(loss);
    counts.push(tf.memory().numTensors);
  }
  for (const part of Object.values(parts)) part.dispose();
  return { losses, leaked: counts.at(-1)! - counts.at(-3)! };
}
