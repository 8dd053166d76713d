import * as tf from "@tensorflow/tfjs";
import { InputError } from "@/lib/errors.ts";
import { ADAM_STEP, adamStateIn, firstMomentName, secondMomentName } from "@/lib/formats/adam_state.ts";
import { execute, newTensor, outsideTrace } from "@/lib/tensorflow/backend/backend.ts";
import { ResourceVariable } from "@/lib/tensorflow/ops/resource_variable.ts";
import { changeInPlace } from "@/lib/tensorflow/compile/traced_variables.ts";
import { VariableBuffer } from "@/lib/tensorflow/ops/variable_buffer.ts";

export interface AdamOptions {
  /** Decay of the mean of gradients. */
  readonly beta1?: number;
  /** Decay of the mean of squared gradients. */
  readonly beta2?: number;
  readonly epsilon?: number;
  /**
   * Decoupled weight decay (Loshchilov & Hutter, 2019): each step first shrinks kernels by learning rate × this.
   * Scales, offsets and biases (rank 1) do not decay.
   */
  readonly weightDecay?: number;
}

interface StepScalars {
  /** As ResourceApplyAdam takes them, after its resources. */
  readonly scalars: readonly tf.Tensor[];
  /** What weight decay leaves of a weight. */
  readonly decay: tf.Tensor;
}

/** What Adam keeps of one variable. */
interface Slot {
  /** From the first gradient on; a loaded state has none before. */
  weights?: VariableBuffer;
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

  readonly #options: Required<AdamOptions>;
  /** Both are variables, so that a compiled step reads them as they are. */
  readonly #learningRate: tf.Variable;
  readonly #step: tf.Variable;
  /** By the order in which variables were first seen: their names differ when a network is built twice. */
  readonly #slots: Slot[] = [];
  readonly #slotOf = new Map<string, Slot>();

  constructor(learningRate: number, options: AdamOptions = {}) {
    super();
    this.#options = { beta1: 0.9, beta2: 0.999, epsilon: 1e-8, weightDecay: 0, ...options };
    this.#learningRate = scalarVariable(learningRate);
    this.#step = scalarVariable(0);
  }

  get learningRate(): number {
    return this.#learningRate.dataSync()[0]!;
  }

  /** Steps taken. */
  override get iterations(): number {
    return this.#step.dataSync()[0]!;
  }

  /** Holds from the next step on, compiled or not. */
  setLearningRate(learningRate: number): void {
    assignScalar(this.#learningRate, learningRate);
  }

  override applyGradients(gradients: tf.NamedTensorMap | { name: string; tensor: tf.Tensor }[]): void {
    const list = Array.isArray(gradients)
      ? gradients
      : Object.entries(gradients).map(([name, tensor]) => ({ name, tensor }));
    tf.tidy(() => {
      this.#step.assign(tf.add(this.#step, 1));
      const update = this.#stepScalars();
      for (const { name, tensor } of list) {
        if (tensor) this.#update(tf.engine().registeredVariables[name]!, update, tensor); // null: not part of the loss
      }
    });
  }

  /** The op's scalars in this step. */
  #stepScalars(): StepScalars {
    const { beta1, beta2, epsilon, weightDecay } = this.#options;
    // in float64, as 1 - beta2 to the power of 1 has few digits left in float32; tfjs knows no such tensors
    const double = (value: number) => newTensor("float64", [], Float64Array.of(value));
    const compute = (op: string, ...inputs: tf.Tensor[]) => execute(op, {}, inputs, 1)[0]!;
    const toDouble = (value: tf.Tensor) => execute("Cast", { DstT: "float64" }, [value], 1)[0]!;
    const toFloat = (value: tf.Tensor) => execute("Cast", { DstT: "float32" }, [value], 1)[0]!;
    const step = toDouble(this.#step);
    const correction = (beta: number) => compute("Sub", double(1), compute("Pow", double(beta), step));
    const scale = compute("Sqrt", correction(beta2));
    const rate = compute("Div", compute("Mul", toDouble(this.#learningRate), scale), correction(beta1));
    return {
      // the op would correct the moments' biases by powers of the betas: here the rate does, and they are 0
      scalars: [
        tf.scalar(0),
        tf.scalar(0),
        toFloat(rate),
        tf.scalar(beta1),
        tf.scalar(beta2),
        // the op adds epsilon before it corrects the second moment's bias, the paper's algorithm after
        toFloat(compute("Mul", double(epsilon), scale)),
      ],
      decay: tf.sub(1, tf.mul(this.#learningRate, weightDecay)),
    };
  }

  #update(variable: tf.Variable, { scalars, decay }: StepScalars, gradient: tf.Tensor): void {
    const { weights, firstMoment, secondMoment } = this.#slotFor(variable);
    const decayed = this.#options.weightDecay > 0 && variable.rank > 1 ? tf.mul(variable, decay) : undefined;
    changeInPlace(weights, (handle) => {
      if (decayed) execute("AssignVariableOp", { dtype: "float32", validate_shape: false }, [handle, decayed], 0);
      const moments = [firstMoment.handle, secondMoment.handle];
      const attributes = { use_locking: false, use_nesterov: false };
      execute("ResourceApplyAdam", attributes, [handle, ...moments, ...scalars, gradient], 0);
    });
    decayed?.dispose();
  }

  #slotFor(variable: tf.Variable): Required<Slot> {
    let slot = this.#slotOf.get(variable.name);
    if (slot) return slot as Required<Slot>;
    const index = this.#slotOf.size;
    slot = this.#slots[index];
    if (slot && !tf.util.arraysEqual(slot.shape, variable.shape)) {
      throw new InputError(
        `Cannot go on from the optimizer's state: its entry ${index} has shape [${slot.shape}], ` +
          `and the variable ${variable.name} has [${variable.shape}]`,
      );
    }
    return outsideTrace(() => {
      if (!slot) {
        const zeros = tf.zeros(variable.shape);
        this.#slots.push(slot = newSlot(zeros, zeros));
        zeros.dispose();
      }
      slot.weights = VariableBuffer.of(variable);
      this.#slotOf.set(variable.name, slot);
      return slot as Required<Slot>;
    });
  }

  /**
   * All that a resumed run needs to go on to the same bits, by name; the beta powers follow from the step. The tensors
   * share memory until the next step, which leaves them as they are. The caller disposes them.
   */
  state(): tf.NamedTensorMap {
    const state: tf.NamedTensorMap = { [ADAM_STEP]: tf.cast(this.#step, "int32") };
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
    const { step, moments } = adamStateIn(tensors);
    this.#clear();
    assignScalar(this.#step, step.dataSync()[0]!);
    for (const [first, second] of moments) this.#slots.push(newSlot(first, second));
  }

  override dispose(): void {
    this.#clear();
    tf.dispose([this.#learningRate, this.#step]);
  }

  #clear(): void {
    for (const { weights, firstMoment, secondMoment } of this.#slots.splice(0)) {
      for (const resource of [weights, firstMoment, secondMoment]) resource?.[Symbol.dispose]();
    }
    this.#slotOf.clear();
  }

  override getConfig(): tf.serialization.ConfigDict {
    return { learningRate: this.learningRate, ...this.#options };
  }
}

function newSlot(first: tf.Tensor, second: tf.Tensor): Slot {
  const slot = {
    firstMoment: new ResourceVariable(first.shape),
    secondMoment: new ResourceVariable(first.shape),
    shape: first.shape,
  };
  slot.firstMoment.assign(first);
  slot.secondMoment.assign(second);
  return slot;
}

/** What is not trained. */
function scalarVariable(value: number): tf.Variable {
  return tf.tidy(() => tf.variable(tf.scalar(value), false));
}

function assignScalar(variable: tf.Variable, value: number): void {
  const scalar = tf.scalar(value);
  variable.assign(scalar);
  scalar.dispose();
}
