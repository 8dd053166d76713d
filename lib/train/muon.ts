import * as tf from "@tensorflow/tfjs";
import { InputError } from "@/lib/errors.ts";
import { kernelMomentName } from "@/lib/formats/adam_state.ts";
import { multiplyMatrices } from "@/lib/tensorflow/ops/matrices.ts";
import type { DisposableOptimizer } from "@/lib/train/interfaces.ts";

const MOMENTUM = 0.95;
/** Coefficients of the odd polynomials that bring singular values near 1, as Jordan has them. */
const [LINEAR, CUBIC, QUINTIC] = [3.4445, -4.775, 2.0315] as const;
const ITERATIONS = 5;
/** Has a step be as large as Adam's are for the same learning rate (Liu et al., 2025, arXiv 2502.16982, equation 4). */
const STEP_SIZE = 0.2;
/** Rows and columns that a kernel has at least. */
const LEAST_SIDE = 16;

/**
 * Muon (Jordan et al., 2024, "Muon: An optimizer for hidden layers in neural networks"): kernels of hidden layers change by
 * the orthogonal matrix that is nearest to their gradients' moving average, all else by another optimizer. A kernel is a
 * matrix whose columns are its last axis. The same steps as `torch.optim.Muon` with Nesterov's momentum, `adjust_lr_fn`
 * "match_rms_adamw" and no weight decay, but for its bfloat16.
 */
export class Muon implements DisposableOptimizer {
  readonly #others: DisposableOptimizer;
  /** A variable, so that a compiled step reads it as it is. */
  readonly #learningRate: tf.Variable;
  /** Moving average of each kernel's gradients, by its variable's name. */
  readonly #moments: ReadonlyMap<string, tf.Variable>;

  /** Takes the other optimizer, which is set to the rate when it is, and disposes it. */
  constructor(learningRate: number, { kernels, others }: {
    readonly kernels: readonly tf.Variable[];
    readonly others: DisposableOptimizer;
  }) {
    this.#others = others;
    const untrained = (value: () => tf.Tensor) => tf.tidy(() => tf.variable(value(), false));
    this.#learningRate = untrained(() => tf.scalar(learningRate));
    this.#moments = new Map(kernels.map(({ name, shape }) => [name, untrained(() => tf.zeros(shape))]));
  }

  setLearningRate(learningRate: number): void {
    tf.tidy(() => this.#learningRate.assign(tf.scalar(learningRate)));
    this.#others.setLearningRate(learningRate);
  }

  applyGradients(gradients: tf.NamedTensorMap): void {
    const others: tf.NamedTensorMap = {};
    for (const [name, gradient] of Object.entries(gradients)) {
      const moment = this.#moments.get(name);
      if (moment) tf.tidy(() => this.#update(tf.engine().registeredVariables[name]!, { moment, gradient }));
      else others[name] = gradient;
    }
    this.#others.applyGradients(others);
  }

  state(): tf.NamedTensorMap {
    const state = this.#others.state();
    [...this.#moments.values()].forEach((moment, i) => state[kernelMomentName(i)] = tf.clone(moment));
    return state;
  }

  /** Throws an InputError where a part is missing. */
  loadState(tensors: tf.NamedTensorMap): void {
    [...this.#moments.values()].forEach((moment, i) => {
      const saved = tensors[kernelMomentName(i)];
      if (!saved || !tf.util.arraysEqual(saved.shape, moment.shape)) {
        throw new InputError(
          `Cannot load the optimizer's state: ${kernelMomentName(i)} of shape [${moment.shape}] is wanted, ` +
            `and ${saved ? `has [${saved.shape}]` : "is not there"}`,
        );
      }
      moment.assign(saved);
    });
    this.#others.loadState(tensors);
  }

  dispose(): void {
    tf.dispose([this.#learningRate, ...this.#moments.values()]);
    this.#others.dispose();
  }

  #update(kernel: tf.Variable, { moment, gradient }: { readonly moment: tf.Variable; readonly gradient: tf.Tensor }) {
    const towards = (a: tf.Tensor) => tf.add(tf.mul(a, MOMENTUM), tf.mul(gradient, 1 - MOMENTUM));
    moment.assign(towards(moment));
    const columns = kernel.shape.at(-1)!, rows = kernel.size / columns;
    const direction = orthogonal(tf.reshape(towards(moment), [rows, columns]));
    const size = tf.mul(this.#learningRate, STEP_SIZE * Math.sqrt(Math.max(rows, columns)));
    kernel.assign(tf.sub(kernel, tf.reshape(tf.mul(direction, size), kernel.shape)));
  }
}

/**
 * The orthogonal matrix that is nearest to a matrix, roughly: its singular values become 0.7 to 1.2. Newton and Schulz's
 * iteration on the smaller of both squares of the matrix, with which its polynomials commute: of long kernels that is a
 * third of the work.
 *
 * @param matrix [rows, columns]
 */
export function orthogonal(matrix: tf.Tensor2D): tf.Tensor2D {
  return tf.tidy(() => {
    const isWide = matrix.shape[0] < matrix.shape[1];
    const norm = tf.add(tf.sqrt(tf.sum(tf.square(matrix))), 1e-7);
    const x = tf.div<tf.Tensor2D>(matrix, norm);
    let square = tf.matMul(x, x, !isWide, isWide) as tf.Tensor2D;
    const identity = tf.eye(square.shape[0]);
    let product: tf.Tensor2D = identity;
    for (let i = 0; i < ITERATIONS; i++) {
      const fourth = multiplyMatrices(square, square);
      const factor = tf.addN([tf.mul(identity, LINEAR), tf.mul(square, CUBIC), tf.mul(fourth, QUINTIC)]) as tf.Tensor2D;
      product = i === 0 ? factor : multiplyMatrices(factor, product);
      if (i < ITERATIONS - 1) square = multiplyMatrices(multiplyMatrices(factor, square), factor);
    }
    return isWide ? multiplyMatrices(product, x) : multiplyMatrices(x, product);
  });
}

/** What a layer gives is bent by these, or by an activation of its own. */
const bending = new Set(["Activation", "BatchNormalization", "ELU", "ReLU"]);

/**
 * The kernels of a network's hidden layers, which are matrices of some size: of layers whose outputs are bent on every way to
 * the network's, and that take no pixels.
 */
export function hiddenKernels(network: tf.LayersModel): tf.Variable[] {
  return network.layers.filter((layer) => !takesInput(layer) && !leadsStraight(layer, network)).flatMap((layer) =>
    layer.trainableWeights.map((weight) => weight.read() as tf.Variable).filter(({ shape, size }) => {
      const columns = shape.at(-1) ?? 1;
      return shape.length > 1 && Math.min(columns, size / columns) >= LEAST_SIDE;
    })
  );
}

function takesInput({ inboundNodes }: tf.layers.Layer): boolean {
  return inboundNodes.some(({ inboundLayers }) =>
    inboundLayers.some((before) => before.getClassName() === "InputLayer")
  );
}

/** Whether what a layer gives becomes an output as it is, or by sums and products that are linear in it. */
function leadsStraight(layer: tf.layers.Layer, network: tf.LayersModel): boolean {
  if (network.outputLayers.includes(layer)) return true;
  if (bends(layer)) return false;
  return layer.outboundNodes.some(({ outboundLayer }) => leadsStraight(outboundLayer, network));
}

function bends(layer: tf.layers.Layer): boolean {
  const { activation } = layer as { readonly activation?: { getClassName(): string } | null };
  return bending.has(layer.getClassName()) || (activation !== undefined && activation?.getClassName() !== "linear");
}
