import { InputError } from "@/lib/errors.ts";
import type { OnnxGraph } from "@/lib/export/onnx_graph.ts";
import {
  type Activation,
  type FoldedConvolution,
  type FoldedNetwork,
  type FoldedNode,
  inputsOf,
  type Padding,
  paddingOf,
} from "@/lib/model/folded_network.ts";
import { permuted, phasesOf, pickTaps } from "@/lib/model/kernels.ts";

const operators: Readonly<Partial<Record<Activation, string>>> = {
  relu: "Relu",
  elu: "Elu",
  sigmoid: "Sigmoid",
  tanh: "Tanh",
};

type ComputedNode = Exclude<FoldedNode, { operation: "input" }>;
type Upsampling = Extract<FoldedNode, { operation: "upsampling" }>;
type Pooling = Extract<FoldedNode, { operation: "max pooling" | "average pooling" }>;
type TransposedConvolution = Extract<FoldedNode, { operation: "transposed convolution" }>;

const CHANNELS_FIRST = [0, 3, 1, 2];
const CHANNELS_LAST = [0, 2, 3, 1];

/** Writes nodes with channels before rows and columns, as ONNX has them. */
export class OnnxWriter {
  readonly #graph: OnnxGraph;
  readonly #nodes: readonly FoldedNode[];
  readonly #heads: FoldedNetwork["heads"];
  readonly #names: string[] = [];
  /** Convolutions of the input take bytes as they are, and bring them into [0, 1] by their kernels. */
  readonly #takesBytes: boolean;

  constructor(graph: OnnxGraph, { nodes, heads }: FoldedNetwork) {
    this.#graph = graph;
    this.#nodes = nodes;
    this.#heads = heads;
    this.#takesBytes = nodes.every((node) => node.operation === "convolution" || !inputsOf(node).includes(0));
  }

  /**
   * Takes `image`, bytes [n, rows, columns, channels]; gives what the last node computes the name `output`, with the same
   * axes. Returns the names of what heads compute, [n, units], by the heads' own.
   */
  write(image: string, output: string): Record<string, string> {
    const graph = this.#graph;
    const bytes = graph.add("Cast", [graph.add("Transpose", [image], { perm: CHANNELS_FIRST })], { to: 1 });
    this.#names.push(this.#takesBytes ? bytes : graph.add("Mul", [bytes, graph.floats([1 / 255], [1])]));
    const last = this.#nodes.at(-1)!;
    this.#nodes.slice(1, -1).forEach((node, i) =>
      this.#names.push(this.#isPooledAlone(i + 1) ? "" : this.#node(node as ComputedNode))
    );
    graph.add("Transpose", [this.#node(last as ComputedNode)], { perm: CHANNELS_LAST }, output);
    return Object.fromEntries(Object.entries(this.#heads).map(([head, place]) => [head, this.#names[place]!]));
  }

  #node(node: ComputedNode): string {
    const graph = this.#graph;
    const inputs = inputsOf(node).map((place) => this.#names[place]!);
    const [x] = inputs as [string];
    const from = this.#nodes[inputsOf(node)[0]!]!.shape;
    switch (node.operation) {
      case "convolution":
        return this.#convolution(x, node);
      case "transposed convolution":
        return this.#interleaved(x, node) ?? this.#transposed(x, node);
      case "dense": {
        const y = graph.add("Gemm", [x, graph.weights(node.kernel, node.kernelShape), ...this.#bias(node)]);
        return this.#activated(y, node.activation);
      }
      case "sum":
        return inputs.reduce((sum, value) => graph.add("Add", [sum, value]));
      case "minimum":
        return graph.add("Min", inputs);
      case "elementwise product":
        return inputs.reduce((product, value) => graph.add("Mul", [product, value]));
      case "matrix product": {
        const second = node.isTransposed ? graph.add("Transpose", [inputs[1]!], { perm: [0, 2, 1] }) : inputs[1]!;
        return graph.add("MatMul", [x, second]);
      }
      case "concatenation":
        return graph.add("Concat", inputs, { axis: 1 });
      case "transposition":
        return graph.add("Transpose", [x], { perm: [0, 2, 1] });
      case "affine": {
        const shape = perChannel(node);
        const isUniform = node.scale.every((factor) => factor === node.scale[0]);
        const factors = isUniform ? graph.floats([node.scale[0]!], [1]) : graph.floats(node.scale, shape);
        const scaled = graph.add("Mul", [x, factors]);
        return node.offset ? graph.add("Add", [scaled, graph.floats(node.offset, shape)]) : scaled;
      }
      case "activation":
        return this.#activated(x, node.activation, from);
      case "reshape": {
        const flat = from.length === 3 ? graph.add("Transpose", [x], { perm: CHANNELS_LAST }) : x;
        const y = graph.add("Reshape", [flat, graph.integers([0, ...node.shape])]);
        return node.shape.length === 3 ? graph.add("Transpose", [y], { perm: CHANNELS_FIRST }) : y;
      }
      case "upsampling":
        return this.#resampled(x, [0, 1].map((axis) => upsamplingShares(node, from[axis]!)));
      case "doubling":
        return this.#doubled(x);
      case "padding": {
        const [[top, bottom], [left, right]] = node.padding;
        return graph.add("Pad", [x, graph.integers([0, 0, top, left, 0, 0, bottom, right])]);
      }
      case "max pooling":
      case "average pooling":
        if (this.#isPooledAlone(node.input)) return this.#upsampledAndPooled(node);
        return graph.add(node.operation === "max pooling" ? "MaxPool" : "AveragePool", [x], {
          kernel_shape: node.size,
          strides: node.strides,
          pads: [0, 1].map((axis) =>
            paddingOf(node.padding, { length: from[axis]!, kernel: node.size[axis]!, stride: node.strides[axis]! })
          ).reduce<number[][]>((pads, [before, after]) => [[...pads[0]!, before], [...pads[1]!, after]], [[], []])
            .flat(),
        });
      case "layer": {
        const { name } = node.layer;
        throw new InputError(`Cannot write the layer ${name} (${node.layer.getClassName()}) as ONNX: it is not known`);
      }
    }
  }

  #convolution(x: string, node: FoldedConvolution): string {
    const { kernel, kernelShape: [height, width, inputs, outputs], doubles, strides } = node;
    const from = this.#nodes[node.input]!.shape.map((side) => doubles ? 2 * side : side);
    const scaled = node.input === 0 && this.#takesBytes ? kernel.map((value) => value / 255) : kernel;
    const weights = permuted(scaled, node.kernelShape, [3, 2, 0, 1]);
    const y = this.#graph.add(
      "Conv",
      [
        doubles ? this.#doubled(x) : x,
        this.#graph.weights(weights, [outputs, inputs, height, width]),
        ...this.#bias(node),
      ],
      { kernel_shape: [height, width], strides, pads: this.#pads(node.padding, from, node) },
    );
    return this.#activated(y, node.activation);
  }

  /**
   * A transposed convolution that enlarges by its strides is a convolution for each place of a texel between those of the
   * input, with those taps of the kernel that see them; the results then take their places. Runtimes do that faster.
   */
  #interleaved(x: string, node: TransposedConvolution): string | undefined {
    const graph = this.#graph;
    const { kernel, kernelShape, strides: [down, across], shape: [height, width, outputs] } = node;
    const [rows, columns] = this.#nodes[node.input]!.shape as [number, number, number];
    const isWhole = height === down * rows && width === across * columns;
    if (!isWhole || kernelShape[0] < down || kernelShape[1] < across) return undefined;
    const parts = phasesOf(node, 0).flatMap((vertical) =>
      phasesOf(node, 1).map((horizontal) => {
        const taps = [vertical.taps, horizontal.taps] as const;
        const weights = permuted(pickTaps(kernel, kernelShape, taps), [
          vertical.taps.length,
          horizontal.taps.length,
          ...kernelShape.slice(2),
        ], [2, 3, 0, 1]);
        const sides = taps.map(({ length }) => length);
        const y = graph.add("Conv", [
          x,
          graph.weights(weights, [...kernelShape.slice(2), ...sides]),
          ...this.#bias(node),
        ], {
          kernel_shape: sides,
          pads: [vertical.before, horizontal.before, vertical.after, horizontal.after],
        });
        return this.#activated(y, node.activation);
      })
    );
    const cells = graph.add("Transpose", [graph.add("Concat", parts, { axis: 1 })], { perm: CHANNELS_LAST });
    const placed = this.#placed(cells, { rows, columns, down, across, channels: outputs! });
    return graph.add("Transpose", [placed], { perm: CHANNELS_FIRST });
  }

  /** [n, rows, columns, down · across · channels], a cell's rows first, to [n, rows · down, columns · across, channels]. */
  #placed(cells: string, { rows, columns, down, across, channels }: Cells, output?: string): string {
    const graph = this.#graph;
    const split = graph.add("Reshape", [cells, graph.integers([0, rows, columns, down, across * channels])]);
    const inRows = graph.add("Transpose", [split], { perm: [0, 1, 3, 2, 4] });
    return graph.add("Reshape", [inRows, graph.integers([0, rows * down, columns * across, channels])], {}, output);
  }

  #transposed(x: string, node: TransposedConvolution): string {
    const { kernel, kernelShape: [height, width, outputs, inputs], strides } = node;
    const from = this.#nodes[node.input]!.shape;
    // what the convolution would have padded is cut off; what is still missing is output padding
    const [rows, columns] = [0, 1].map((axis) => {
      const [side, stride, length] = [node.kernelShape[axis]!, strides[axis]!, node.shape[axis]!];
      const [before, after] = paddingOf(node.padding, { length, kernel: side, stride });
      return { before, after, missing: length - ((from[axis]! - 1) * stride + side - before - after) };
    }) as [TransposedPads, TransposedPads];
    const weights = permuted(kernel, node.kernelShape, [3, 2, 0, 1]);
    const y = this.#graph.add(
      "ConvTranspose",
      [x, this.#graph.weights(weights, [inputs, outputs, height, width]), ...this.#bias(node)],
      {
        kernel_shape: [height, width],
        strides,
        pads: [rows.before, columns.before, rows.after, columns.after],
        output_padding: [rows.missing, columns.missing],
      },
    );
    return this.#activated(y, node.activation);
  }

  /** Whether a node enlarges grids for averages of it alone. */
  #isPooledAlone(place: number): boolean {
    const users = this.#nodes.filter((node) => inputsOf(node).includes(place));
    return this.#nodes[place]!.operation === "upsampling" && users.length === 1 &&
      users[0]!.operation === "average pooling";
  }

  /** In one step, smaller than what is enlarged. */
  #upsampledAndPooled(pooling: Pooling): string {
    const larger = this.#nodes[pooling.input] as Upsampling;
    const from = this.#nodes[larger.input]!.shape;
    return this.#resampled(
      this.#names[larger.input]!,
      [0, 1].map((axis) =>
        poolingShares(pooling, axis, larger.shape[axis]!).map((shares) => {
          const nodes = upsamplingShares(larger, from[axis]!);
          return nodes[0]!.map((_, i) => shares.reduce((sum, share, texel) => sum + share * nodes[texel]![i]!, 0));
        })
      ),
    );
  }

  /**
   * Rows and columns of texels as shares of those there are: two products, which runtimes do faster than they resize, and
   * have no edges to care for.
   */
  #resampled(x: string, [rows, columns]: readonly Shares[]): string {
    const graph = this.#graph;
    const wider = columns![0]!.flatMap((_, from) => columns!.map((shares) => shares[from]!));
    const taller = graph.add("MatMul", [graph.floats(rows!.flat(), [rows!.length, rows![0]!.length]), x]);
    return graph.add("MatMul", [taller, graph.floats(wider, [columns![0]!.length, columns!.length])]);
  }

  #doubled(x: string): string {
    return this.#graph.add("Resize", [x, "", this.#graph.floats([1, 1, 2, 2], [4])], {
      coordinate_transformation_mode: "asymmetric",
      mode: "nearest",
      nearest_mode: "floor",
    });
  }

  #bias({ bias }: { readonly bias?: Float32Array }): string[] {
    return bias ? [this.#graph.floats(bias, [bias.length])] : [];
  }

  #pads(
    padding: Padding,
    from: readonly number[],
    { kernelShape, strides }: { readonly kernelShape: readonly number[]; readonly strides: readonly [number, number] },
  ): number[] {
    const [rows, columns] = typeof padding !== "string"
      ? padding
      : [0, 1].map((axis) =>
        paddingOf(padding, { length: from[axis]!, kernel: kernelShape[axis]!, stride: strides[axis]! })
      ) as [[number, number], [number, number]];
    return [rows[0], columns[0], rows[1], columns[1]];
  }

  /** @param shape one example's, channels last */
  #activated(x: string, activation: Activation, shape: readonly number[] = []): string {
    const operator = operators[activation];
    if (operator) return this.#graph.add(operator, [x]);
    if (activation === "linear") return x;
    if (activation === "softmax") return this.#graph.add("Softmax", [x], { axis: shape.length === 2 ? 2 : 1 });
    return this.#graph.add("Clip", [x, this.#graph.floats([0], []), this.#graph.floats([6], [])]); // relu6
  }
}

interface Cells {
  readonly rows: number;
  readonly columns: number;
  /** Texels of a cell, both ways. */
  readonly down: number;
  readonly across: number;
  readonly channels: number;
}

interface TransposedPads {
  readonly before: number;
  readonly after: number;
  readonly missing: number;
}

/** For each texel, what it has of those that it is made of. */
type Shares = readonly (readonly number[])[];

function upsamplingShares({ factor, shape: [length] }: Upsampling, count: number): Shares {
  return Array.from({ length: length! }, (_, texel) => {
    const place = Math.min(texel / factor, count - 1); // the last node goes on to the end
    return Array.from({ length: count }, (_, node) => Math.max(0, 1 - Math.abs(place - node)));
  });
}

function poolingShares({ size, strides, padding, shape }: Pooling, axis: number, count: number): Shares {
  const [kernel, stride] = [size[axis]!, strides[axis]!];
  const [before] = paddingOf(padding, { length: count, kernel, stride });
  return Array.from({ length: shape[axis]! }, (_, place) => {
    const first = Math.max(0, place * stride - before), end = Math.min(count, place * stride - before + kernel);
    return Array.from({ length: count }, (_, texel) => Number(texel >= first && texel < end) / (end - first));
  });
}

function perChannel({ shape }: FoldedNode): number[] {
  return shape.length === 3 ? [1, shape[2]!, 1, 1] : [1, shape[0]!];
}
