import * as tf from "@tensorflow/tfjs";
import { execute } from "@/lib/tensorflow/backend/backend.ts";

/** Adds a number to each channel of x [..., channels]; TensorFlow's op joins the convolution before it. No gradient. */
export function addBias(x: tf.Tensor, bias: tf.Tensor1D): tf.Tensor {
  return tf.getBackend() === "tensorflow" ? execute("BiasAdd", {}, [x, bias], 1)[0]! : tf.add(x, bias);
}
