import * as tf from "@tensorflow/tfjs";
import { writeValues } from "@/lib/model/normalization.ts";

/** What networks look at their image again with, at places that they have found in it: layers whose weights are written. */

/** Of red, green and blue (Rec. ITU-R BT.601). */
export const LUMINANCE = [0.299, 0.587, 0.114];

/** Settings of layers whose weights are written, and not learned. */
export const fixed = { trainable: false, kernelInitializer: "zeros" } as const;

export function write(
  { weights: [kernels, biases] }: tf.layers.Layer,
  kernel: Float32Array,
  bias?: Float32Array,
): void {
  writeValues(kernels!, kernel);
  if (bias) writeValues(biases!, bias);
}

/** [rows, columns, 1], the weighted sum of channels. */
export function mix(
  x: tf.SymbolicTensor,
  { name, weights }: { readonly name: string; readonly weights: readonly number[] },
): tf.SymbolicTensor {
  const layer = tf.layers.conv2d({ name, filters: 1, kernelSize: 1, ...fixed });
  const y = layer.apply(x) as tf.SymbolicTensor;
  write(layer, Float32Array.from(weights));
  return y;
}

/**
 * [rows, columns, size], what bilinear sampling at places along an axis of the image, [rows, columns, 1], has of each pixel
 * there (Jaderberg et al., 2015, arXiv 1506.02025, equation 5), of layers that all that runs networks has.
 */
export function pixelShares(
  places: tf.SymbolicTensor,
  { name, size }: { readonly name: string; readonly size: number },
): tf.SymbolicTensor {
  const sides = [["rising", 1], ["falling", -1]] as const; // of a tent over each pixel's center
  const ramps = sides.map(([side, slope]) => {
    const layer = tf.layers.conv2d({
      name: `${name}/${side}`,
      filters: size,
      kernelSize: 1,
      activation: "relu",
      ...fixed,
    });
    const ramp = layer.apply(places) as tf.SymbolicTensor;
    const bias = Float32Array.from({ length: size }, (_, pixel) => 1 - slope * (pixel + 0.5));
    write(layer, new Float32Array(size).fill(slope), bias);
    return ramp;
  });
  return tf.layers.minimum({ name: `${name}/shares` }).apply(ramps) as tf.SymbolicTensor;
}

export function reshape(x: tf.SymbolicTensor, name: string, targetShape: number[]): tf.SymbolicTensor {
  return tf.layers.reshape({ name, targetShape }).apply(x) as tf.SymbolicTensor;
}
