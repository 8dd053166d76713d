import * as tf from "@tensorflow/tfjs";
import { cellKernel } from "./cell_kernel.ts";

export interface UpsamplingOptions {
  /** The second layer's name; the first's is this and "_uncropped". */
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
 * second would crop, and convolves, as TensorFlow's own op, and above all its gradient, use one thread.
 */
export function upsampleBilinear(x: tf.SymbolicTensor, { name, factor, size }: UpsamplingOptions): tf.SymbolicTensor {
  const excess = factor * x.shape[1]! - size;
  const upsampling = new ConvolvingUpSampling2D({ name: `${name}_uncropped`, factor, size });
  const cropping = new CroppingTo({ name, cropping: [[0, excess], [0, excess]], size });
  return cropping.apply(upsampling.apply(x)) as tf.SymbolicTensor;
}

class ConvolvingUpSampling2D extends StockUpSampling2D {
  readonly #factor: number;
  readonly #size: number;

  constructor({ name, factor, size }: UpsamplingOptions) {
    super({ name, size: [factor, factor], interpolation: "bilinear" });
    this.#factor = factor;
    this.#size = size;
  }

  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: Record<string, unknown>): tf.Tensor | tf.Tensor[] {
    if (tf.getBackend() !== "tensorflow") return super.call(inputs, kwargs);
    const x = (Array.isArray(inputs) ? inputs[0]! : inputs) as tf.Tensor4D;
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

/** What {@linkcode upsampleBilinear} computes: [batch, n, n, channels] to [batch, size, size, channels]. */
export function upsample(x: tf.Tensor4D, factor: number, size: number): tf.Tensor4D {
  if (tf.getBackend() === "tensorflow") return interpolate(x, factor, size);
  return cropEnd(tf.image.resizeBilinear(x, [factor * x.shape[1], factor * x.shape[2]]), size);
}

/**
 * [batch, n, n, channels] to [batch, size, size, channels]. Of the factor² texels of a cell between four nodes, each has
 * its own shares of them: a convolution of 2 × 2 nodes that gives a cell's texels as channels, which then take their
 * places.
 */
function interpolate(x: tf.Tensor4D, factor: number, size: number): tf.Tensor4D {
  const channels = x.shape[3];
  const cells = Math.ceil(size / factor);
  const nodes = cells < x.shape[1] ? x : repeatLast(repeatLast(x, 1), 2);
  const kernel = tf.tensor4d(cellKernel(factor, channels), [2, 2, channels, factor * factor * channels]);
  const texels = interleave(tf.conv2d(cropEnd(nodes, cells + 1), kernel, 1, "valid"), factor);
  return cropEnd(texels, size);
}

/** [batch, h, w, factor · factor · channels], a cell's rows first, to [batch, h · factor, w · factor, channels]. */
export function interleave(x: tf.Tensor4D, factor: number): tf.Tensor4D {
  const [batch, height, width, values] = x.shape;
  const rows = tf.reshape(x, [batch * height, width, factor, values / factor]);
  const shape: tf.Tensor4D["shape"] = [batch, height * factor, width * factor, values / factor ** 2];
  return tf.reshape(tf.transpose(rows, [0, 2, 1, 3]), shape);
}

/** The last node goes on to the end. */
function repeatLast(x: tf.Tensor4D, axis: 1 | 2): tf.Tensor4D {
  const begin = [0, 0, 0, 0];
  begin[axis] = x.shape[axis] - 1;
  return tf.concat([x, tf.slice(x, begin, [-1, -1, -1, -1])], axis);
}

function cropEnd(x: tf.Tensor4D, size: number): tf.Tensor4D {
  return x.shape[1] === size ? x : tf.slice(x, [0, 0, 0, 0], [-1, size, size, -1]);
}
