// ranks_ours.ts OPTIONS: one of two ranks that train: steps by itself and with the other, in turns, and gradients alone.
import * as tf from "@tensorflow/tfjs";
import { resolveConfig } from "@/lib/config.ts";
import { buildNetwork } from "@/lib/model/network.ts";
import { openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import { Ranks } from "@/lib/tensorflow/collectives/ranks.ts";
import { compile } from "@/lib/tensorflow/compile/compile.ts";
import { FusedAdam } from "@/lib/tensorflow/ops/adam.ts";
import { train } from "@/lib/train/trainer.ts";
import { measureLine } from "./measure_line.ts";
import type { RankContestant, RankSeconds } from "./ranks.ts";
import { sameBatch } from "./same_batch.ts";

const { cluster, repetitions, threads, ...settings }: RankContestant = JSON.parse(Deno.args[0]!);
const line = await measureLine(cluster);
await openTensorFlow({ device: "cpu", threads: Math.max(1, Math.floor(threads / cluster.addresses.length)), cluster });
using ranks = await Ranks.join(cluster, { device: "cpu" });
const config = resolveConfig(settings.architecture, { ...settings, steps: Number.MAX_SAFE_INTEGER });
const network = buildNetwork(config);
const mask = tf.ones<tf.Rank.R2>([config.imageSize, config.imageSize]);
const optimizer = new FusedAdam(config.learningRate);
const stepsOf = (ranks?: Ranks) =>
  train({ network, batches: sameBatch(config), mask, optimizer, ranks }, { ...config, firstStep: 0 });
const [alone, together] = [stepsOf(), stepsOf(ranks)];
const begin = ranks.program();
const gradients = Object.fromEntries(network.trainableWeights.map((weight) => [weight.originalName, weight.read()]));
const bytes = 4 * Object.values(gradients).reduce((sum, { size }) => sum + size, 0);
using exchange = compile((gradients: tf.NamedTensorMap) => begin().mean(gradients), { name: "exchange" });
const beginMessage = ranks.program();
using message = compile((one: tf.Tensor) => beginMessage().meanOf(one), { name: "message" });
const one = tf.scalar(1);

const seconds: RankSeconds = { ...line, bytes, alone: [], together: [], exchange: [], message: [] };
const ways = {
  alone: () => alone.next(),
  together: () => together.next(),
  exchange: () => tf.dispose(exchange(gradients)),
  message: () => tf.dispose(message(one)),
};
for (let repetition = -1; repetition < repetitions; repetition++) { // the first is traced
  for (const [way, take] of Object.entries(ways) as [keyof typeof ways, () => unknown][]) {
    await ranks.fromFirst(new Uint8Array(1)); // both begin at once
    const start = performance.now();
    await take();
    if (repetition >= 0) seconds[way].push((performance.now() - start) / 1000);
  }
}
ranks.leave();
console.log(JSON.stringify(seconds));
Deno.exit();
