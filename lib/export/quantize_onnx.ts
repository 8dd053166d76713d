import { encodeNode, encodeTensor } from "@/lib/export/onnx_graph.ts";
import { type OnnxTensor, type OnnxWeights, readNode, readTensor, typeNumbers } from "@/lib/formats/onnx_file.ts";
import { bytesField, concatBytes, messageFields, varintField } from "@/lib/formats/protobuf.ts";

/** The largest of the whole numbers, to both sides. */
const LARGEST = 127;
/** Operators whose second input is weights. */
const weighing = ["Conv", "ConvTranspose", "Gemm"];

/**
 * An ONNX model as `encodeOnnx` writes one, with weights of 8 bits: whole numbers, and a scale for each place on the axis
 * that loses least by that. Runtimes make floats of them as they load the model, so that it is as fast as before. A seal
 * does not hold for what comes of it.
 */
export function quantizeOnnx(model: Uint8Array): Uint8Array<ArrayBuffer> {
  const fields = [...messageFields(model)].map(({ field, number, bytes }) => {
    if (field === 1) return varintField(field, number); // the version
    return bytesField(field, field === 7 ? quantizeGraph(bytes) : bytes);
  });
  return concatBytes(...fields);
}

/** Quantizes a GraphProto: its field 1 are nodes, 5 constants. */
function quantizeGraph(graph: Uint8Array): Uint8Array {
  const fields = [...messageFields(graph)];
  const names = weightNames(fields.filter(({ field }) => field === 1).map(({ bytes }) => bytes));
  const parts = fields.map(({ field, bytes }) => {
    const weights = field === 5 ? readTensor(bytes) : undefined;
    return weights && weights.shape.length > 0 && names.has(weights.name)
      ? quantize(weights)
      : { nodes: [], rest: [bytesField(field, bytes)] };
  });
  return concatBytes(
    ...parts.flatMap(({ nodes }) => nodes.map((node) => bytesField(1, node))), // before those that use their results
    ...parts.flatMap(({ rest }) => rest),
  );
}

/** What operators have as weights, and what those are cast from. */
function weightNames(nodes: readonly Uint8Array[]): Set<string> {
  const read = nodes.map(readNode);
  const names = new Set(read.filter(({ operator }) => weighing.includes(operator)).map(({ inputs }) => inputs[1]!));
  for (const { inputs, output, operator } of read) {
    if (operator === "Cast" && names.has(output)) names.add(inputs[0]!);
  }
  return names;
}

/** The constants in place of these weights, and nodes whose result has their name. */
function quantize({ name, shape, isHalf, values }: OnnxTensor) {
  const [best] = shape.map((_, axis) => roundedAlong(axis, { shape, values })).sort((a, b) => a.error - b.error);
  const { bytes, scales, axis } = best!;
  const [whole, scale, floats, scaled] = ["bytes", "scale", "floats", "scaled"].map((part) =>
    `${name}_${part}`
  ) as Four;
  const result = isHalf ? scaled : name;
  return {
    nodes: [
      encodeNode({ operator: "Cast", inputs: [whole], attributes: { to: typeNumbers.float32 }, output: floats }),
      encodeNode({ operator: "Mul", inputs: [floats, scale], output: result }),
      ...isHalf
        ? [encodeNode({ operator: "Cast", inputs: [scaled], attributes: { to: typeNumbers.float16 }, output: name })]
        : [],
    ],
    rest: [
      encodeTensor({ name: whole, type: "int8", shape, array: bytes }),
      encodeTensor({ name: scale, type: "float32", shape: shape.map((n, i) => i === axis ? n : 1), array: scales }),
    ].map((tensor) => bytesField(5, tensor)),
  };
}

type Four = [string, string, string, string];

/** By one scale for each place on this axis; the error is the sum of squares. */
function roundedAlong(axis: number, { shape, values }: OnnxWeights) {
  const count = shape[axis]!, stride = shape.slice(axis + 1).reduce((product, n) => product * n, 1);
  const placeOf = (i: number) => Math.floor(i / stride) % count;
  const scales = new Float32Array(count), bytes = new Int8Array(values.length);
  for (let i = 0; i < values.length; i++) {
    scales[placeOf(i)] = Math.max(scales[placeOf(i)]!, Math.abs(values[i]!) / LARGEST);
  }
  let error = 0;
  for (let i = 0; i < values.length; i++) {
    const scale = scales[placeOf(i)]!;
    bytes[i] = scale > 0 ? Math.round(values[i]! / scale) : 0;
    error += (bytes[i]! * scale - values[i]!) ** 2;
  }
  return { axis, scales, bytes, error };
}
