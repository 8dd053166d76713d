import * as tf from "@tensorflow/tfjs";
import { keepingWeights } from "@/lib/train/keeping_weights.ts";

/**
 * The exponential average of a network's weights and moving statistics over training steps, which errs less than the
 * weights of any one step (Polyak and Juditsky, 1992; Tarvainen and Valpola, 2017). Early averages decay faster, so
 * that the random start is soon forgotten.
 */
export class WeightAverages implements Disposable {
  readonly #network: tf.LayersModel;
  /** But those of frozen layers, which rounding would change. */
  readonly #weights: readonly tf.LayerVariable[];
  readonly #decay: number;
  readonly #averages: tf.Variable[];

  /** @param decay what a step leaves of the average, such as 0.999 */
  constructor(network: tf.LayersModel, decay: number) {
    this.#network = network;
    this.#decay = decay;
    this.#weights = network.layers.filter(({ trainable }) => trainable).flatMap(({ weights }) => weights);
    this.#averages = this.#weights.map((weight) => tf.tidy(() => tf.variable(weight.read().clone(), false)));
  }

  /** Takes in the weights after this many steps; for each few steps at once, which costs less and averages as well. */
  update(step: number): void {
    if (step % STEPS_AT_ONCE !== 0) return;
    this.#averages.forEach((average, i) => tf.tidy(() => average.assign(this.#withLast(STEPS_AT_ONCE, { step, i }))));
  }

  /**
   * Uses the network, after this many steps, with the averages as its weights, and leaves it as it was. Those steps that
   * `update` will only take in later count here, too; the averages stay as they are, so that it makes no difference to
   * those of later steps where a run has ended or was validated.
   */
  async use<T>(step: number, use: () => T | Promise<T>): Promise<T> {
    return await keepingWeights(this.#network, () => {
      const count = step % STEPS_AT_ONCE;
      this.#weights.forEach((weight, i) => tf.tidy(() => void weight.write(this.#withLast(count, { step, i }))));
      return use();
    });
  }

  /** All that a resumed run needs, by name; the averages' own tensors. */
  state(): tf.NamedTensorMap {
    return Object.fromEntries(this.#averages.map((average, i) => [this.#nameOf(i), average]));
  }

  /** Takes what `state` gave, out of tensors that may hold others too and stay the caller's. */
  loadState(tensors: tf.NamedTensorMap): void {
    this.#averages.forEach((average, i) => average.assign(tensors[this.#nameOf(i)]!));
  }

  [Symbol.dispose](): void {
    tf.dispose(this.#averages);
  }

  /** A weight's average, the last of these many steps included that it lacks. */
  #withLast(count: number, { step, i }: { readonly step: number; readonly i: number }): tf.Tensor {
    if (count === 0) return this.#averages[i]!;
    const updates = step / STEPS_AT_ONCE;
    const decay = Math.min(this.#decay ** STEPS_AT_ONCE, (1 + updates) / (10 + updates));
    const kept = decay ** (count / STEPS_AT_ONCE);
    return tf.add(tf.mul(this.#averages[i]!, kept), tf.mul(this.#weights[i]!.read(), 1 - kept));
  }

  #nameOf(index: number): string {
    return `averages/${this.#weights[index]!.originalName}`;
  }
}

const STEPS_AT_ONCE = 10;
