import * as tf from "@tensorflow/tfjs";
import { execute } from "@/lib/tensorflow/backend/backend.ts";

/**
 * The product of two matrices by TensorFlow's op for two. tfjs takes its op for batches of matrices, which costs more
 * where they are small. No gradient.
 */
export function multiplyMatrices(a: tf.Tensor2D, b: tf.Tensor2D): tf.Tensor2D {
  return tf.getBackend() === "tensorflow" ? execute("MatMul", {}, [a, b], 1)[0] as tf.Tensor2D : tf.matMul(a, b);
}
