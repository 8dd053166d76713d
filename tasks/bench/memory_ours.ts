import * as tf from "@tensorflow/tfjs";
import { resolveConfig } from "@/lib/config.ts";
import { buildNetwork } from "@/lib/model/network.ts";
import { FusedAdam } from "@/lib/tensorflow/ops/adam.ts";
import { openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import { train } from "@/lib/train/trainer.ts";
import type { Holdings, MemoryContestant } from "./memory.ts";
import { sameBatch } from "./same_batch.ts";
import { contestantOptions } from "./serve.ts";

const { threads, steps: stops, ...settings } = contestantOptions<MemoryContestant>();
const tensorflow = await openTensorFlow({ device: "cpu", threads });
const config = resolveConfig(settings.architecture, { ...settings, steps: stops.at(-1)! });
const network = buildNetwork(config);
const mask = tf.ones<tf.Rank.R2>([config.imageSize, config.imageSize]);
const optimizer = new FusedAdam(config.learningRate);

const training = { network, batches: sameBatch(config), mask, optimizer };
for await (const { step } of train(training, { ...config, firstStep: 0 })) {
  if (!stops.includes(step)) continue;
  const holdings: Holdings = {
    residentBytes: Deno.memoryUsage().rss,
    tensors: tf.memory().numTensors,
    handles: tensorflow.handleCount,
  };
  console.log(JSON.stringify(holdings));
}
