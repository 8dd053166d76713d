import * as tf from "@tensorflow/tfjs";
import {
  type Activation,
  type FoldedConvolution,
  type FoldedNetwork,
  type FoldedNode,
  inputsOf,
  type Padding,
} from "@/lib/model/folded_network.ts";
import { kernelBeforeDoubling } from "@/lib/model/kernels.ts";
import { addBias } from "@/lib/tensorflow/ops/bias.ts";
import { multiplyMatrices } from "@/lib/tensorflow/ops/matrices.ts";
import { interleave, upsample } from "@/lib/tensorflow/ops/upsampling.ts";

/**
 * A folded network's first output, or the head of this name, as a function of its input; in a function that is traced,
 * its kernels are constants.
 */
export function runFolded({ nodes, heads }: FoldedNetwork, head?: string): (images: tf.Tensor) => tf.Tensor {
  const wanted = head === undefined ? nodes.length - 1 : heads[head]!;
  const needed = new Set([wanted]);
  for (let place = wanted; place >= 0; place--) {
    if (!needed.has(place)) continue;
    for (const input of inputsOf(nodes[place]!)) needed.add(input);
  }
  const ready = nodes.map((node) => node.operation === "convolution" && node.doubles ? beforeDoubling(node) : node);
  return (images) =>
    tf.tidy(() => {
      const values: tf.Tensor[] = [];
      ready.forEach((node, place) => {
        if (!needed.has(place)) return;
        const inputs = inputsOf(node).map((input) => values[input]!);
        values[place] = node.operation === "input" ? images : compute(node, inputs);
      });
      return values[wanted]!;
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
      const shape = [x.shape[0], ...node.shape] as [number, number, number, number];
      return finish(tf.conv2dTranspose(x, kernel, shape, [...node.strides], node.padding), node);
    }
    case "dense":
      return finish(multiplyMatrices(first as tf.Tensor2D, tf.tensor2d(node.kernel, [...node.kernelShape])), node);
    case "sum":
      return inputs.reduce((sum, value) => tf.add(sum, value));
    case "minimum":
      return inputs.reduce((least, value) => tf.minimum(least, value));
    case "elementwise product":
      return inputs.reduce((product, value) => tf.mul(product, value));
    case "matrix product":
      return tf.matMul(first, inputs[1]!, false, node.isTransposed);
    case "concatenation":
      return tf.concat([...inputs], 1);
    case "transposition":
      return tf.transpose(first, [0, 2, 1]);
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
    case "average pooling":
      return tf.avgPool(x, [...node.size], [...node.strides], node.padding);
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
