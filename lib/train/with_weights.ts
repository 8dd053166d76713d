import * as tf from "@tensorflow/tfjs";
import { loadWeights } from "@/lib/train/checkpoint.ts";
import type { CheckpointStore } from "@/lib/train/interfaces.ts";

/** Uses the network with the latest checkpoint's weights, where there is one, and leaves it as it was. */
export async function withWeights<T>(
  store: CheckpointStore,
  network: tf.LayersModel,
  use: () => T | Promise<T>,
): Promise<T> {
  return await keepingWeights(network, async () => {
    await loadWeights(store, network);
    return await use();
  });
}

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
