import * as tf from "@tensorflow/tfjs";
import { InputError } from "@/lib/errors.ts";
import { execute } from "./backend.ts";
import { ResourceVariable } from "./resource_variable.ts";

export interface AdamOptions {
  /** Of the mean of gradients. */
  readonly beta1?: number;
  /** Of the mean of squared gradients. */
  readonly beta2?: number;
  readonly epsilon?: number;
  /**
   * Decoupled weight decay (Loshchilov & Hutter, 2019): each step first shrinks kernels by learning rate × this.
   * Scales, offsets and biases (rank 1) do not decay.
   */
  readonly weightDecay?: number;
}

/** What Adam keeps of one variable, besides the variable. */
interface Slot {
  /** The variable's buffer. Between steps the tfjs variable shares it, so that weights lie in memory once. */
  readonly weights: ResourceVariable;
  /** tfjs's name of the variable's content after the last step; another one means that it was assigned since. */
  content?: object;
  readonly firstMoment: ResourceVariable;
  readonly secondMoment: ResourceVariable;
  readonly shape: number[];
}

/**
 * Adam (Kingma & Ba, 2015, algorithm 1) by TensorFlow's fused op: one pass over memory, in place. Its defaults are the
 * paper's.
 */
export class FusedAdam extends tf.Optimizer {
  static readonly className = "FusedAdam";

  #learningRate: number;
  readonly #options: Required<AdamOptions>;
  /** By the order in which variables were first seen: their names differ when a network is built twice. */
  readonly #slots: Slot[] = [];
  readonly #slotOf = new Map<string, Slot>();

  constructor(learningRate: number, options: AdamOptions = {}) {
    super();
    this.#learningRate = learningRate;
    this.#options = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, ...options };
    this.iterations_ = 0;
  }

  get learningRate(): number {
    return this.#learningRate;
  }

  /** Holds from the next step on. */
  setLearningRate(learningRate: number): void {
    this.#learningRate = learningRate;
  }

  override applyGradients(gradients: tf.NamedTensorMap | { name: string; tensor: tf.Tensor }[]): void {
    const list = Array.isArray(gradients)
      ? gradients
      : Object.entries(gradients).map(([name, tensor]) => ({ name, tensor }));
    const { beta1, beta2, epsilon } = this.#options;
    this.incrementIterations();
    const beta1Power = beta1 ** this.iterations;
    const beta2Power = beta2 ** this.iterations;
    // the op adds epsilon before it corrects the second moment's bias, the paper's algorithm after
    const opEpsilon = epsilon * Math.sqrt(1 - beta2Power);
    tf.tidy(() => {
      const scalars = [beta1Power, beta2Power, this.#learningRate, beta1, beta2, opEpsilon].map((s) => tf.scalar(s));
      for (const { name, tensor } of list) {
        if (tensor) this.#update(tf.engine().registeredVariables[name]!, scalars, tensor); // null: not part of the loss
      }
    });
  }

  #update(variable: tf.Variable, scalars: readonly tf.Tensor[], gradient: tf.Tensor): void {
    const slot = this.#slotFor(variable);
    const { weights, firstMoment, secondMoment } = slot;
    const { weightDecay } = this.#options;
    if (weightDecay > 0 && variable.rank > 1) {
      const decayed = tf.mul(variable, 1 - this.#learningRate * weightDecay);
      weights.assign(decayed);
      decayed.dispose();
    } else if (slot.content !== variable.dataId) {
      weights.assign(variable);
    }
    release(variable);
    try {
      const moments = [firstMoment.handle, secondMoment.handle];
      const attributes = { use_locking: false, use_nesterov: false };
      execute("ResourceApplyAdam", attributes, [weights.handle, ...moments, ...scalars, gradient], 0);
    } finally {
      const value = weights.read();
      variable.assign(value);
      value.dispose();
      slot.content = variable.dataId;
    }
  }

  #slotFor(variable: tf.Variable): Slot {
    let slot = this.#slotOf.get(variable.name);
    if (slot) return slot;
    const index = this.#slotOf.size;
    slot = this.#slots[index];
    if (!slot) {
      const zeros = tf.zerosLike(variable);
      this.#slots.push(slot = newSlot(zeros, zeros));
      zeros.dispose();
    } else if (!tf.util.arraysEqual(slot.shape, variable.shape)) {
      throw new InputError(
        `Cannot go on from the optimizer's state: its entry ${index} has shape [${slot.shape}], ` +
          `and the variable ${variable.name} has [${variable.shape}]`,
      );
    }
    this.#slotOf.set(variable.name, slot);
    return slot;
  }

  /**
   * All that a resumed run needs to go on to the same bits, by name; the beta powers follow from the step. The tensors
   * share memory until the next step, which leaves them as they are. The caller disposes them.
   */
  state(): tf.NamedTensorMap {
    const state: tf.NamedTensorMap = { [STEP]: tf.scalar(this.iterations, "int32") };
    this.#slots.forEach(({ firstMoment, secondMoment }, i) => {
      state[firstMomentName(i)] = firstMoment.read();
      state[secondMomentName(i)] = secondMoment.read();
    });
    return state;
  }

  /**
   * Takes what `state` gave, out of tensors that may hold others too and stay the caller's; variables are matched by
   * the order of their first gradients. Throws an InputError where a part is missing.
   */
  loadState(tensors: tf.NamedTensorMap): void {
    const step = tensors[STEP];
    if (!step) throw new InputError(`Cannot load the optimizer's state: there is no ${STEP} in it`);
    this.#clear();
    this.iterations_ = step.dataSync()[0]!;
    for (let i = 0;; i++) {
      const [first, second] = [tensors[firstMomentName(i)], tensors[secondMomentName(i)]];
      if (!first && !second) return;
      if (!first || !second) throw new InputError(`Cannot load the optimizer's state: entry ${i} lacks a moment`);
      this.#slots.push(newSlot(first, second));
    }
  }

  override dispose(): void {
    this.#clear();
  }

  #clear(): void {
    for (const { weights, firstMoment, secondMoment } of this.#slots.splice(0)) {
      for (const resource of [weights, firstMoment, secondMoment]) resource[Symbol.dispose]();
    }
    this.#slotOf.clear();
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { learningRate: this.#learningRate, ...this.#options };
  }
}

const STEP = "adam/step";
const firstMomentName = (index: number) => `adam/first_moment/${index}`;
const secondMomentName = (index: number) => `adam/second_moment/${index}`;

function newSlot(first: tf.Tensor, second: tf.Tensor): Slot {
  const slot = {
    weights: new ResourceVariable(),
    firstMoment: new ResourceVariable(),
    secondMoment: new ResourceVariable(),
    shape: first.shape,
  };
  slot.firstMoment.assign(first);
  slot.secondMoment.assign(second);
  return slot;
}

/** Leaves the variable without content, so that an op that changes its buffer finds it shared by nobody. */
function release(variable: tf.Variable): void {
  const { shape, dtype } = variable;
  const dataId = {};
  tf.backend().move(dataId, null as unknown as Float32Array, shape, dtype, 1);
  const nothing = tf.engine().makeTensorFromTensorInfo({ dataId, shape, dtype });
  variable.assign(nothing);
  nothing.dispose();
}
