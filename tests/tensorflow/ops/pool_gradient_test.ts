import * as tf from "@tensorflow/tfjs";
import { execute, openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import { assertAllClose, FLOAT32_TOLERANCE } from "@/tests/support.ts";

await openTensorFlow({ device: "cpu" });

Deno.test("the gradient of average pooling is TensorFlow's own, whatever the window, also one larger than the picture", () => {
  const windows = [[5, 5, 1], [3, 1, 1], [1, 7, 1], [4, 4, 1], [3, 4, 1], [9, 11, 1], [3, 3, 2]] as const;
  for (const [rows, columns, stride] of windows) {
    tf.tidy(() => {
      const x = tf.randomUniform<tf.Rank.R4>([2, 6, 9, 3], -1, 1, "float32", 1);
      const pool = (x: tf.Tensor4D) => tf.avgPool(x, [rows, columns], stride, "same");
      const dy = tf.randomUniform<tf.Rank.R4>(pool(x).shape, -1, 1, "float32", 2);
      const attributes = {
        ksize: [1, rows, columns, 1],
        strides: [1, stride, stride, 1],
        padding: "SAME",
        data_format: "NHWC",
      };
      const [expected] = execute("AvgPoolGrad", attributes, [tf.tensor1d(x.shape, "int32"), dy], 1);
      const found = tf.grad((x) => pool(x as tf.Tensor4D))(x, dy);
      assertAllClose([...found.dataSync()], [...expected!.dataSync()], FLOAT32_TOLERANCE);
    });
  }
});
