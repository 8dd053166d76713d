import * as tf from "@tensorflow/tfjs";

/** Leaves the network's weights as they were, whatever is done with them meanwhile. */
export async function keepingWeights<T>(network: tf.LayersModel, use: () => T | Promise<T>): Promise<T> {
  const before = network.weights.map((weight) => weight.read().clone());
  try {
    return await use();
  } finally {
    network.weights.forEach((weight, i) => weight.write(before[i]!));
    tf.dispose(before);
  }
}
