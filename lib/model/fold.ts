import * as tf from "@tensorflow/tfjs";
import { addBias } from "@/lib/tensorflow/ops/bias.ts";
import { multiplyMatrices } from "@/lib/tensorflow/ops/matrices.ts";
import { interleave } from "@/lib/tensorflow/ops/upsampling.ts";
import { kernelBeforeDoubling, scaled, type Shape4D, turn } from "./kernels.ts";

/** One channel's y = scale · x + offset, for all channels. */
interface Affine {
  readonly scale: Float32Array;
  readonly offset: Float32Array;
}

/** A tensor of the network: how it is computed from others. */
interface Node {
  readonly inputs: readonly Node[];
  readonly compute: (...inputs: tf.Tensor[]) => tf.Tensor;
}

/**
 * A network of layers as a function of its input, for inference: batch normalization goes into the kernels of the
 * convolutions before it, also through a sum with a shortcut; transposed convolutions without a stride become
 * convolutions with the kernel turned; what a convolution takes from a layer that picks, pads or doubles texels, it takes
 * from that layer's input. Kernels are taken as they are now, and are constants of a function that is traced. Layers of
 * other kinds are called as they are. Throws a TypeError where layers mask steps of time, which is not folded.
 */
export function foldNetwork(network: tf.LayersModel): (images: tf.Tensor) => tf.Tensor {
  const folding = new Folding(network);
  return (images) => tf.tidy(() => folding.run(images));
}

class Folding {
  readonly #nodes = new Map<tf.SymbolicTensor, Node>();
  /** How many layers take a tensor. */
  readonly #uses = new Map<tf.SymbolicTensor, number>();
  readonly #input: Node = { inputs: [], compute: () => unreachable() };
  readonly #output: Node;

  constructor(network: tf.LayersModel) {
    const masking = network.layers.find((layer) => layer.getClassName() === "Masking" || (layer as Masking).maskZero);
    if (masking) throw new TypeError(`Cannot fold a network that masks steps of time: its layer ${masking.name} does`);
    const [input, output] = [network.inputs[0]!, network.outputs[0]!];
    this.#countUses(output, new Set());
    this.#nodes.set(input, this.#input);
    this.#output = this.#node(output);
  }

  run(images: tf.Tensor): tf.Tensor {
    const values = new Map<Node, tf.Tensor>([[this.#input, images]]);
    const valueOf = (node: Node): tf.Tensor => {
      let value = values.get(node);
      if (!value) values.set(node, value = node.compute(...node.inputs.map(valueOf)));
      return value;
    };
    return valueOf(this.#output);
  }

  #countUses(tensor: tf.SymbolicTensor, seen: Set<tf.SymbolicTensor>): void {
    this.#uses.set(tensor, (this.#uses.get(tensor) ?? 0) + 1);
    if (seen.has(tensor)) return;
    seen.add(tensor);
    for (const input of tensor.inputs) this.#countUses(input, seen);
  }

  #node(tensor: tf.SymbolicTensor): Node {
    let node = this.#nodes.get(tensor);
    if (!node) this.#nodes.set(tensor, node = this.#newNode(tensor));
    return node;
  }

  #newNode(tensor: tf.SymbolicTensor): Node {
    const layer = tensor.sourceLayer;
    const inputs = tensor.inputs as tf.SymbolicTensor[];
    if (isChannelNormalization(layer)) return this.#affine(inputs[0]!, affineOf(layer));
    if (isConvolution(layer)) return this.#convolution(tensor, layer);
    if (isDense(layer) && tensor.shape.length === 2) return dense(layer, this.#node(inputs[0]!));
    return {
      inputs: inputs.map((input) => this.#node(input)),
      compute: (...values) => {
        const result = layer.apply(values.length === 1 ? values[0]! : values, { training: false }) as tf.Tensor;
        return Array.isArray(result) ? result[tensor.outputTensorIndex!] : result;
      },
    };
  }

  /** scale · tensor + offset, without a pass of its own where what computes the tensor can do it. */
  #affine(tensor: tf.SymbolicTensor, affine: Affine): Node {
    const layer = tensor.sourceLayer;
    const isUsedHereOnly = this.#uses.get(tensor) === 1;
    if (isUsedHereOnly && isConvolution(layer) && isLinear(layer)) return this.#convolution(tensor, layer, affine);
    if (isUsedHereOnly && layer.getClassName() === "Add" && haveSameShape(tensor.inputs as tf.SymbolicTensor[])) {
      const none = new Float32Array(affine.offset.length);
      const terms = (tensor.inputs as tf.SymbolicTensor[]).map((input, i) =>
        this.#affine(input, { scale: affine.scale, offset: i === 0 ? affine.offset : none })
      );
      return { inputs: terms, compute: (...values) => values.reduce((sum, value) => tf.add(sum, value)) };
    }
    const { scale, offset } = affine;
    const compute = (x: tf.Tensor) => {
      const scaled = tf.mul(x, tf.tensor1d(scale));
      return offset.some((value) => value !== 0) ? addBias(scaled, tf.tensor1d(offset)) : scaled;
    };
    return { inputs: [this.#node(tensor)], compute };
  }

  #convolution(tensor: tf.SymbolicTensor, layer: Convolution, affine?: Affine): Node {
    const input = tensor.inputs[0] as tf.SymbolicTensor;
    if (layer.getClassName() === "Conv2DTranspose") {
      return { inputs: [this.#node(input)], compute: transposed(layer, affine) };
    }
    const joined = this.#uses.get(input) === 1 ? convolutionAfter(input.sourceLayer, layer, affine) : undefined;
    if (joined) return { inputs: [this.#node(input.inputs[0] as tf.SymbolicTensor)], compute: joined };
    return { inputs: [this.#node(input)], compute: convolution(layer, { affine }) };
  }
}

/** What tfjs keeps private of its layers. */
interface Normalization extends tf.layers.Layer {
  readonly axis: number;
  readonly epsilon: number;
  readonly gamma?: tf.LayerVariable;
  readonly beta?: tf.LayerVariable;
  readonly movingMean: tf.LayerVariable;
  readonly movingVariance: tf.LayerVariable;
}

interface Linear extends tf.layers.Layer {
  readonly kernel: tf.LayerVariable;
  readonly bias?: tf.LayerVariable | null;
  readonly activation?: { apply(x: tf.Tensor): tf.Tensor; getClassName(): string } | null;
}

interface Convolution extends Linear {
  readonly strides: [number, number];
  readonly padding: "same" | "valid";
  readonly dataFormat: string;
  readonly dilationRate: number | readonly number[];
}

interface Masking extends tf.layers.Layer {
  readonly maskZero?: boolean;
}

interface Picker extends tf.layers.Layer {
  readonly dataFormat: string;
  readonly poolSize: [number, number];
  readonly strides: [number, number];
  readonly padding: string;
}

interface Padder extends tf.layers.Layer {
  readonly dataFormat: string;
  readonly padding: [[number, number], [number, number]];
}

interface Enlarger extends tf.layers.Layer {
  readonly dataFormat: string;
  readonly size: [number, number];
  readonly interpolation: string;
}

function isChannelNormalization(layer: tf.layers.Layer): layer is Normalization {
  const { axis } = layer as Normalization;
  return layer.getClassName() === "BatchNormalization" && (axis === -1 || axis === 3);
}

function isConvolution(layer: tf.layers.Layer): layer is Convolution {
  const { dataFormat, dilationRate } = layer as Convolution;
  return ["Conv2D", "Conv2DTranspose"].includes(layer.getClassName()) && dataFormat === "channelsLast" &&
    [dilationRate].flat().every((rate) => rate === 1);
}

/** Takes each second texel, say: a convolution of one texel after it can do that by a stride. */
function isPicker(layer: tf.layers.Layer): layer is Picker {
  const { dataFormat, poolSize, padding } = layer as Picker;
  return layer.getClassName() === "MaxPooling2D" && dataFormat === "channelsLast" && padding === "valid" &&
    poolSize.every((size) => size === 1);
}

function isPadder(layer: tf.layers.Layer): layer is Padder {
  return layer.getClassName() === "ZeroPadding2D" && (layer as Padder).dataFormat === "channelsLast";
}

function isDoubler(layer: tf.layers.Layer): layer is Enlarger {
  const { dataFormat, interpolation, size } = layer as Enlarger;
  return layer.getClassName() === "UpSampling2D" && dataFormat === "channelsLast" && interpolation === "nearest" &&
    size.every((factor) => factor === 2);
}

function hasKernelOf(size: number, { kernel, strides }: Convolution): boolean {
  return kernel.shape.slice(0, 2).every((side) => side === size) && strides.every((stride) => stride === 1);
}

function isDense(layer: tf.layers.Layer): layer is Linear {
  return layer.getClassName() === "Dense";
}

function isLinear({ activation }: Linear): boolean {
  return !activation || activation.getClassName() === "linear";
}

/** Whether the activation asks of each number only that number: softmax, say, asks for its neighbors. */
function isElementwise(layer: Linear): boolean {
  return isLinear(layer) || ["relu", "relu6", "elu", "sigmoid", "tanh"].includes(layer.activation!.getClassName());
}

function haveSameShape(tensors: readonly tf.SymbolicTensor[]): boolean {
  return tensors.every(({ shape }) => shape.join() === tensors[0]!.shape.join());
}

function affineOf({ gamma, beta, movingMean, movingVariance, epsilon }: Normalization): Affine {
  const [mean, variance] = [valuesOf(movingMean), valuesOf(movingVariance)];
  const gains = gamma && valuesOf(gamma);
  const shifts = beta && valuesOf(beta);
  const scale = variance.map((value, i) => (gains?.[i] ?? 1) / Math.sqrt(value + epsilon));
  return { scale, offset: scale.map((factor, i) => (shifts?.[i] ?? 0) - factor * mean[i]!) };
}

interface ConvolutionOptions {
  readonly affine: Affine | undefined;
  readonly strides?: [number, number];
  readonly padding?: "same" | "valid" | tf.backend_util.ExplicitPadding;
}

function convolution(
  layer: Convolution,
  { affine, strides = layer.strides, padding = layer.padding }: ConvolutionOptions,
): Node["compute"] {
  const shape = layer.kernel.shape as Shape4D;
  const kernel = scaled(valuesOf(layer.kernel), { shape, axis: 3, scale: affine?.scale });
  const finish = finishing(layer, affine);
  return (x) => finish(tf.conv2d(x as tf.Tensor4D, tf.tensor4d(kernel, shape), strides, padding));
}

/** The convolution as a function of what the layer before it takes; undefined where that cannot be. */
function convolutionAfter(
  before: tf.layers.Layer,
  layer: Convolution,
  affine: Affine | undefined,
): Node["compute"] | undefined {
  if (isPicker(before) && hasKernelOf(1, layer)) return convolution(layer, { affine, strides: before.strides });
  if (isPadder(before) && layer.padding === "valid") {
    return convolution(layer, { affine, padding: [[0, 0], ...before.padding, [0, 0]] });
  }
  if (isDoubler(before) && hasKernelOf(3, layer) && layer.padding === "same" && isElementwise(layer)) {
    return doubled(layer, affine);
  }
  return undefined;
}

/**
 * A convolution of 3 × 3 texels after each was doubled: it sees 3 × 3 texels as they were before, and gives the four that
 * come of one as channels, which then take their places.
 */
function doubled(layer: Convolution, affine: Affine | undefined): Node["compute"] {
  const [, , inputs, channels] = layer.kernel.shape as Shape4D;
  const kernel = scaled(valuesOf(layer.kernel), { shape: [3, 3, inputs, channels], axis: 3, scale: affine?.scale });
  const shape: Shape4D = [3, 3, inputs, 4 * channels];
  const four = kernelBeforeDoubling(kernel, { inputs, channels });
  const finish = finishing(layer, affine, 4);
  return (x) => interleave(finish(tf.conv2d(x as tf.Tensor4D, tf.tensor4d(four, shape), 1, "same")) as tf.Tensor4D, 2);
}

/** The transpose of a convolution. tfjs's kernel of it has the axes height, width, output channels, input channels. */
function transposed(layer: Convolution, affine?: Affine): Node["compute"] {
  const { strides, padding } = layer;
  const shape = layer.kernel.shape as Shape4D;
  const kernel = scaled(valuesOf(layer.kernel), { shape, axis: 2, scale: affine?.scale });
  const finish = finishing(layer, affine);
  const [height, width, channels, inputs] = shape;
  if (padding === "same" && strides.every((stride) => stride === 1)) {
    // oneDNN brings a transposed convolution's kernel into its own order at every call, a convolution's once
    const turned = turn(kernel, shape);
    const before = (size: number): [number, number] => [Math.floor(size / 2), Math.ceil(size / 2) - 1];
    const pads: tf.backend_util.ExplicitPadding = [[0, 0], before(height), before(width), [0, 0]];
    return (x) => finish(tf.conv2d(x as tf.Tensor4D, tf.tensor4d(turned, [height, width, inputs, channels]), 1, pads));
  }
  const larger = (size: number, i: 0 | 1) =>
    padding === "same" ? size * strides[i] : size * strides[i] + Math.max(0, shape[i] - strides[i]);
  return (x) => {
    const [batch, rows, columns] = x.shape as Shape4D;
    const outputShape: Shape4D = [batch, larger(rows, 0), larger(columns, 1), channels];
    return finish(tf.conv2dTranspose(x as tf.Tensor4D, tf.tensor4d(kernel, shape), outputShape, strides, padding));
  };
}

function dense(layer: Linear, input: Node): Node {
  const kernel = valuesOf(layer.kernel);
  const shape = layer.kernel.shape as [number, number];
  const finish = finishing(layer);
  return { inputs: [input], compute: (x) => finish(multiplyMatrices(x as tf.Tensor2D, tf.tensor2d(kernel, shape))) };
}

/** Adds the bias and applies the activation, if there are such, to channels that come so many times. */
function finishing({ bias, activation }: Linear, affine?: Affine, times = 1): (y: tf.Tensor) => tf.Tensor {
  const own = bias ? valuesOf(bias) : undefined;
  const total = affine ? affine.offset.map((value, i) => value + affine.scale[i]! * (own?.[i] ?? 0)) : own;
  const hasBias = total?.some((value) => value !== 0);
  const values = hasBias ? Array.from({ length: times }, () => [...total!]).flat() : [];
  return (y) => {
    const sum = hasBias ? addBias(y, tf.tensor1d(values)) : y;
    return activation ? activation.apply(sum) : sum;
  };
}

function valuesOf(variable: tf.LayerVariable): Float32Array {
  return variable.read().dataSync<"float32">();
}

function unreachable(): never {
  throw new Error("The input is given");
}
