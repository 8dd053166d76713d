import * as tf from "@tensorflow/tfjs";
import { resolveConfig } from "@/lib/config.ts";
import { buildNetwork } from "@/lib/model/network.ts";
import { openTensorFlow } from "@/lib/tensorflow/backend.ts";
import type { InferContestant } from "./infer.ts";
import { contestantOptions, serve } from "./serve.ts";

const { threads, calls, ...settings } = contestantOptions<InferContestant>();
const WARM_UP_CALLS = 3;

await openTensorFlow({ device: "cpu", threads });
const config = resolveConfig(settings.model, settings);
const { batchSize, imageSize } = config;
const network = buildNetwork(config);
const images = new Float32Array(batchSize * imageSize * imageSize * 3).map((_, i) => (i * 7919 % 256) / 255);

function predict(): void {
  const maps = tf.tidy(() => {
    const input = tf.tensor4d(images, [batchSize, imageSize, imageSize, 3]);
    return network.apply(input, { training: false }) as tf.Tensor4D;
  });
  maps.dataSync();
  maps.dispose();
}

for (let call = 0; call < WARM_UP_CALLS; call++) predict();
await serve(() => {
  const start = performance.now();
  for (let call = 0; call < calls; call++) predict();
  return [{ unit: "ms", value: (performance.now() - start) / calls }];
});
