import { InputError } from "@/lib/errors.ts";
import { encodeServed, GraphDef, type NodeAttribute } from "@/lib/export/graph_def.ts";
import { decodedNetwork, landmarkReading, type OnnxDescription } from "@/lib/export/onnx.ts";
import { isComponent } from "@/lib/face/expression_names.ts";
import { LANDMARK_COUNT } from "@/lib/face/landmarks.ts";
import {
  type Activation,
  type FoldedNetwork,
  type FoldedNode,
  inputsOf,
  type Padding,
} from "@/lib/model/folded_network.ts";
import { EXPRESSIONS, PRESENCE } from "@/lib/model/heads.ts";

const operators: Readonly<Record<Exclude<Activation, "linear">, string>> = {
  relu: "Relu",
  relu6: "Relu6",
  elu: "Elu",
  sigmoid: "Sigmoid",
  tanh: "Tanh",
  softmax: "Softmax",
};

/**
 * A trained model as the `saved_model.pb` of TensorFlow's SavedModel, which takes and gives what `encodeOnnx` says: its
 * signature "serving_default" has the input `image` and the outputs `positions`, `landmarks` and, where the network says
 * them, `expressions` and `presence`. Throws an InputError for a network with layers that are not written.
 */
export function encodeSavedModel(
  network: FoldedNetwork,
  { imageSize: size, encoding, surface, expressionNames }: Pick<
    OnnxDescription,
    "imageSize" | "encoding" | "surface" | "expressionNames"
  >,
): Uint8Array<ArrayBuffer> {
  const graph = new GraphDef();
  const image = graph.add(
    "Placeholder",
    [],
    { dtype: ["type", "uint8"], shape: ["shape", [-1, size, size, 3]] },
    "image",
  );
  const bytes = graph.add("Cast", [image], { SrcT: ["type", "uint8"], DstT: ["type", "float32"] });
  const { nodes, heads } = decodedNetwork(network, { imageSize: size, encoding });
  const names: string[] = [graph.compute("Mul", [bytes, graph.floats(Float32Array.of(1 / 255), [])])];
  for (const node of nodes.slice(1)) names.push(writeNode(graph, node as ComputedNode, { names, nodes }));

  const positions = graph.compute("Identity", [names.at(-1)!], { name: "positions" });
  const { corners, shares } = landmarkReading({ size, surface });
  const rows = graph.compute("Reshape", [positions, graph.integers([-1, size * size, 3])]);
  const read = graph.add("GatherV2", [rows, graph.integers(corners), graph.integers([1], [])], {
    Tparams: ["type", "float32"],
    Tindices: ["type", "int32"],
    Taxis: ["type", "int32"],
  });
  graph.compute("BatchMatMulV2", [graph.floats(shares, [1, LANDMARK_COUNT, corners.length]), read], {
    name: "landmarks",
  });
  const outputs = [
    { name: "positions", type: "float32", shape: [-1, size, size, 3] },
    { name: "landmarks", type: "float32", shape: [-1, LANDMARK_COUNT, 3] },
  ] as { name: string; type: "float32"; shape: number[] }[];
  const [amounts, chance] = [heads[EXPRESSIONS], heads[PRESENCE]];
  if (amounts !== undefined) {
    const isBounded = !expressionNames?.some(isComponent);
    const limits = isBounded ? [0, 1].map((limit) => graph.floats(Float32Array.of(limit), [])) : [];
    graph.compute(isBounded ? "ClipByValue" : "Identity", [names[amounts]!, ...limits], { name: EXPRESSIONS });
    outputs.push({ name: EXPRESSIONS, type: "float32", shape: [-1, ...nodes[amounts]!.shape] });
  }
  if (chance !== undefined) {
    graph.compute("Reshape", [names[chance]!, graph.integers([-1])], { name: PRESENCE });
    outputs.push({ name: PRESENCE, type: "float32", shape: [-1] });
  }
  return encodeServed(graph, { inputs: [{ name: "image", type: "uint8", shape: [-1, size, size, 3] }], outputs });
}

type ComputedNode = Exclude<FoldedNode, { operation: "input" }>;

interface Earlier {
  /** What the nodes so far compute. */
  readonly names: readonly string[];
  readonly nodes: readonly FoldedNode[];
}

function writeNode(graph: GraphDef, node: ComputedNode, { names, nodes }: Earlier): string {
  const inputs = inputsOf(node).map((place) => names[place]!);
  const [x] = inputs as [string];
  const from = nodes[inputsOf(node)[0]!]!.shape;
  switch (node.operation) {
    case "convolution": {
      const larger = node.doubles ? resized(graph, "ResizeNearestNeighbor", x, from.map((side) => 2 * side)) : x;
      const kernel = graph.floats(node.kernel, node.kernelShape);
      return finished(graph, graph.compute("Conv2D", [larger, kernel], windows(node)), node);
    }
    case "transposed convolution": {
      const kernel = graph.floats(node.kernel, node.kernelShape);
      const shape = shapeLike(graph, x, node.shape);
      return finished(graph, graph.compute("Conv2DBackpropInput", [shape, kernel, x], windows(node)), node);
    }
    case "dense":
      return finished(graph, graph.compute("MatMul", [x, graph.floats(node.kernel, node.kernelShape)]), node);
    case "sum":
      return inputs.reduce((sum, value) => graph.compute("AddV2", [sum, value]));
    case "minimum":
      return inputs.reduce((least, value) => graph.compute("Minimum", [least, value]));
    case "elementwise product":
      return inputs.reduce((product, value) => graph.compute("Mul", [product, value]));
    case "matrix product":
      return graph.compute("BatchMatMulV2", inputs, { adj_y: ["bool", node.isTransposed] });
    case "concatenation":
      return graph.compute("ConcatV2", [...inputs, graph.integers([1], [])], { N: ["int", inputs.length] });
    case "transposition":
      return graph.compute("Transpose", [x, graph.integers([0, 2, 1])]);
    case "affine": {
      const scaled = graph.compute("Mul", [x, graph.floats(node.scale, [node.scale.length])]);
      return finished(graph, scaled, { ...node.offset && { bias: node.offset }, activation: "linear" });
    }
    case "activation":
      return finished(graph, x, node);
    case "reshape":
      return graph.compute("Reshape", [x, graph.integers([-1, ...node.shape])]);
    case "upsampling": {
      const [height, width] = node.shape as [number, number];
      const larger = resized(graph, "ResizeBilinear", x, from.map((side) => node.factor * side));
      return graph.compute("Slice", [larger, graph.integers([0, 0, 0, 0]), graph.integers([-1, height, width, -1])], {
        Index: ["type", "int32"],
      });
    }
    case "doubling":
      return resized(graph, "ResizeNearestNeighbor", x, from.map((side) => 2 * side));
    case "padding":
      return graph.compute("Pad", [x, graph.integers([0, 0, ...node.padding.flat(), 0, 0], [4, 2])]);
    case "max pooling":
    case "average pooling":
      return graph.compute(node.operation === "max pooling" ? "MaxPool" : "AvgPool", [x], {
        ksize: ["int", [1, ...node.size, 1]],
        ...windows(node),
      });
    case "layer": {
      const { name } = node.layer;
      throw new InputError(
        `Cannot write the layer ${name} (${node.layer.getClassName()}) for TensorFlow: it is not known`,
      );
    }
  }
}

/** How windows move over a picture. */
function windows(
  { strides, padding }: { readonly strides: readonly [number, number]; readonly padding: Padding },
): Record<string, NodeAttribute> {
  return {
    strides: ["int", [1, ...strides, 1]],
    padding: ["string", typeof padding === "string" ? padding.toUpperCase() : "EXPLICIT"],
    ...typeof padding !== "string" && { explicit_paddings: ["int", [0, 0, ...padding.flat(), 0, 0]] },
  };
}

/** By whole factors, node i at texel factor · i. */
function resized(graph: GraphDef, op: string, x: string, [height, width]: readonly number[]): string {
  return graph.compute(op, [x, graph.integers([height!, width!])]);
}

/** [n, ...shape], as many examples as x has. */
function shapeLike(graph: GraphDef, x: string, shape: readonly number[]): string {
  const all = graph.compute("Shape", [x], { out_type: ["type", "int32"] });
  const [zero, one] = [graph.integers([0]), graph.integers([1])];
  const count = graph.compute("StridedSlice", [all, zero, one, one], { type: "int32", Index: ["type", "int32"] });
  return graph.add("ConcatV2", [count, graph.integers(shape), graph.integers([0], [])], {
    N: ["int", 2],
    T: ["type", "int32"],
    Tidx: ["type", "int32"],
  });
}

/** With its bias and its activation, if there are such. */
function finished(
  graph: GraphDef,
  y: string,
  { bias, activation }: { readonly bias?: Float32Array; readonly activation: Activation },
): string {
  const biased = bias ? graph.compute("AddV2", [y, graph.floats(bias, [bias.length])]) : y;
  return activation === "linear" ? biased : graph.compute(operators[activation], [biased]);
}
