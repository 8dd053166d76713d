import * as tf from "@tensorflow/tfjs";
import { keepingWeights } from "@/lib/train/with_weights.ts";

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
    const updates = step / STEPS_AT_ONCE;
    const decay = Math.min(this.#decay ** STEPS_AT_ONCE, (1 + updates) / (10 + updates));
    this.#weights.forEach((weight, i) =>
      tf.tidy(() => {
        const average = this.#averages[i]!;
        average.assign(tf.add(tf.mul(average, decay), tf.mul(weight.read(), 1 - decay)));
      })
    );
  }

  /** Uses the network with the averages as its weights, and leaves it as it was. */
  async use<T>(use: () => T | Promise<T>): Promise<T> {
    return await keepingWeights(this.#network, () => {
      this.#weights.forEach((weight, i) => weight.write(this.#averages[i]!));
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

  #nameOf(index: number): string {
    return `averages/${this.#weights[index]!.originalName}`;
  }
}

const STEPS_AT_ONCE = 10;
