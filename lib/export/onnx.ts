import { positionScale } from "@/lib/data/maps/position_map.ts";
import { readingTexels } from "@/lib/data/maps/uv_layout.ts";
import { OnnxGraph } from "@/lib/export/onnx_graph.ts";
import { defaultConvention, LANDMARK_COUNT, landmarksOf, valuesAt } from "@/lib/face/landmarks.ts";
import type { ModelDescription } from "@/lib/model/description.ts";
import { type Activation, type FoldedNode, inputsOf, type Padding, paddingOf } from "@/lib/model/folded_network.ts";

export interface OnnxOptions {
  /** Weights as float16: half the file. */
  readonly half?: boolean;
  /** What stands in the model's metadata. */
  readonly license?: string;
}

/**
 * A trained model as an ONNX file that needs none of our code: `image`, bytes [n, size, size, 3], RGB, goes in;
 * `positions`, float32 [n, size, size, 3], and `landmarks`, float32 [n, 68, 3], in crop pixels, come out. Throws a
 * TypeError for a network with layers that are not written.
 */
export function encodeOnnx(
  nodes: readonly FoldedNode[],
  { imageSize: size, encoding, crop, surface }: Pick<ModelDescription, "imageSize" | "encoding" | "crop" | "surface">,
  { half = false, license = "MIT" }: OnnxOptions = {},
): Uint8Array<ArrayBuffer> {
  const graph = new OnnxGraph({ half });
  const maps = new OnnxWriter(graph, nodes).write(graph.add("Cast", [
    graph.add("Transpose", ["image"], { perm: [0, 3, 1, 2] }),
  ], { to: 1 }));
  const { scale, offsets } = positionScale({ size, encoding });
  const decoded = graph.add("Mul", [
    graph.add("Sub", [maps, graph.floats([...offsets], [1, 3, 1, 1])]),
    graph.floats([1 / scale], [1]),
  ]);
  const positions = graph.add("Transpose", [decoded], { perm: [0, 2, 3, 1] }, "positions");
  writeLandmarks(graph, positions, { size, surface });
  return graph.encode({
    name: "posmap",
    inputs: [{ name: "image", type: "uint8", shape: ["n", size, size, 3] }],
    outputs: [
      { name: "positions", type: "float32", shape: ["n", size, size, 3] },
      { name: "landmarks", type: "float32", shape: ["n", LANDMARK_COUNT, 3] },
    ],
    metadata: {
      "posmap.crop": `the square about the center of the landmarks' box, ${crop.margin} times its longer side`,
      "posmap.crop_margin": String(crop.margin),
      "posmap.landmarks": defaultConvention(surface.landmarks),
      "posmap.axes": "crop pixels: x right, y down, z towards the viewer, 0 at the face's farthest point",
      license,
    },
  });
}

/** Reads the map bilinearly at the landmarks' places. */
function writeLandmarks(
  graph: OnnxGraph,
  positions: string,
  { size, surface: { uv, landmarks } }: { readonly size: number } & Pick<ModelDescription, "surface">,
): void {
  const { texel, weights } = readingTexels(valuesAt(landmarksOf(landmarks), uv, { dimensions: 2 }), size);
  const corners = Array.from(texel, (first) => [first, first + 1, first + size, first + size + 1]).flat();
  const rows = graph.add("Reshape", [positions, graph.integers([0, size * size, 3])]);
  const read = graph.add("Gather", [rows, graph.integers(corners)], { axis: 1 });
  const four = graph.add("Reshape", [read, graph.integers([0, LANDMARK_COUNT, 4, 3])]);
  const weighted = graph.add("Mul", [four, graph.floats(weights, [LANDMARK_COUNT, 4, 1])]);
  graph.add("ReduceSum", [weighted, graph.integers([2])], { keepdims: 0 }, "landmarks");
}

const operators: Readonly<Partial<Record<Activation, string>>> = {
  relu: "Relu",
  elu: "Elu",
  sigmoid: "Sigmoid",
  tanh: "Tanh",
};

/** Writes nodes with channels before rows and columns, as ONNX has them. */
class OnnxWriter {
  readonly #graph: OnnxGraph;
  readonly #nodes: readonly FoldedNode[];
  readonly #names: string[] = [];

  constructor(graph: OnnxGraph, nodes: readonly FoldedNode[]) {
    this.#graph = graph;
    this.#nodes = nodes;
  }

  /** `image` holds bytes as floats; what it gives is the last node's name. */
  write(image: string): string {
    for (const node of this.#nodes) {
      this.#names.push(node.operation === "input" ? this.#scaled(image) : this.#node(node));
    }
    return this.#names.at(-1)!;
  }

  /** Into [0, 1]. */
  #scaled(image: string): string {
    return this.#graph.add("Mul", [image, this.#graph.floats([1 / 255], [1])]);
  }

  #node(node: Exclude<FoldedNode, { operation: "input" }>): string {
    const graph = this.#graph;
    const inputs = inputsOf(node).map((place) => this.#names[place]!);
    const [x] = inputs as [string];
    const from = this.#nodes[inputsOf(node)[0]!]!.shape;
    switch (node.operation) {
      case "convolution": {
        const [height, width, ins, outs] = node.kernelShape;
        const kernel = permuted(node.kernel, node.kernelShape, [3, 2, 0, 1]);
        const y = graph.add("Conv", [x, graph.floats(kernel, [outs, ins, height, width]), ...this.#bias(node)], {
          kernel_shape: [height, width],
          strides: node.strides,
          pads: this.#pads(node.padding, from, node),
        });
        return this.#activated(y, node.activation);
      }
      case "transposed convolution": {
        const [height, width, outs, ins] = node.kernelShape;
        const kernel = permuted(node.kernel, node.kernelShape, [3, 2, 0, 1]);
        // what the convolution would have padded is cut off; what is still missing is output padding
        const [rows, columns] = [0, 1].map((axis) => {
          const [kernelSide, stride, length] = [node.kernelShape[axis]!, node.strides[axis]!, node.shape[axis]!];
          const pads = paddingOf(node.padding, { length, kernel: kernelSide, stride });
          const full = (from[axis]! - 1) * stride + kernelSide - pads[0] - pads[1];
          return { pads, missing: length - full };
        }) as [{ pads: [number, number]; missing: number }, { pads: [number, number]; missing: number }];
        const y = graph.add(
          "ConvTranspose",
          [x, graph.floats(kernel, [ins, outs, height, width]), ...this.#bias(node)],
          {
            kernel_shape: [height, width],
            strides: node.strides,
            pads: [rows.pads[0], columns.pads[0], rows.pads[1], columns.pads[1]],
            output_padding: [rows.missing, columns.missing],
          },
        );
        return this.#activated(y, node.activation);
      }
      case "dense": {
        const y = graph.add("Gemm", [x, graph.floats(node.kernel, node.kernelShape), ...this.#bias(node)]);
        return this.#activated(y, node.activation);
      }
      case "interleave":
        return graph.add("DepthToSpace", [x], { blocksize: node.factor, mode: "DCR" });
      case "sum":
        return inputs.reduce((sum, value) => graph.add("Add", [sum, value]));
      case "affine": {
        const shape = perChannel(node);
        const scaled = graph.add("Mul", [x, graph.floats(node.scale, shape)]);
        return node.offset ? graph.add("Add", [scaled, graph.floats(node.offset, shape)]) : scaled;
      }
      case "activation":
        return this.#activated(x, node.activation);
      case "reshape": {
        const flat = from.length === 3 ? graph.add("Transpose", [x], { perm: [0, 2, 3, 1] }) : x;
        const y = graph.add("Reshape", [flat, graph.integers([0, ...node.shape])]);
        return node.shape.length === 3 ? graph.add("Transpose", [y], { perm: [0, 3, 1, 2] }) : y;
      }
      case "upsampling": {
        const larger = this.#resize(x, node.factor, { mode: "linear" });
        const [height, width] = node.shape as [number, number, number];
        if (height === node.factor * from[0]! && width === node.factor * from[1]!) return larger;
        return graph.add("Slice", [
          larger,
          graph.integers([0, 0]),
          graph.integers([height, width]),
          graph.integers([2, 3]),
        ]);
      }
      case "doubling":
        return this.#resize(x, 2, { mode: "nearest", nearest_mode: "floor" });
      case "padding": {
        const [[top, bottom], [left, right]] = node.padding;
        return graph.add("Pad", [x, graph.integers([0, 0, top, left, 0, 0, bottom, right])]);
      }
      case "max pooling":
        return graph.add("MaxPool", [x], {
          kernel_shape: node.size,
          strides: node.strides,
          pads: [0, 1].map((axis) =>
            paddingOf(node.padding, { length: from[axis]!, kernel: node.size[axis]!, stride: node.strides[axis]! })
          ).reduce<number[][]>((pads, [before, after]) => [[...pads[0]!, before], [...pads[1]!, after]], [[], []])
            .flat(),
        });
      case "layer": {
        const { name } = node.layer;
        throw new TypeError(`Cannot write the layer ${name} (${node.layer.getClassName()}) as ONNX: it is not known`);
      }
    }
  }

  #resize(x: string, factor: number, attributes: Readonly<Record<string, string>>): string {
    const scales = this.#graph.floats([1, 1, factor, factor], [4]);
    return this.#graph.add("Resize", [x, "", scales], {
      coordinate_transformation_mode: "asymmetric",
      ...attributes,
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

  #activated(x: string, activation: Activation): string {
    const operator = operators[activation];
    if (operator) return this.#graph.add(operator, [x]);
    if (activation === "linear") return x;
    if (activation === "softmax") return this.#graph.add("Softmax", [x], { axis: 1 });
    return this.#graph.add("Clip", [x, this.#graph.floats([0], []), this.#graph.floats([6], [])]); // relu6
  }
}

function perChannel({ shape }: FoldedNode): number[] {
  return shape.length === 3 ? [1, shape[2]!, 1, 1] : [1, shape[0]!];
}

/** An array of this shape with its axes in another order. */
export function permuted(values: Float32Array, shape: readonly number[], order: readonly number[]): Float32Array {
  const strides = shape.map((_, axis) => shape.slice(axis + 1).reduce((product, length) => product * length, 1));
  const lengths = order.map((axis) => shape[axis]!), steps = order.map((axis) => strides[axis]!);
  const result = new Float32Array(values.length);
  const place = lengths.map(() => 0);
  for (let i = 0, from = 0; i < result.length; i++) {
    result[i] = values[from]!;
    for (let axis = lengths.length - 1; axis >= 0; axis--) {
      from += steps[axis]!;
      if (++place[axis]! < lengths[axis]!) break;
      from -= lengths[axis]! * steps[axis]!;
      place[axis] = 0;
    }
  }
  return result;
}
