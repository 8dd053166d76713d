import * as tf from "@tensorflow/tfjs";
import { Random } from "@/lib/random.ts";
import { FusedBatchNormalization } from "@/lib/tensorflow/ops/batch_norm.ts";

export interface ConvolutionOptions {
  readonly name: string;
  readonly channels: number;
  /** Side of the kernel, in texels. */
  readonly kernel: number;
  readonly stride?: 1 | 2;
  readonly seed: number;
}

export interface NormalizationOptions {
  readonly name: string;
  /** How much of the moving averages each training step keeps. */
  readonly momentum: number;
}

/** Convolution without a bias, padded as TensorFlow's "SAME". */
export function convolve(x: tf.SymbolicTensor, options: ConvolutionOptions): tf.SymbolicTensor {
  const { name, kernel, stride = 1 } = options;
  if (kernel > 1 || stride === 1) return tf.layers.conv2d(convolutionArguments(options)).apply(x) as tf.SymbolicTensor;
  // the same, in two steps: the gradient of a strided 1×1 convolution of few channels (seen: 4 and 8, of 64²) writes
  // past its memory in TensorFlow 2.21 with oneDNN
  const picked = tf.layers.maxPooling2d({ name: `${name}/pick`, poolSize: 1, strides: stride }).apply(x);
  return convolve(picked as tf.SymbolicTensor, { ...options, stride: 1 });
}

/** The transpose of {@linkcode convolve}: a stride of 2 doubles the sides. */
export function convolveTransposed(x: tf.SymbolicTensor, options: ConvolutionOptions): tf.SymbolicTensor {
  return tf.layers.conv2dTranspose(convolutionArguments(options)).apply(x) as tf.SymbolicTensor;
}

export function normalize(x: tf.SymbolicTensor, { name, momentum }: NormalizationOptions): tf.SymbolicTensor {
  return new FusedBatchNormalization({ name, momentum, epsilon: 0.001 }).apply(x) as tf.SymbolicTensor;
}

export function activate(x: tf.SymbolicTensor, name: string, activation: "relu" | "sigmoid" = "relu") {
  return tf.layers.activation({ activation, name }).apply(x) as tf.SymbolicTensor;
}

export function add(terms: tf.SymbolicTensor[], name: string): tf.SymbolicTensor {
  return tf.layers.add({ name }).apply(terms) as tf.SymbolicTensor;
}

export function reshape(x: tf.SymbolicTensor, name: string, targetShape: number[]): tf.SymbolicTensor {
  return tf.layers.reshape({ name, targetShape }).apply(x) as tf.SymbolicTensor;
}

/**
 * Glorot and Bengio's uniform distribution, from a stream of its own for each layer's name.
 *
 * @param scale a factor of the variance
 */
export function glorotUniform(seed: number, name: string, scale = 1) {
  const layerSeed = new Random(seed).fork(name).integer(0, 0x7fff_ffff);
  return tf.initializers.varianceScaling({ scale, mode: "fanAvg", distribution: "uniform", seed: layerSeed });
}

/** Adds the layers that a tensor is computed by, each after those that it takes from. */
export function addLayersTo({ sourceLayer, inputs }: tf.SymbolicTensor, layers: Set<tf.layers.Layer>): void {
  if (layers.has(sourceLayer)) return;
  for (const input of inputs) addLayersTo(input, layers);
  layers.add(sourceLayer);
}

export function sizeOf(x: tf.SymbolicTensor): number {
  return x.shape[1]!;
}

export function channelsOf(x: tf.SymbolicTensor): number {
  return x.shape.at(-1)!;
}

/** What a layer takes. */
export function inputsOf({ input }: tf.layers.Layer): tf.SymbolicTensor[] {
  return [input].flat() as tf.SymbolicTensor[];
}

function convolutionArguments({ name, channels, kernel, stride = 1, seed }: ConvolutionOptions) {
  return {
    name,
    filters: channels,
    kernelSize: kernel,
    strides: stride,
    padding: "same" as const,
    useBias: false,
    kernelInitializer: glorotUniform(seed, name),
  };
}
