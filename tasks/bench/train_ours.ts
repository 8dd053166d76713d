import * as tf from "@tensorflow/tfjs";
import { resolveConfig } from "@/lib/config.ts";
import { buildNetwork } from "@/lib/model/network.ts";
import { FusedAdam } from "@/lib/tensorflow/ops/adam.ts";
import { openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import { train } from "@/lib/train/trainer.ts";
import { sameBatch } from "./same_batch.ts";
import { contestantOptions, serve } from "./serve.ts";
import type { TrainContestant } from "./train.ts";

const { threads, steps, ...settings } = contestantOptions<TrainContestant>();
const WARM_UP_STEPS = 2;

await openTensorFlow({ device: "cpu", threads });
const config = resolveConfig(settings.architecture, { ...settings, steps: Number.MAX_SAFE_INTEGER });
const network = buildNetwork(config);
const mask = tf.ones<tf.Rank.R2>([config.imageSize, config.imageSize]);
const optimizer = new FusedAdam(config.learningRate);
const reports = train({ network, batches: sameBatch(config), mask, optimizer }, { ...config, firstStep: 0 });
for (let step = 0; step < WARM_UP_STEPS; step++) await reports.next();

await serve(async () => {
  const start = performance.now();
  for (let step = 0; step < steps; step++) await reports.next();
  const seconds = (performance.now() - start) / 1000;
  return [{ unit: "images/s", value: steps * config.batchSize / seconds }];
});
