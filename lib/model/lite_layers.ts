import * as tf from "@tensorflow/tfjs";
import { activate, channelsOf, convolve, glorotUniform, normalize } from "./layers.ts";

/** What the light network is made of. */

const MOMENTUM = 0.98; // moving averages over some 50 batches, so that short trainings end with current ones
/** Variance of last layers' weights, as a share of Glorot's: new networks are near the mean map. */
export const SMALL = 0.01;

export interface BlockOptions {
  readonly name: string;
  readonly channels: number;
  readonly stride: 1 | 2;
  readonly seed: number;
}

/** A 3×3 convolution, normalized and rectified. */
export function block(x: tf.SymbolicTensor, { name, channels, stride, seed }: BlockOptions): tf.SymbolicTensor {
  const y = convolve(x, { name: `${name}/convolution`, channels, kernel: 3, stride, seed });
  return activate(normalize(y, { name: `${name}/normalization`, momentum: MOMENTUM }), `${name}/relu`);
}

/** Two convolutions and a shortcut (He et al., 2016), which is a 1×1 convolution where the shape changes. */
export function residualBlock(x: tf.SymbolicTensor, { name, channels, stride, seed }: BlockOptions): tf.SymbolicTensor {
  const shortcut = stride === 1 && channelsOf(x) === channels
    ? x
    : convolve(x, { name: `${name}/shortcut`, channels, kernel: 1, stride, seed });
  let y = block(x, { name: `${name}/first`, channels, stride, seed });
  y = convolve(y, { name: `${name}/second/convolution`, channels, kernel: 3, seed });
  y = tf.layers.add({ name: `${name}/add` }).apply([y, shortcut]) as tf.SymbolicTensor;
  return activate(normalize(y, { name: `${name}/normalization`, momentum: MOMENTUM }), `${name}/relu`);
}

export interface DenseOptions {
  readonly name: string;
  readonly units: number;
  readonly activation?: "elu" | "sigmoid";
  /** Variance of the weights, as a share of Glorot's. */
  readonly initialScale?: number;
  readonly seed: number;
}

export function dense(x: tf.SymbolicTensor, { name, units, activation, initialScale, seed }: DenseOptions) {
  const kernelInitializer = glorotUniform(seed, name, initialScale);
  return tf.layers.dense({ name, units, ...(activation && { activation }), kernelInitializer }).apply(
    x,
  ) as tf.SymbolicTensor;
}
