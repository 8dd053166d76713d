import * as tf from "@tensorflow/tfjs";

/** A number that must be finite is not: nothing learned since the last checkpoint is of use. */
export class DivergenceError extends Error {
  override readonly name = "DivergenceError";
}

/** Throws a DivergenceError where a number of these tensors, such as weights, is infinite or not a number. */
export async function checkFinite(tensors: readonly tf.Tensor[], what: string, step: number): Promise<void> {
  const sum = tf.tidy(() => tf.addN(tensors.map((tensor) => tf.sum(tf.cast(tensor, "float32")))));
  const [total] = await sum.data();
  sum.dispose();
  if (!Number.isFinite(total)) throw new DivergenceError(`${what} is not finite after step ${step}`);
}
