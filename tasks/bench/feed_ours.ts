import * as tf from "@tensorflow/tfjs";
import { resolveConfig } from "@/lib/config.ts";
import { openBatches } from "@/lib/data/batches/batches.ts";
import { buildNetwork } from "@/lib/model/network.ts";
import { FusedAdam } from "@/lib/tensorflow/ops/adam.ts";
import { openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import { train } from "@/lib/train/trainer.ts";
import type { FeedContestant } from "./data.ts";
import { sameBatch } from "./same_batch.ts";
import { contestantOptions, serve } from "./serve.ts";

const { by, firstSteps, steps, threads, ...settings } = contestantOptions<FeedContestant>();
/** The workers fill their ring in it, so that they do not disturb who comes next. */
const REST_MS = 1500;

await openTensorFlow({ device: "cpu", threads });
const config = resolveConfig(settings.architecture, { ...settings, steps: Number.MAX_SAFE_INTEGER });
const network = buildNetwork(config);
const mask = tf.ones<tf.Rank.R2>([config.imageSize, config.imageSize]);
const optimizer = new FusedAdam(config.learningRate);
const batches = by === "workers" ? openBatches({ ...config, split: "train" }) : sameBatch(config);
const reports = train({ network, batches, mask, optimizer }, { ...config, firstStep: 0 });

async function takeSteps(count: number): Promise<{ seconds: number; waitSeconds: number }> {
  const start = performance.now();
  let waitSeconds = 0;
  for (let step = 0; step < count; step++) waitSeconds += (await reports.next()).value!.waitSeconds;
  return { seconds: (performance.now() - start) / 1000, waitSeconds };
}

await takeSteps(firstSteps);
await serve(async () => {
  await takeSteps(firstSteps);
  const { seconds, waitSeconds } = await takeSteps(steps);
  if (by === "workers") await new Promise((resolve) => setTimeout(resolve, REST_MS));
  return [
    { unit: "images/s", value: steps * config.batchSize / seconds },
    ...by === "workers" ? [{ label: "waiting for data", unit: "%", value: 100 * waitSeconds / seconds }] : [],
  ];
});
