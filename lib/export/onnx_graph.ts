import { type OnnxType, typeNumbers } from "@/lib/formats/onnx_file.ts";
import { bytesField, bytesOf, concatBytes, floatField, varintField } from "@/lib/formats/protobuf.ts";

/** An attribute of a node: a number that is whole is an int, unless given as `{ float }`. */
export type OnnxAttribute = number | string | readonly number[] | { readonly float: number };

/** A tensor that goes in or comes out; a dimension with a name is as long as the caller likes. */
export interface OnnxValue {
  readonly name: string;
  readonly type: OnnxType;
  readonly shape: readonly (number | string)[];
}

export interface OnnxModelOptions {
  readonly name: string;
  readonly inputs: readonly OnnxValue[];
  readonly outputs: readonly OnnxValue[];
  readonly metadata?: Readonly<Record<string, string>>;
}

/** The operator set that is written: of ONNX 1.13 (2022), which onnxruntime-node and onnxruntime-web know. */
const OPSET = 18;
const IR_VERSION = 8;

/** An ONNX graph in the making (https://github.com/onnx/onnx/blob/main/onnx/onnx.proto). */
export class OnnxGraph {
  readonly #isHalf: boolean;
  readonly #nodes: Uint8Array[] = [];
  readonly #arrays: Uint8Array[] = [];
  readonly #kept = new Map<string, string>();
  #next = 0;

  /** `half` keeps weights as float16, which takes half the room; they are float32 again when the model is loaded. */
  constructor({ half = false }: { readonly half?: boolean } = {}) {
    this.#isHalf = half;
  }

  /** Adds a node of one result, and gives the result's name. */
  add(
    operator: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, OnnxAttribute>> = {},
    output = `t${this.#next++}`,
  ): string {
    this.#nodes.push(encodeNode({ operator, inputs, attributes, output }));
    return output;
  }

  /** A constant of float32s. */
  floats(values: Float32Array | readonly number[], shape: readonly number[]): string {
    return this.#array(Float32Array.from(values), "float32", shape);
  }

  /** A constant that may be kept in half precision. */
  weights(values: Float32Array, shape: readonly number[]): string {
    if (!this.#isHalf) return this.floats(values, shape);
    return this.add("Cast", [this.#array(new Float16Array(values), "float16", shape)], { to: typeNumbers.float32 });
  }

  /** A constant of whole numbers; equal ones are kept once. */
  integers(values: readonly number[], shape: readonly number[] = [values.length]): string {
    const key = `${shape}: ${values}`;
    let name = this.#kept.get(key);
    if (!name) this.#kept.set(key, name = this.#array(BigInt64Array.from(values, BigInt), "int64", shape));
    return name;
  }

  #array(array: Float32Array | Float16Array | BigInt64Array, type: OnnxType, shape: readonly number[]): string {
    const name = `w${this.#next++}`;
    this.#arrays.push(encodeTensor({ name, type, shape, array }));
    return name;
  }

  /** The file. */
  encode({ name, inputs, outputs, metadata = {} }: OnnxModelOptions): Uint8Array<ArrayBuffer> {
    const graph = concatBytes(
      ...this.#nodes.map((node) => bytesField(1, node)),
      bytesField(2, name),
      ...this.#arrays.map((array) => bytesField(5, array)),
      ...inputs.map((value) => bytesField(11, valueInfo(value))),
      ...outputs.map((value) => bytesField(12, valueInfo(value))),
    );
    return concatBytes(
      varintField(1, IR_VERSION),
      bytesField(2, "posmap"),
      bytesField(7, graph),
      bytesField(8, varintField(2, OPSET)),
      ...Object.entries(metadata).map(([key, value]) =>
        bytesField(14, concatBytes(bytesField(1, key), bytesField(2, value)))
      ),
    );
  }
}

/** A node of one result. */
export interface OnnxNode {
  readonly operator: string;
  readonly inputs: readonly string[];
  readonly attributes?: Readonly<Record<string, OnnxAttribute>>;
  readonly output: string;
}

/** NodeProto. */
export function encodeNode({ operator, inputs, attributes = {}, output }: OnnxNode): Uint8Array {
  return concatBytes(
    ...inputs.map((input) => bytesField(1, input)),
    bytesField(2, output),
    bytesField(3, `${operator}_${output}`),
    bytesField(4, operator),
    ...Object.entries(attributes).map(([name, value]) => bytesField(5, attribute(name, value))),
  );
}

/** A constant. */
export interface OnnxTensor {
  readonly name: string;
  readonly type: OnnxType;
  readonly shape: readonly number[];
  /** Values of that type. */
  readonly array: ArrayBufferView;
}

/** TensorProto. */
export function encodeTensor({ name, type, shape, array }: OnnxTensor): Uint8Array {
  return concatBytes(
    ...shape.map((length) => varintField(1, length)),
    varintField(2, typeNumbers[type]),
    bytesField(8, name),
    bytesField(9, bytesOf(array)),
  );
}

/** AttributeProto. */
function attribute(name: string, value: OnnxAttribute): Uint8Array {
  const [FLOAT, INT, STRING, INTS] = [1, 2, 3, 7];
  const named = bytesField(1, name);
  if (typeof value === "number") return concatBytes(named, varintField(3, value), varintField(20, INT));
  if (typeof value === "string") return concatBytes(named, bytesField(4, value), varintField(20, STRING));
  if ("float" in value) {
    return concatBytes(named, floatField(2, value.float), varintField(20, FLOAT));
  }
  return concatBytes(named, ...value.map((number) => varintField(8, number)), varintField(20, INTS));
}

/** ValueInfoProto. */
function valueInfo({ name, type, shape }: OnnxValue): Uint8Array {
  const dimensions = shape.map((length) =>
    bytesField(1, typeof length === "number" ? varintField(1, length) : bytesField(2, length))
  );
  const tensor = concatBytes(varintField(1, typeNumbers[type]), bytesField(2, concatBytes(...dimensions)));
  return concatBytes(bytesField(1, name), bytesField(2, bytesField(1, tensor)));
}
