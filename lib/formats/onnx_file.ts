import { messageFields } from "@/lib/formats/protobuf.ts";

/** What an ONNX model's graph consists of, as far as its weights are concerned. */
export interface OnnxFile {
  /** In an order in which they can be computed. */
  readonly nodes: readonly OnnxNode[];
  /** Constants of numbers with a point, those that are cast from half precision by the casts' names, too. */
  readonly arrays: ReadonlyMap<string, OnnxWeights>;
  readonly outputs: readonly string[];
}

export interface OnnxNode {
  readonly operator: string;
  readonly inputs: readonly string[];
}

export interface OnnxWeights {
  readonly shape: readonly number[];
  readonly values: Float32Array;
}

/** More than networks have: a file of nothing else would take a hundred times its size of memory. */
const [MOST_NODES, MOST_INPUTS, MOST_AXES] = [100_000, 1000, 8];

/**
 * The graph of an ONNX model (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto) that keeps its weights in itself, as posmap's
 * do. Takes no more memory than twice the file. Throws a RangeError where it is none.
 */
export function readOnnx(model: Uint8Array): OnnxFile {
  const graph = firstBytes(model, 7);
  if (!graph) throw new RangeError("it has no graph");
  const arrays = new Map<string, OnnxWeights>();
  const nodes: OnnxNode[] = [], casts: [from: string, to: string][] = [], outputs: string[] = [];
  for (const { field, bytes } of messageFields(graph)) {
    if (field === 1) {
      const node = readNode(bytes);
      if (node.operator === "Cast") casts.push([node.inputs[0]!, node.output]);
      if (nodes.push(node) > MOST_NODES) throw new RangeError(`it has more than ${MOST_NODES} nodes`);
    }
    if (field === 5) {
      const tensor = readTensor(bytes);
      if (tensor) arrays.set(tensor.name, tensor);
    }
    if (field === 12) outputs.push(textOf(firstBytes(bytes, 1)));
  }
  for (const [from, to] of casts) {
    const array = arrays.get(from);
    if (array) arrays.set(to, array);
  }
  return { nodes, arrays, outputs };
}

/** Reads a NodeProto. */
export function readNode(message: Uint8Array): OnnxNode & { readonly output: string } {
  const inputs: string[] = [];
  let output: string | undefined, operator: string | undefined;
  for (const { field, bytes } of messageFields(message)) {
    if (field === 1 && inputs.push(textOf(bytes)) > MOST_INPUTS) {
      throw new RangeError(`a node has more than ${MOST_INPUTS} inputs`);
    }
    if (field === 2) output ??= textOf(bytes);
    if (field === 4) operator ??= textOf(bytes);
  }
  return { inputs, output: output ?? "", operator: operator ?? "" };
}

export type OnnxType = "float32" | "uint8" | "int8" | "int64" | "float16";

/** Numbers of onnx.proto's TensorProto.DataType. */
export const typeNumbers: Readonly<Record<OnnxType, number>> = { float32: 1, uint8: 2, int8: 3, int64: 7, float16: 10 };

export interface OnnxTensor extends OnnxWeights {
  readonly name: string;
  readonly isHalf: boolean;
}

/** Reads a TensorProto; undefined unless its numbers are floats. */
export function readTensor(message: Uint8Array): OnnxTensor | undefined {
  const shape: number[] = [];
  let type: number | undefined;
  for (const { field, number } of messageFields(message)) {
    if (field === 1 && shape.push(number) > MOST_AXES) {
      throw new RangeError(`a constant has more than ${MOST_AXES} axes`);
    }
    if (field === 2) type ??= number;
  }
  const isHalf = type === typeNumbers.float16;
  if (type !== typeNumbers.float32 && !isHalf) return undefined;
  const name = textOf(firstBytes(message, 8));
  const bytes = (firstBytes(message, 9) ?? new Uint8Array()).slice(); // views want it aligned
  const count = shape.reduce((product, length) => product * length, 1);
  if (bytes.length !== count * (isHalf ? 2 : 4)) {
    throw new RangeError(`the constant ${name} of shape [${shape}] has ${bytes.length} bytes`);
  }
  const values = isHalf ? Float32Array.from(new Float16Array(bytes.buffer)) : new Float32Array(bytes.buffer);
  return { name, shape, isHalf, values };
}

/** Goes to the message's end, which throws where that is cut. */
function firstBytes(message: Uint8Array, wanted: number): Uint8Array | undefined {
  let found: Uint8Array | undefined;
  for (const { field, bytes } of messageFields(message)) if (field === wanted) found ??= bytes;
  return found;
}

function textOf(bytes: Uint8Array | undefined): string {
  return new TextDecoder().decode(bytes);
}
