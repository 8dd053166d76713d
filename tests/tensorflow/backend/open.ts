// Run by backend_test.ts in a process of its own, with the permissions that tasks have: open.ts cpu|gpu [low-latency]
import * as tf from "@tensorflow/tfjs";
import { openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";

try {
  const [device, mode] = Deno.args;
  const tensorFlow = await openTensorFlow({ device: device as "cpu" | "gpu", lowLatency: mode === "low-latency" });
  console.log(tensorFlow.description);
  const image = tf.ones<tf.Rank.R4>([1, 64, 64, 8]);
  const sums = tf.sum(tf.conv2d(image, tf.ones<tf.Rank.R4>([3, 3, 8, 8]), 1, "valid"), [0, 1, 2]);
  console.log(sums.dataSync().join());
} catch (error) {
  console.log(String(error));
}
