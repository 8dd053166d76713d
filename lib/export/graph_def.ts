import { type AttributeType, attributeTypes, type AttributeValue, encodeAttribute } from "@/lib/formats/attr_value.ts";
import { dataTypes } from "@/lib/formats/data_types.ts";
import { bytesField, bytesOf, concatBytes, varintField } from "@/lib/formats/protobuf.ts";

/** An attribute of a node: its type, and its value. */
export type NodeAttribute = readonly [keyof typeof attributeTypes, AttributeValue];

/** A tensor that goes in or comes out, by its node; -1 is a dimension that is as long as the caller likes. */
export interface GraphTensor {
  readonly name: string;
  readonly type: "float32" | "uint8";
  readonly shape: readonly number[];
}

/** A TensorFlow graph in the making (tensorflow/core/framework/graph.proto). */
export class GraphDef {
  readonly #nodes: Uint8Array[] = [];

  /** Adds a node, and gives the name of its first result. */
  add(
    op: string,
    inputs: readonly string[],
    attributes: Readonly<Record<string, NodeAttribute>>,
    name?: string,
  ): string {
    const values = Object.entries(attributes).map(([key, [type, value]]): [string, Uint8Array] => [
      key,
      encodeAttribute({ name: key, type: attributeTypes[type] as AttributeType, value }),
    ]);
    return this.#node(op, inputs, values, name);
  }

  /** A node of one type, "float32" unless given. */
  compute(
    op: string,
    inputs: readonly string[],
    { name, type = "float32", ...attributes }:
      & { readonly name?: string; readonly type?: "float32" | "int32" }
      & Readonly<Record<string, NodeAttribute | string>> = {},
  ): string {
    return this.add(op, inputs, { T: ["type", type], ...attributes as Record<string, NodeAttribute> }, name);
  }

  floats(values: Float32Array, shape: readonly number[]): string {
    return this.#constant(dataTypes.float32, bytesOf(values), shape);
  }

  /** A number for an empty shape, else a list. */
  integers(values: readonly number[], shape: readonly number[] = [values.length]): string {
    return this.#constant(dataTypes.int32, bytesOf(Int32Array.from(values)), shape);
  }

  /** A GraphDef message. */
  encode(): Uint8Array<ArrayBuffer> {
    const versions = varintField(1, PRODUCER);
    return concatBytes(...this.#nodes.map((node) => bytesField(1, node)), bytesField(4, versions));
  }

  #constant(type: number, content: Uint8Array, shape: readonly number[]): string {
    const tensor = concatBytes(varintField(1, type), bytesField(2, shapeMessage(shape)), bytesField(4, content));
    return this.#node("Const", [], [["dtype", varintField(6, type)], ["value", bytesField(8, tensor)]]);
  }

  #node(
    op: string,
    inputs: readonly string[],
    attributes: readonly (readonly [string, Uint8Array])[],
    name = `${op}_${this.#nodes.length}`,
  ): string {
    this.#nodes.push(concatBytes(
      bytesField(1, name),
      bytesField(2, op),
      ...inputs.map((input) => bytesField(3, input)),
      ...attributes.map(([key, value]) => bytesField(5, concatBytes(bytesField(1, key), bytesField(2, value)))),
    ));
    return name;
  }
}

/** Version of GraphDefs that TensorFlow 2 writes (tensorflow/core/public/version.h): newer readers upgrade older ops by it. */
const PRODUCER = 2000;

/**
 * A graph as the SavedModel that serves it (tensorflow/core/protobuf/saved_model.proto): one signature,
 * "serving_default", tagged "serve". Its weights are constants: there are no variables.
 */
export function encodeServed(
  graph: GraphDef,
  { inputs, outputs }: { readonly inputs: readonly GraphTensor[]; readonly outputs: readonly GraphTensor[] },
): Uint8Array<ArrayBuffer> {
  const [SERVE, SIGNATURE, METHOD] = ["serve", "serving_default", "tensorflow/serving/predict"];
  const tensors = (field: number, list: readonly GraphTensor[]) =>
    list.map(({ name, type, shape }) => {
      const info = concatBytes(
        bytesField(1, `${name}:0`),
        varintField(2, dataTypes[type]),
        bytesField(3, shapeMessage(shape)),
      );
      return bytesField(field, entry(name, info));
    });
  const signature = concatBytes(...tensors(1, inputs), ...tensors(2, outputs), bytesField(3, METHOD));
  const metaGraph = concatBytes(
    bytesField(1, bytesField(4, SERVE)),
    bytesField(2, graph.encode()),
    bytesField(5, entry(SIGNATURE, signature)),
  );
  return concatBytes(varintField(1, 1), bytesField(2, metaGraph));
}

/** One of a map's. */
function entry(key: string, value: Uint8Array): Uint8Array {
  return concatBytes(bytesField(1, key), bytesField(2, value));
}

/** A TensorShapeProto. */
function shapeMessage(shape: readonly number[]): Uint8Array {
  return concatBytes(...shape.map((size) => bytesField(2, varintField(1, size))));
}
