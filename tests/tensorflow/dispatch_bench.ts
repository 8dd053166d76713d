// deno bench --allow-ffi --allow-read --allow-write --allow-env --allow-sys tests/tensorflow/dispatch_bench.ts
import * as tf from "@tensorflow/tfjs";
import { execute, openTensorFlow } from "@/lib/tensorflow/backend.ts";

await openTensorFlow({ device: "cpu" });

const x = tf.ones([2, 2]);
const image = tf.ones<tf.Rank.R4>([1, 4, 4, 3]);
const kernel = tf.ones<tf.Rank.R4>([1, 1, 3, 4]);

Deno.bench("tf.add() of 2×2", () => tf.add(x, x).dispose());
Deno.bench("execute() of AddV2 on 2×2", () => execute("AddV2", {}, [x, x], 1)[0]!.dispose());
Deno.bench("tf.conv2d() of 4×4, six attributes", () => tf.conv2d(image, kernel, 1, "same").dispose());
Deno.bench("tf.scalar(), used once", () => tf.tidy(() => void tf.square(tf.scalar(1))));
Deno.bench("dataSync() of 2×2", () => void x.dataSync());
