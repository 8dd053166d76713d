import type * as tf from "@tensorflow/tfjs";
import {
  type Activation,
  type FoldedNetwork,
  type FoldedNode,
  type FoldedOperation,
  type KernelShape,
  type Padding,
} from "@/lib/model/folded_network.ts";
import { absorbScales } from "./scale_output.ts";
import { scaled, turn } from "./kernels.ts";
import { type Affine, affineOf, isChannelNormalization, valuesOf } from "./normalization.ts";

/**
 * A network of layers as a list of nodes for inference: batch normalization goes into the kernels of the convolutions
 * before it, also through a sum with a shortcut; transposed convolutions without a stride become convolutions with the
 * kernel turned; what a convolution takes from a layer that picks, pads or doubles texels, it takes from that layer's
 * input. Kernels are copies of what they are now. Layers of other kinds are nodes by themselves. Throws a TypeError where
 * layers mask steps of time, which is not folded.
 */
export function foldNetwork(network: tf.LayersModel): FoldedNetwork {
  return absorbScales(new Folding(network));
}

class Folding {
  readonly nodes: FoldedNode[] = [];
  readonly heads: Readonly<Record<string, number>>;
  /** Places in the list of nodes. */
  readonly #places = new Map<tf.SymbolicTensor, number>();
  /** How many layers take a tensor. */
  readonly #uses = new Map<tf.SymbolicTensor, number>();

  constructor(network: tf.LayersModel) {
    const masking = network.layers.find((layer) => layer.getClassName() === "Masking" || (layer as Masking).maskZero);
    if (masking) throw new TypeError(`Cannot fold a network that masks steps of time: its layer ${masking.name} does`);
    const [input, [output, ...heads]] = [network.inputs[0]!, network.outputs as [tf.SymbolicTensor]];
    const seen = new Set<tf.SymbolicTensor>();
    for (const result of network.outputs) this.#countUses(result, seen);
    this.#places.set(input, this.#add({ operation: "input" }, input));
    this.heads = Object.fromEntries(heads.map((head, i) => [network.outputNames[i + 1]!, this.#node(head)]));
    this.#node(output); // the last that is added
  }

  #add(node: FoldedOperation, { shape }: Pick<tf.SymbolicTensor, "shape">): number {
    return this.nodes.push({ ...node, shape: shape.slice(1) as number[] }) - 1;
  }

  #countUses(tensor: tf.SymbolicTensor, seen: Set<tf.SymbolicTensor>): void {
    this.#uses.set(tensor, (this.#uses.get(tensor) ?? 0) + 1);
    if (seen.has(tensor)) return;
    seen.add(tensor);
    for (const input of tensor.inputs) this.#countUses(input, seen);
  }

  #node(tensor: tf.SymbolicTensor): number {
    let place = this.#places.get(tensor);
    if (place === undefined) this.#places.set(tensor, place = this.#newNode(tensor));
    return place;
  }

  #isUsedOnce(tensor: tf.SymbolicTensor): boolean {
    return this.#uses.get(tensor) === 1;
  }

  #newNode(tensor: tf.SymbolicTensor): number {
    const layer = tensor.sourceLayer;
    const inputs = tensor.inputs as tf.SymbolicTensor[];
    const [first] = inputs as [tf.SymbolicTensor];
    if (isChannelNormalization(layer)) return this.#affine(first, affineOf(layer), tensor);
    if (isConvolution(layer)) return this.#convolution(tensor, layer);
    if (isDense(layer) && tensor.shape.length === 2 && activationOf(layer)) {
      const kernelShape = layer.kernel.shape as [number, number];
      const linear = finishing(layer);
      return this.#add(
        { operation: "dense", input: this.#node(first), kernel: valuesOf(layer.kernel), kernelShape, ...linear },
        tensor,
      );
    }
    const cropped = uncropped(tensor);
    if (cropped && this.#isUsedOnce(first)) {
      return this.#add({ operation: "upsampling", input: this.#node(first.inputs[0]!), factor: cropped }, tensor);
    }
    const activation = layer.getClassName() === "Activation" ? activationOf(layer as Linear) : undefined;
    if (activation) return this.#activated(first, activation, tensor);
    const simple = simpleOperation(layer);
    if (simple) return this.#add({ ...simple, input: this.#node(first) } as FoldedOperation, tensor);
    const taken = inputs.map((input) => this.#node(input));
    const operation = merges[layer.getClassName()];
    if (operation === "elementwise product" ? haveSameRank(inputs) : operation && haveSameShape(inputs)) {
      return this.#add({ operation: operation!, inputs: taken }, tensor);
    }
    if (layer.getClassName() === "Concatenate" && inputs.every(({ shape }) => shape.length === 2)) {
      return this.#add({ operation: "concatenation", inputs: taken }, tensor);
    }
    if (isProduct(layer, inputs)) {
      return this.#add({ operation: "matrix product", inputs: taken, isTransposed: layer.axes[1] === 2 }, tensor);
    }
    return this.#add({ operation: "layer", inputs: taken, layer, output: tensor.outputTensorIndex ?? 0 }, tensor);
  }

  /** Without a node of its own where the node before can do it. */
  #activated(tensor: tf.SymbolicTensor, activation: Activation, result: tf.SymbolicTensor): number {
    const input = this.#node(tensor);
    const before = this.nodes[input]!;
    const joins = this.#isUsedOnce(tensor) && "kernel" in before && before.activation === "linear" &&
      elementwise.includes(activation);
    if (!joins) return this.#add({ operation: "activation", input, activation }, result);
    this.nodes[input] = { ...before, activation };
    return input;
  }

  /** scale · tensor + offset, without a pass of its own where what computes the tensor can do it. */
  #affine(tensor: tf.SymbolicTensor, affine: Affine, result: tf.SymbolicTensor): number {
    const layer = tensor.sourceLayer;
    const isUsedHereOnly = this.#isUsedOnce(tensor);
    if (isUsedHereOnly && isConvolution(layer) && isLinear(layer)) return this.#convolution(tensor, layer, affine);
    if (isUsedHereOnly && layer.getClassName() === "Add" && haveSameShape(tensor.inputs as tf.SymbolicTensor[])) {
      const none = new Float32Array(affine.offset.length);
      const terms = (tensor.inputs as tf.SymbolicTensor[]).map((input, i) =>
        this.#affine(input, { scale: affine.scale, offset: i === 0 ? affine.offset : none }, input)
      );
      return this.#add({ operation: "sum", inputs: terms }, result);
    }
    const { scale, offset } = affine;
    const hasOffset = offset.some((value) => value !== 0);
    return this.#add(
      { operation: "affine", input: this.#node(tensor), scale, ...hasOffset && { offset } },
      result,
    );
  }

  #convolution(tensor: tf.SymbolicTensor, layer: Convolution, affine?: Affine): number {
    const input = tensor.inputs[0] as tf.SymbolicTensor;
    if (layer.getClassName() === "Conv2DTranspose") {
      return this.#add({ ...transposed(layer, affine), input: this.#node(input) }, tensor);
    }
    const before = input.sourceLayer;
    const taken = () => this.#node(input.inputs[0] as tf.SymbolicTensor);
    if (this.#isUsedOnce(input) && isPicker(before) && hasKernelOf(1, layer)) {
      return this.#add({ ...convolution(layer, { affine, strides: before.strides }), input: taken() }, tensor);
    }
    if (this.#isUsedOnce(input) && isPadder(before) && layer.padding === "valid") {
      return this.#add({ ...convolution(layer, { affine, padding: before.padding }), input: taken() }, tensor);
    }
    const isDoubled = isDoubler(before) && hasKernelOf(3, layer) && layer.padding === "same" && isElementwise(layer);
    if (this.#isUsedOnce(input) && isDoubled) {
      return this.#add({ ...convolution(layer, { affine }), doubles: true, input: taken() }, tensor);
    }
    return this.#add({ ...convolution(layer, { affine }), input: this.#node(input) }, tensor);
  }
}

/** What tfjs keeps private of its layers. */
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

interface Cropper extends tf.layers.Layer {
  readonly dataFormat: string;
  readonly cropping: [[number, number], [number, number]];
}

interface Product extends tf.layers.Layer {
  readonly axes: readonly number[];
}

interface Permuter extends tf.layers.Layer {
  readonly dims: readonly number[];
}

interface Enlarger extends tf.layers.Layer {
  readonly dataFormat: string;
  readonly size: [number, number];
  readonly interpolation: string;
}

function isConvolution(layer: tf.layers.Layer): layer is Convolution {
  const { dataFormat, dilationRate } = layer as Convolution;
  return ["Conv2D", "Conv2DTranspose"].includes(layer.getClassName()) && dataFormat === "channelsLast" &&
    [dilationRate].flat().every((rate) => rate === 1) && activationOf(layer as Linear) !== undefined;
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

/** Whether it multiplies matrices, the first of which stands as it is. */
function isProduct(layer: tf.layers.Layer, inputs: readonly tf.SymbolicTensor[]): layer is Product {
  const { axes, normalize } = layer as Product & { readonly normalize: boolean };
  return layer.getClassName() === "Dot" && !normalize && Array.isArray(axes) && axes[0] === 2 &&
    inputs.every(({ shape }) => shape.length === 3);
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
  return elementwise.includes(activationOf(layer)!);
}

function haveSameShape(tensors: readonly tf.SymbolicTensor[]): boolean {
  return tensors.every(({ shape }) => shape.join() === tensors[0]!.shape.join());
}

function haveSameRank(tensors: readonly tf.SymbolicTensor[]): boolean {
  return tensors.every(({ shape }) => shape.length === tensors[0]!.shape.length);
}

interface ConvolutionOptions {
  readonly affine: Affine | undefined;
  readonly strides?: readonly [number, number];
  readonly padding?: Padding;
}

type Without<T> = T extends unknown ? Omit<T, "input"> : never;
type ConvolutionNode = Without<Extract<FoldedOperation, { operation: "convolution" }>>;
type TransposedNode = Without<Extract<FoldedOperation, { operation: "transposed convolution" }>>;

function convolution(
  layer: Convolution,
  { affine, strides = layer.strides, padding = layer.padding }: ConvolutionOptions,
): ConvolutionNode {
  const kernelShape = layer.kernel.shape as KernelShape;
  const kernel = scaled(valuesOf(layer.kernel), { shape: kernelShape, axis: 3, scale: affine?.scale });
  return { operation: "convolution", kernel, kernelShape, strides, padding, ...finishing(layer, affine) };
}

/** The transpose of a convolution. tfjs's kernel of it has the axes height, width, output channels, input channels. */
function transposed(layer: Convolution, affine?: Affine): ConvolutionNode | TransposedNode {
  const { strides, padding } = layer;
  const shape = layer.kernel.shape as KernelShape;
  const kernel = scaled(valuesOf(layer.kernel), { shape, axis: 2, scale: affine?.scale });
  const linear = finishing(layer, affine);
  const [height, width, channels, inputs] = shape;
  if (padding === "same" && strides.every((stride) => stride === 1)) {
    // oneDNN brings a transposed convolution's kernel into its own order at every call, a convolution's once
    const before = (size: number) => [Math.floor(size / 2), Math.ceil(size / 2) - 1] as const;
    return {
      operation: "convolution",
      kernel: turn(kernel, shape),
      kernelShape: [height, width, inputs, channels] satisfies KernelShape,
      strides,
      padding: [before(height), before(width)],
      ...linear,
    };
  }
  return { operation: "transposed convolution", kernel, kernelShape: shape, strides, padding, ...linear };
}

/** The bias, if there is one, and the activation. */
function finishing(layer: Linear, affine?: Affine): { activation: Activation; bias?: Float32Array } {
  const own = layer.bias ? valuesOf(layer.bias) : undefined;
  const total = affine ? affine.offset.map((value, i) => value + affine.scale[i]! * (own?.[i] ?? 0)) : own;
  const activation = activationOf(layer)!;
  if (!total?.some((value) => value !== 0)) return { activation };
  return { activation, bias: total };
}

/** What a layer does that nothing is folded into; undefined for kinds that stay layers. */
function simpleOperation(layer: tf.layers.Layer) {
  switch (layer.getClassName()) {
    case "Flatten":
    case "Reshape":
      return { operation: "reshape" } as const;
    case "Dropout":
      return { operation: "activation", activation: "linear" } as const;
    case "Permute":
      if ((layer as Permuter).dims.join() === "2,1") return { operation: "transposition" } as const;
  }
  if (isDoubler(layer)) return { operation: "doubling" } as const;
  if (isPadder(layer)) return { operation: "padding", padding: layer.padding } as const;
  const { dataFormat, poolSize, strides, padding } = layer as Picker;
  const operation = poolings[layer.getClassName()];
  if (!operation || dataFormat !== "channelsLast") return undefined;
  return { operation, size: poolSize, strides, padding: padding as "same" | "valid" } as const;
}

const merges: Readonly<Record<string, "sum" | "minimum" | "elementwise product">> = {
  Add: "sum",
  Minimum: "minimum",
  Multiply: "elementwise product",
};

const poolings: Readonly<Record<string, "max pooling" | "average pooling">> = {
  MaxPooling2D: "max pooling",
  AveragePooling2D: "average pooling",
};

/** The factor where the tensor is a grid upsampled bilinearly and cropped at its end; else undefined. */
function uncropped(tensor: tf.SymbolicTensor): number | undefined {
  const [input] = tensor.inputs as [tf.SymbolicTensor | undefined];
  const before = input?.sourceLayer as Enlarger | undefined;
  if (!before || tensor.sourceLayer.getClassName() !== "Cropping2D" || before.getClassName() !== "UpSampling2D") {
    return undefined;
  }
  const { cropping, dataFormat } = tensor.sourceLayer as Cropper;
  const [[top], [left]] = cropping;
  const [factor, across] = before.size;
  const isPlain = top === 0 && left === 0 && factor === across && dataFormat === "channelsLast" &&
    before.interpolation === "bilinear" && tensor.shape[1] === tensor.shape[2];
  return isPlain ? factor : undefined;
}

function activationOf({ activation }: Linear): Activation | undefined {
  const name = activation?.getClassName() ?? "linear";
  return activations.find((known) => known === name);
}

const elementwise: readonly Activation[] = ["relu", "relu6", "elu", "sigmoid", "tanh", "linear"];
const activations: readonly Activation[] = [...elementwise, "softmax"];
