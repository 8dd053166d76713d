import type * as tf from "@tensorflow/tfjs";
import { loadWeights } from "@/lib/train/checkpoint.ts";
import type { CheckpointStore } from "@/lib/train/interfaces.ts";
import { keepingWeights } from "@/lib/train/keeping_weights.ts";

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
