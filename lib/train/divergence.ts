import * as tf from "@tensorflow/tfjs";

/** A number that must be finite is not: nothing learned since the last checkpoint is of use. */
export class DivergenceError extends Error {
  override readonly name = "DivergenceError";
}

/** Throws a DivergenceError where a weight is infinite or not a number. */
export async function checkFinite(network: tf.LayersModel, step: number): Promise<void> {
  const sum = tf.tidy(() => tf.addN(network.weights.map((weight) => tf.sum(weight.read()))));
  const [total] = await sum.data();
  sum.dispose();
  if (!Number.isFinite(total)) throw new DivergenceError(`a weight is not finite after step ${step}`);
}
