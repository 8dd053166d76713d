import * as tf from "@tensorflow/tfjs";
import { CheckpointSeries } from "@/lib/formats/checkpoint_series.ts";
import { buildNetwork } from "@/lib/model/network.ts";
import { FusedAdam } from "@/lib/tensorflow/ops/adam.ts";
import { openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import { firstProgress, saveCheckpoint } from "@/lib/train/checkpoint.ts";
import { withWeights } from "@/lib/train/with_weights.ts";
import { assertEquals, assertThrows } from "@/tests/support.ts";
import { temporaryFolder, tinyConfig } from "@/tests/train/tiny.ts";

await openTensorFlow({ device: "cpu" });

Deno.test("withWeights() uses a checkpoint's weights, and leaves the network and no tensor, also at an error", async () => {
  await using folder = await temporaryFolder();
  const config = tinyConfig();
  const best = await CheckpointSeries.open(`${folder.path}/best`);
  const network = buildNetwork(config);
  const optimizer = new FusedAdam(1);
  const weights = () => network.weights.map((weight) => [...weight.read().dataSync()]);
  const saved = weights();
  await saveCheckpoint(best, { network, optimizer, progress: firstProgress(config) });
  tf.tidy(() => network.weights.forEach((weight) => weight.write(tf.add(weight.read(), 1))));
  const [last, tensors] = [weights(), tf.memory().numTensors];
  assertEquals(await withWeights(best, network, weights), saved);
  assertEquals([weights(), tf.memory().numTensors], [last, tensors]);
  const none = await CheckpointSeries.open(`${folder.path}/none`);
  const fail = () => Promise.reject(new RangeError("no use"));
  await assertThrows(() => withWeights(best, network, fail), RangeError, /no use/);
  assertEquals([weights(), tf.memory().numTensors], [last, tensors]);
  assertEquals(await withWeights(none, network, weights), last);
  network.dispose();
  optimizer.dispose();
});
