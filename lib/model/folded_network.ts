import type * as tf from "@tensorflow/tfjs";

/** Elementwise functions that a node may end with. */
export type Activation = "relu" | "relu6" | "elu" | "sigmoid" | "tanh" | "softmax" | "linear";

/** Rows before and after, and columns before and after; "same" and "valid" as TensorFlow has them. */
export type Padding = "same" | "valid" | readonly [readonly [number, number], readonly [number, number]];

/** Height, width, input channels, output channels; those of a transposed convolution the other way round. */
export type KernelShape = [number, number, number, number];

interface Linear {
  readonly input: number;
  readonly kernel: Float32Array;
  /** One for each output channel; none where all are 0. */
  readonly bias?: Float32Array;
  readonly activation: Activation;
}

/** How a tensor of the network is computed from earlier ones, which are named by their places in the list. */
export type FoldedOperation =
  | { readonly operation: "input" }
  | Linear & {
    readonly operation: "convolution";
    readonly kernelShape: KernelShape;
    readonly strides: readonly [number, number];
    readonly padding: Padding;
    /** Where true, of texels each of which stands for four of the input's: doubled both ways. */
    readonly doubles?: true;
  }
  | Linear & {
    readonly operation: "transposed convolution";
    readonly kernelShape: KernelShape;
    readonly strides: readonly [number, number];
    readonly padding: "same" | "valid";
  }
  /** A product with a matrix, [inputs, outputs]. */
  | Linear & { readonly operation: "dense"; readonly kernelShape: readonly [number, number] }
  | { readonly operation: "sum" | "minimum"; readonly inputs: readonly number[] }
  /** Sides of length 1 go along with any. */
  | { readonly operation: "elementwise product"; readonly inputs: readonly number[] }
  /** Product of two matrices, [rows, n] and [n, columns]; the second is given as [columns, n] where it is transposed. */
  | { readonly operation: "matrix product"; readonly inputs: readonly number[]; readonly isTransposed: boolean }
  /** Inputs are vectors. */
  | { readonly operation: "concatenation"; readonly inputs: readonly number[] }
  /** The input is a matrix. */
  | { readonly operation: "transposition"; readonly input: number }
  /** Each channel becomes scale · x + offset. */
  | {
    readonly operation: "affine";
    readonly input: number;
    readonly scale: Float32Array;
    readonly offset?: Float32Array;
  }
  | { readonly operation: "activation"; readonly input: number; readonly activation: Activation }
  /** Rows first, then columns, then channels. */
  | { readonly operation: "reshape"; readonly input: number }
  /** Bilinear, by a whole factor: grid node i comes to lie at texel factor · i; the last goes on to the end. */
  | { readonly operation: "upsampling"; readonly input: number; readonly factor: number }
  | { readonly operation: "doubling"; readonly input: number }
  | { readonly operation: "padding"; readonly input: number; readonly padding: Exclude<Padding, string> }
  | {
    /** Averages leave out what is padded. */
    readonly operation: "max pooling" | "average pooling";
    readonly input: number;
    readonly size: readonly [number, number];
    readonly strides: readonly [number, number];
    readonly padding: "same" | "valid";
  }
  /** A tfjs layer of another kind, and which of its results it is. */
  | {
    readonly operation: "layer";
    readonly inputs: readonly number[];
    readonly layer: tf.layers.Layer;
    readonly output: number;
  };

export type FoldedNode = FoldedOperation & {
  /** One example's: [height, width, channels], [rows, columns] or [units]. */
  readonly shape: readonly number[];
};

/** Nodes, each after those that it takes from. */
export interface FoldedNetwork {
  /** The last one computes the network's first output. */
  readonly nodes: readonly FoldedNode[];
  /** The places of nodes that compute its other outputs, by these outputs' names. */
  readonly heads: Readonly<Record<string, number>>;
}

export type FoldedConvolution = Extract<FoldedNode, { readonly operation: "convolution" }>;

/** The nodes that a node takes from. */
export function inputsOf(node: FoldedNode): readonly number[] {
  return "inputs" in node ? node.inputs : "input" in node ? [node.input] : [];
}

/** What is added before and after to `length` texels, as TensorFlow pads. */
export function paddingOf(
  padding: "same" | "valid",
  { length, kernel, stride }: { readonly length: number; readonly kernel: number; readonly stride: number },
): [number, number] {
  if (padding === "valid") return [0, 0];
  const total = Math.max(0, (Math.ceil(length / stride) - 1) * stride + kernel - length);
  return [Math.floor(total / 2), Math.ceil(total / 2)];
}
