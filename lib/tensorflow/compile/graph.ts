import { type Attribute, attributeTypes } from "@/lib/formats/attr_value.ts";
import { setAttribute } from "@/lib/tensorflow/backend/attributes.ts";
import { cName, Status } from "@/lib/tensorflow/library/c_api.ts";
import type { Symbols } from "@/lib/tensorflow/library/c_symbols.ts";
import type { DataType } from "@/lib/formats/data_types.ts";
import { type OpDefinition, readOpDefinition } from "@/lib/tensorflow/backend/op_definition.ts";
import { type HostTensor, newTensor, toInt64 } from "@/lib/tensorflow/backend/tensor_values.ts";

/** An operation of a graph: a node. */
export type Operation = Deno.PointerObject;

/** One tensor of a graph: which output of which operation. */
export interface Output {
  readonly operation: Operation;
  /** As C has it, a TF_Output. */
  readonly bytes: Uint8Array<ArrayBuffer>;
}

export interface OutputDescription {
  readonly dtype: DataType;
  /** Undefined where TensorFlow cannot infer it whole. */
  readonly shape: number[] | undefined;
}

export interface OperationOptions {
  readonly op: string;
  readonly attributes: readonly Attribute[];
  readonly inputs: readonly Output[];
  /** What must be done before. */
  readonly controlInputs?: Iterable<Operation>;
}

export interface FunctionOptions {
  readonly name: string;
  readonly inputs: readonly Output[];
  readonly outputs: readonly Output[];
  /** What a call carries out, also where no output needs it. */
  readonly controlOutputs: readonly Operation[];
}

/** A TensorFlow graph that grows by operations and becomes a function. */
export class Graph implements Disposable {
  readonly #symbols: Symbols;
  readonly #status: Status;
  readonly #graph: Deno.PointerValue;
  #operationCount = 0;

  constructor(symbols: Symbols) {
    this.#symbols = symbols;
    this.#status = new Status(symbols);
    this.#graph = symbols.TF_NewGraph();
  }

  /** Throws a TensorFlowError that names the op where its inputs or attributes do not fit. */
  add({ op, attributes, inputs, controlInputs = [] }: OperationOptions): Operation {
    const symbols = this.#symbols;
    const name = new TextEncoder().encode(`${op}_${this.#operationCount++}\0`);
    const description = symbols.TF_NewOperation(this.#graph, cName(op), name);
    this.#addInputs(description, op, inputs);
    for (const operation of controlInputs) symbols.TF_AddControlInput(description, operation);
    for (const attribute of attributes) {
      setAttribute(symbols.TF_SetAttrValueProto, description, attribute, this.#status);
    }
    return this.#finish(description, op);
  }

  /** Something that a call of the function gives. */
  addPlaceholder(type: DataType, shape: readonly number[]): Output {
    const attributes = [
      { name: "dtype", type: attributeTypes.type, value: type },
      { name: "shape", type: attributeTypes.shape, value: shape, isList: false },
    ];
    return outputOf(this.add({ op: "Placeholder", attributes, inputs: [] }), 0);
  }

  addConstant(host: HostTensor): Output {
    const symbols = this.#symbols;
    const tensor = newTensor(symbols, host);
    try {
      const name = new TextEncoder().encode(`Const_${this.#operationCount++}\0`);
      const description = symbols.TF_NewOperation(this.#graph, cName("Const"), name);
      symbols.TF_SetAttrTensor(description, cName("value"), tensor, this.#status.pointer);
      symbols.TF_SetAttrType(description, cName("dtype"), host.type);
      return outputOf(this.#finish(description, "Const"), 0);
    } finally {
      symbols.TF_DeleteTensor(tensor);
    }
  }

  outputCount(operation: Operation): number {
    return this.#symbols.TF_OperationNumOutputs(operation);
  }

  describe({ bytes }: Output): OutputDescription {
    const symbols = this.#symbols;
    const status = this.#status;
    const dtype = symbols.TF_OperationOutputType(bytes);
    const rank = symbols.TF_GraphGetTensorNumDims(this.#graph, bytes, status.pointer);
    status.check("Infer a shape");
    if (rank < 0) return { dtype, shape: undefined };
    const sizes = new BigInt64Array(rank);
    symbols.TF_GraphGetTensorShape(this.#graph, bytes, sizes, rank, status.pointer);
    status.check("Infer a shape");
    return { dtype, shape: sizes.some((size) => size < 0n) ? undefined : Array.from(sizes, Number) };
  }

  /** Tells a shape that TensorFlow cannot infer. */
  setShape({ bytes }: Output, shape: readonly number[]): void {
    this.#symbols.TF_GraphSetTensorShape(this.#graph, bytes, toInt64(shape), shape.length, this.#status.pointer);
    this.#status.check("Set a shape");
  }

  definition(op: string): OpDefinition {
    let definition = definitions.get(op);
    if (!definition) {
      definition = readOpDefinition(this.#symbols, { graph: this.#graph, op, status: this.#status });
      definitions.set(op, definition);
    }
    return definition;
  }

  /** A new TF_Function of the whole graph. The caller deletes it. */
  toFunction({ name, inputs, outputs, controlOutputs }: FunctionOptions): Deno.PointerValue {
    const operations = BigUint64Array.from(controlOutputs, (operation) => Deno.UnsafePointer.value(operation));
    const [inputBytes, outputBytes] = [packed(inputs), packed(outputs)];
    const result = this.#symbols.TF_GraphToFunctionWithControlOutputs(
      this.#graph,
      cName(name),
      0, // the name as it is
      -1, // every operation
      null,
      inputs.length,
      inputBytes,
      outputs.length,
      outputBytes,
      null,
      operations.length,
      operations,
      null,
      null,
      null,
      this.#status.pointer,
    );
    this.#status.check(`Make a function of ${name}`);
    return result;
  }

  [Symbol.dispose](): void {
    this.#symbols.TF_DeleteGraph(this.#graph);
    this.#status.delete();
  }

  #addInputs(description: Deno.PointerValue, op: string, inputs: readonly Output[]): void {
    const symbols = this.#symbols;
    const declared = this.definition(op).inputs;
    const listCount = declared.filter(({ isList }) => isList).length;
    const listLength = (inputs.length - (declared.length - listCount)) / listCount;
    let next = 0;
    for (const { isList } of declared) {
      if (!isList) {
        const input = inputs[next++];
        if (!input) throw new RangeError(`${op} takes ${declared.length} inputs, found ${inputs.length}`);
        symbols.TF_AddInput(description, input.bytes);
        continue;
      }
      const list = inputs.slice(next, next + listLength);
      symbols.TF_AddInputList(description, packed(list), list.length);
      next += list.length;
    }
    if (next !== inputs.length) throw new RangeError(`${op} takes ${next} inputs, found ${inputs.length}`);
  }

  #finish(description: Deno.PointerValue, op: string): Operation {
    const operation = this.#symbols.TF_FinishOperation(description, this.#status.pointer);
    this.#status.check(op);
    return operation!;
  }
}

/** An op's definition does not depend on the graph. */
const definitions = new Map<string, OpDefinition>();

const OUTPUT_BYTES = 16; // sizeof(TF_Output)

export function outputOf(operation: Operation, index: number): Output {
  const bytes = new Uint8Array(new ArrayBuffer(OUTPUT_BYTES));
  const view = new DataView(bytes.buffer);
  view.setBigUint64(0, Deno.UnsafePointer.value(operation), true);
  view.setInt32(8, index, true);
  return { operation, bytes };
}

function packed(outputs: readonly Output[]): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(new ArrayBuffer(outputs.length * OUTPUT_BYTES));
  outputs.forEach((output, i) => bytes.set(output.bytes, i * OUTPUT_BYTES));
  return bytes;
}
