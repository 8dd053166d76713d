import * as tf from "@tensorflow/tfjs";
import {
  type Activation,
  type FoldedConvolution,
  type FoldedNode,
  inputsOf,
  type Padding,
} from "@/lib/model/folded_network.ts";
import { kernelBeforeDoubling } from "@/lib/model/kernels.ts";
import { addBias } from "@/lib/tensorflow/ops/bias.ts";
import { multiplyMatrices } from "@/lib/tensorflow/ops/matrices.ts";
import { interleave, upsample } from "@/lib/tensorflow/ops/upsampling.ts";

type Shape4D = [number, number, number, number];

/** A folded network as a function of its input; in a function that is traced, its kernels are constants. */
export function runFolded(network: readonly FoldedNode[]): (images: tf.Tensor) => tf.Tensor {
  const nodes = network.map((node) => node.operation === "convolution" && node.doubles ? beforeDoubling(node) : node);
  return (images) =>
    tf.tidy(() => {
      const values: tf.Tensor[] = [];
      for (const node of nodes) {
        values.push(node.operation === "input" ? images : compute(node, inputsOf(node).map((place) => values[place]!)));
      }
      return values.at(-1)!;
    });
}

function compute(node: Exclude<FoldedNode, { operation: "input" }>, inputs: readonly tf.Tensor[]): tf.Tensor {
  const [first] = inputs as [tf.Tensor];
  const x = first as tf.Tensor4D;
  switch (node.operation) {
    case "convolution": {
      const kernel = tf.tensor4d(node.kernel, [...node.kernelShape]);
      const y = finish(tf.conv2d(x, kernel, [...node.strides], explicit(node.padding)), node);
      return node.doubles ? interleave(y as tf.Tensor4D, 2) : y;
    }
    case "transposed convolution": {
      const kernel = tf.tensor4d(node.kernel, [...node.kernelShape]);
      const shape = [x.shape[0], ...node.shape] as Shape4D;
      return finish(tf.conv2dTranspose(x, kernel, shape, [...node.strides], node.padding), node);
    }
    case "dense":
      return finish(multiplyMatrices(first as tf.Tensor2D, tf.tensor2d(node.kernel, [...node.kernelShape])), node);
    case "sum":
      return inputs.reduce((sum, value) => tf.add(sum, value));
    case "affine": {
      const scaled = tf.mul(first, tf.tensor1d(node.scale));
      return node.offset ? addBias(scaled, tf.tensor1d(node.offset)) : scaled;
    }
    case "activation":
      return activated(first, node.activation);
    case "reshape":
      return tf.reshape(first, [first.shape[0]!, ...node.shape]);
    case "upsampling":
      return upsample(x, node.factor, node.shape[0]!);
    case "doubling":
      return tf.image.resizeNearestNeighbor(x, [2 * x.shape[1], 2 * x.shape[2]]);
    case "padding": {
      const [rows, columns] = node.padding;
      return tf.pad(first, [[0, 0], [...rows], [...columns], [0, 0]]);
    }
    case "max pooling":
      return tf.maxPool(x, [...node.size], [...node.strides], node.padding);
    case "layer": {
      const result = node.layer.apply(inputs.length === 1 ? first : [...inputs], { training: false });
      return Array.isArray(result) ? result[node.output] as tf.Tensor : result as tf.Tensor;
    }
  }
}

/**
 * A convolution of 3 × 3 texels after each was doubled sees 3 × 3 texels as they were before: of these, another gives the
 * four that come of one as channels, which then take their places.
 */
function beforeDoubling(node: FoldedConvolution): FoldedConvolution {
  const [height, width, inputs, channels] = node.kernelShape;
  return {
    ...node,
    kernel: kernelBeforeDoubling(node.kernel, { inputs, channels }),
    kernelShape: [height, width, inputs, 4 * channels],
    ...node.bias && { bias: Float32Array.from({ length: 4 * channels }, (_, i) => node.bias![i % channels]!) },
  };
}

function explicit(padding: Padding): "same" | "valid" | tf.backend_util.ExplicitPadding {
  return typeof padding === "string" ? padding : [[0, 0], [...padding[0]], [...padding[1]], [0, 0]];
}

/** Adds the bias and applies the activation, if there are such. */
function finish(
  y: tf.Tensor,
  { bias, activation }: { readonly bias?: Float32Array; readonly activation: Activation },
): tf.Tensor {
  return activated(bias ? addBias(y, tf.tensor1d(bias)) : y, activation);
}

function activated(x: tf.Tensor, activation: Activation): tf.Tensor {
  return activation === "linear" ? x : tf[activation](x);
}
