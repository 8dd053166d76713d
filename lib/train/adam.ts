import * as tf from "@tensorflow/tfjs";
import { ADAM_STEP, adamStateIn, firstMomentName, secondMomentName } from "@/lib/formats/adam_state.ts";
import type { Optimizer } from "@/lib/train/interfaces.ts";

/** What Adam keeps of one variable. */
interface Slot {
  readonly first: tf.Variable;
  readonly second: tf.Variable;
}

const [BETA1, BETA2, EPSILON] = [0.9, 0.999, 1e-8] as const;

/**
 * Adam (Kingma & Ba, 2015, algorithm 1) of tfjs's ops, for any of its backends: the same steps as `FusedAdam`, to
 * rounding, and a state of the same names, so that a run goes on with either.
 */
export class Adam implements Optimizer {
  #learningRate: number;
  #step = 0;
  /** By the order of the variables' first gradients. */
  readonly #slots: Slot[] = [];
  readonly #slotOf = new Map<string, Slot>();

  constructor(learningRate: number) {
    this.#learningRate = learningRate;
  }

  setLearningRate(learningRate: number): void {
    this.#learningRate = learningRate;
  }

  applyGradients(gradients: tf.NamedTensorMap): void {
    this.#step++;
    const scale = Math.sqrt(1 - BETA2 ** this.#step);
    const rate = this.#learningRate * scale / (1 - BETA1 ** this.#step);
    for (const [name, gradient] of Object.entries(gradients)) {
      const variable = tf.engine().registeredVariables[name]!;
      const { first, second } = this.#slotFor(variable);
      tf.tidy(() => {
        first.assign(tf.add(tf.mul(first, BETA1), tf.mul(gradient, 1 - BETA1)));
        second.assign(tf.add(tf.mul(second, BETA2), tf.mul(tf.square(gradient), 1 - BETA2)));
        const change = tf.div(tf.mul(first, rate), tf.add(tf.sqrt(second), EPSILON * scale));
        variable.assign(tf.sub(variable, change));
      });
    }
  }

  state(): tf.NamedTensorMap {
    const state: tf.NamedTensorMap = { [ADAM_STEP]: tf.scalar(this.#step, "int32") };
    this.#slots.forEach(({ first, second }, i) => {
      state[firstMomentName(i)] = tf.clone(first);
      state[secondMomentName(i)] = tf.clone(second);
    });
    return state;
  }

  /** Throws an InputError where a part is missing. */
  loadState(tensors: tf.NamedTensorMap): void {
    const { step, moments } = adamStateIn(tensors);
    this.dispose();
    this.#step = step.dataSync()[0]!;
    for (const [first, second] of moments) this.#slots.push(newSlot(first, second));
  }

  dispose(): void {
    for (const { first, second } of this.#slots.splice(0)) tf.dispose([first, second]);
    this.#slotOf.clear();
  }

  #slotFor(variable: tf.Variable): Slot {
    return this.#slotOf.getOrInsertComputed(variable.name, () => {
      const slot = this.#slots[this.#slotOf.size];
      if (slot) return slot;
      const zeros = tf.zerosLike(variable);
      this.#slots.push(newSlot(zeros, zeros));
      zeros.dispose();
      return this.#slots.at(-1)!;
    });
  }
}

function newSlot(first: tf.Tensor, second: tf.Tensor): Slot {
  const [a, b] = [first, second].map((tensor) => tf.tidy(() => tf.variable(tf.clone(tensor), false)));
  return { first: a!, second: b! };
}
