import * as tf from "@tensorflow/tfjs";
import { replaceKernel } from "@/lib/tensorflow/backend/replace_kernel.ts";

/**
 * Has the gradient of average pooling that leaves the size as it is be pooling, too: of the gradient, each cell of which is
 * first divided by how many of its window lie inside. TensorFlow's own op takes ten times as long and more on processors, as
 * oneDNN has no fast one for few channels.
 */
export function poolInGradients(): void {
  replaceKernel("AvgPoolGrad", "tensorflow", (stock) => (parameters) => {
    const dy = parameters.inputs["dy"] as tf.Tensor4D;
    const { filterSize, strides, pad } = parameters.attrs as unknown as Pooling;
    const [rows, columns] = typeof filterSize === "number" ? [filterSize, filterSize] : filterSize;
    const isCentered = pad === "same" && [strides].flat().every((stride) => stride === 1) &&
      rows % 2 * columns % 2 === 1;
    if (!isCentered) return stock(parameters);
    return tf.tidy(() => {
      const inside = tf.mul(insideCounts(dy.shape[1], rows), tf.transpose(insideCounts(dy.shape[2], columns)));
      const counts = tf.reshape(inside, [1, dy.shape[1], dy.shape[2], 1]);
      return tf.mul(tf.avgPool(tf.div(dy, counts) as tf.Tensor4D, [rows, columns], 1, "same"), counts);
    });
  });
}

interface Pooling {
  readonly filterSize: number | [number, number];
  readonly strides: number | [number, number];
  readonly pad: string | number;
}

/** [size, 1]: of the window about each place, how many places there are. */
function insideCounts(size: number, window: number): tf.Tensor2D {
  const reach = (window - 1) / 2;
  const counts = Array.from({ length: size }, (_, i) => Math.min(i + reach, size - 1) - Math.max(i - reach, 0) + 1);
  return tf.tensor2d(counts, [size, 1]);
}
