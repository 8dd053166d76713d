import * as tf from "@tensorflow/tfjs";
import { resolveConfig } from "@/lib/config.ts";
import { foldNetwork } from "@/lib/model/fold.ts";
import { runFolded } from "@/lib/model/run_folded.ts";
import { lendValues, openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import { compile } from "@/lib/tensorflow/compile/compile.ts";
import { floatsTensor } from "@/lib/tensorflow/backend/host_tensors.ts";
import type { InferContestant } from "./infer.ts";
import { newNetwork } from "./new_network.ts";
import { contestantOptions, serve } from "./serve.ts";

const { threads, calls, ...settings } = contestantOptions<InferContestant>();
const WARM_UP_CALLS = 3;

await openTensorFlow({ device: "cpu", threads, lowLatency: true });
const config = resolveConfig(settings.architecture, settings);
const { batchSize, imageSize } = config;
const network = newNetwork(config);
const images = new Float32Array(batchSize * imageSize * imageSize * 3).map((_, i) => (i * 7919 % 256) / 255);

const folded = runFolded(foldNetwork(network));
const compiled = compile((input: tf.Tensor4D) => folded(input), { name: "predict" });

async function predict(): Promise<number> {
  const input = floatsTensor(images, [batchSize, imageSize, imageSize, 3]);
  const maps = compiled(input);
  const first = await lendValues(maps, (values) => values[0]!);
  tf.dispose([input, maps]);
  return first;
}

for (let call = 0; call < WARM_UP_CALLS; call++) await predict();
await serve(async () => {
  const start = performance.now();
  for (let call = 0; call < calls; call++) await predict();
  return [{ unit: "ms", value: (performance.now() - start) / calls }];
});
