import * as tf from "@tensorflow/tfjs";
import { execute, newTensor } from "@/lib/tensorflow/backend/backend.ts";

type Shape4D = [number, number, number, number];

/** A tensor with a copy of bytes, such as pixels: a quarter of the memory of float32. tfjs counts it as int32. */
export function bytesTensor(bytes: Uint8Array, shape: Shape4D): tf.Tensor4D {
  if (tf.getBackend() === "tensorflow") return newTensor("uint8", shape, bytes) as tf.Tensor4D;
  return tf.tensor4d(bytes.slice(), shape, "int32"); // has no smaller type
}

/** A tensor with a copy of the values; tfjs's own function may share them. */
export function floatsTensor(values: Float32Array, shape: Shape4D): tf.Tensor4D {
  if (tf.getBackend() === "tensorflow") return newTensor("float32", shape, values) as tf.Tensor4D;
  return tf.tensor4d(values.slice(), shape);
}

/** From bytes to float32 in [0, 1]. Has no gradient. */
export function bytesToUnit(bytes: tf.Tensor4D): tf.Tensor4D {
  return tf.tidy(() => {
    const values = tf.getBackend() === "tensorflow"
      ? execute("Cast", { DstT: "float32" }, [bytes], 1)[0]! // tfjs's takes the bytes for int32
      : tf.cast(bytes, "float32");
    return tf.div(values, 255);
  });
}

/**
 * Brings a network's weights to where `dataSync` reads them: on a GPU behind WebGPU, only `data` does. On others they are
 * there.
 */
export async function hostWeights(network: tf.LayersModel): Promise<void> {
  if (tf.getBackend() !== "webgpu") return;
  for (const weight of network.weights) {
    const values = await weight.read().data();
    tf.tidy(() => void weight.write(tf.tensor(values, weight.shape as number[])));
  }
}
