import * as tf from "@tensorflow/tfjs";
import { execute } from "./backend.ts";

/**
 * The product of two matrices by TensorFlow's op for two. tfjs takes its op for batches of matrices, which costs more
 * where they are small. Has a gradient.
 */
export function multiplyMatrices(a: tf.Tensor2D, b: tf.Tensor2D): tf.Tensor2D {
  if (tf.getBackend() !== "tensorflow") return tf.matMul(a, b);
  const multiply = tf.customGrad((...parameters) => {
    const [a, b, save] = parameters as unknown as [tf.Tensor2D, tf.Tensor2D, tf.GradSaveFunc];
    save([a, b]);
    return {
      value: product(a, b),
      gradFunc: (dy: tf.Tensor, [a, b]: tf.Tensor[]) => [
        product(dy, b!, { transpose_b: true }),
        product(a!, dy, { transpose_a: true }),
      ],
    };
  });
  return multiply(a, b) as tf.Tensor2D;
}

function product(a: tf.Tensor, b: tf.Tensor, attributes: Readonly<Record<string, boolean>> = {}): tf.Tensor {
  return execute("MatMul", attributes, [a, b], 1)[0]!;
}
