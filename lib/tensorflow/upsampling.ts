import * as tf from "@tensorflow/tfjs";
import { multiplyMatrices } from "./matrices.ts";

export interface UpsamplingOptions {
  /** Of the second of two layers; the first's name is this and "_uncropped". */
  readonly name: string;
  readonly factor: number;
  /** Texels a side to keep of the result, from its first. */
  readonly size: number;
}

type UpSampling2DArgs = Parameters<typeof tf.layers.upSampling2d>[0];
type Cropping2DArgs = Parameters<typeof tf.layers.cropping2D>[0];

// tfjs exports functions that make its layers, but not the classes
const StockUpSampling2D = tf.layers.upSampling2d({ name: "stock_up_sampling2d" }).constructor as unknown as new (
  args: UpSampling2DArgs,
) => tf.layers.Layer;
const StockCropping2D = tf.layers.cropping2D({ name: "stock_cropping2d", cropping: 0 }).constructor as unknown as new (
  args: Cropping2DArgs,
) => tf.layers.Layer;

/**
 * Upsamples a square grid by a whole factor, bilinearly, and crops the end: node i comes to lie at texel factor · i. By
 * tfjs's two layers, which is how a model is saved and loaded; but on TensorFlow the first already leaves out what the
 * second would crop, and multiplies by matrices, as TensorFlow's own op, and above all its gradient, use one thread.
 */
export function upsampleBilinear(x: tf.SymbolicTensor, { name, factor, size }: UpsamplingOptions): tf.SymbolicTensor {
  const excess = factor * x.shape[1]! - size;
  const upsampling = new MatrixUpSampling2D({ name: `${name}_uncropped`, factor, size });
  const cropping = new CroppingTo({ name, cropping: [[0, excess], [0, excess]], size });
  return cropping.apply(upsampling.apply(x)) as tf.SymbolicTensor;
}

class MatrixUpSampling2D extends StockUpSampling2D {
  readonly #factor: number;
  readonly #size: number;

  constructor({ name, factor, size }: UpsamplingOptions) {
    super({ name, size: [factor, factor], interpolation: "bilinear" });
    this.#factor = factor;
    this.#size = size;
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: Record<string, unknown>): tf.Tensor | tf.Tensor[] {
    const x = (Array.isArray(inputs) ? inputs[0]! : inputs) as tf.Tensor4D;
    if (tf.getBackend() !== "tensorflow") return super.call(inputs, kwargs);
    return tf.tidy(() => interpolate(x, this.#factor, this.#size));
  }
}

class CroppingTo extends StockCropping2D {
  readonly #size: number;

  constructor({ size, ...args }: Cropping2DArgs & { readonly size: number }) {
    super(args);
    this.#size = size;
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: Record<string, unknown>): tf.Tensor | tf.Tensor[] {
    const x = (Array.isArray(inputs) ? inputs[0]! : inputs) as tf.Tensor4D;
    return x.shape[1] === this.#size ? x.clone() : super.call(inputs, kwargs);
  }
}

/** [batch, n, n, channels] to [batch, size, size, channels]. */
function interpolate(x: tf.Tensor4D, factor: number, size: number): tf.Tensor4D {
  const [batch, n, , channels] = x.shape;
  const weights = interpolationWeights(n, factor, size);
  const rows = tf.tensor2d(weights, [size, n]);
  const columns = tf.tensor2d(perChannel(weights, { n, size, channels }), [n * channels, size * channels]);
  // columns first, while there are few rows
  const wide = multiplyMatrices(tf.reshape(x, [batch * n, n * channels]), columns);
  const result = batch === 1
    ? multiplyMatrices(rows, wide) // without tfjs's way through batches
    : tf.matMul(tf.expandDims(rows, 0), tf.reshape(wide, [batch, n, size * channels]));
  return tf.reshape(result, [batch, size, size, channels]);
}

/** [size, n]: what each node gives to each texel; the last node goes on to the end. */
function interpolationWeights(n: number, factor: number, size: number): Float32Array {
  const weights = new Float32Array(size * n);
  for (let texel = 0; texel < size; texel++) {
    const node = Math.floor(texel / factor);
    const share = texel / factor - node;
    weights[texel * n + node]! += 1 - share;
    weights[texel * n + Math.min(node + 1, n - 1)]! += share;
  }
  return weights;
}

/** The transposed weights for rows whose elements are of several channels each. */
function perChannel(
  weights: Float32Array,
  { n, size, channels }: { readonly n: number; readonly size: number; readonly channels: number },
): Float32Array {
  const matrix = new Float32Array(n * channels * size * channels);
  for (let texel = 0; texel < size; texel++) {
    for (let node = 0; node < n; node++) {
      const weight = weights[texel * n + node]!;
      if (weight === 0) continue;
      for (let c = 0; c < channels; c++) {
        matrix[(node * channels + c) * size * channels + texel * channels + c] = weight;
      }
    }
  }
  return matrix;
}
