import * as tf from "@tensorflow/tfjs";

/** [1, size, size, 3], values in [0, 1] that follow from their place alone. */
export function patternedImage(size: number): tf.Tensor4D {
  const values = Float32Array.from({ length: size * size * 3 }, (_, i) => (Math.imul(i, 7919) >>> 3) % 256 / 255);
  return tf.tensor4d(values, [1, size, size, 3]);
}
