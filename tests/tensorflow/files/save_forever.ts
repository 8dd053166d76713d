// Saves one checkpoint after another until it is killed: `deno run save_forever.ts PREFIX`.
import * as tf from "@tensorflow/tfjs";
import { openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import { saveTensors } from "@/lib/tensorflow/files/checkpoints.ts";

await openTensorFlow({ device: "cpu" });
for (let step = 0;; step++) {
  const tensors = { a: tf.fill([20_000], step) };
  await saveTensors(Deno.args[0]!, tensors, { metadata: { step } });
  tf.dispose(tensors);
  console.log(step);
}
