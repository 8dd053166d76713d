import { type Attribute, type AttributeKind, setAttribute, toInt64 } from "./attributes.ts";
import { cName, Status, type Symbols } from "./c_api.ts";
import { type DataType, dataTypes } from "./data_types.ts";
import { allocateTensor, type HostValues, readTensor } from "./tensor_values.ts";

/** What is known of a tensor without reading it. */
export interface TensorMetadata {
  readonly id: number;
  readonly shape: number[];
  readonly dtype: DataType;
}

/** Where tfjs's kernels are carried out: at once, op by op, or written down into a graph. */
export interface Executor {
  createTensor(shape: readonly number[], type: DataType, values: HostValues): number;
  execute(
    op: string,
    attributes: readonly Attribute[],
    inputs: readonly number[],
    outputCount: number,
  ): TensorMetadata[];
  read(id: number): HostValues;
  delete(id: number): void;
}

export interface EagerOptions {
  readonly symbols: Symbols;
  readonly context: Deno.PointerValue;
  /** Where tensors made from host values go. */
  readonly device: string;
}

/** Executes each op at once. Owns the handles of all tensors. */
export class EagerExecutor implements Executor {
  readonly #symbols: Symbols;
  readonly #context: Deno.PointerValue;
  readonly #device: string;
  readonly #status: Status;
  readonly #handles = new Map<number, Deno.PointerValue>();
  readonly #attributeKinds = new Map<string, AttributeKind>();
  #nextId = 0;
  /** The TFE_TensorHandle* that TFE_Execute gives, and how many. */
  #results = new BigUint64Array(64);
  readonly #resultCount = new Int32Array(1);

  constructor({ symbols, context, device }: EagerOptions) {
    this.#symbols = symbols;
    this.#context = context;
    this.#device = device;
    this.#status = new Status(symbols);
  }

  get handleCount(): number {
    return this.#handles.size;
  }

  createTensor(shape: readonly number[], type: DataType, values: HostValues): number {
    const symbols = this.#symbols;
    const tensor = allocateTensor(symbols, { shape: toInt64(shape), type, values });
    const handle = symbols.TFE_NewTensorHandle(tensor, this.#status.pointer);
    symbols.TF_DeleteTensor(tensor);
    this.#status.check("New tensor");
    return this.#keep(handle);
  }

  execute(
    name: string,
    attributes: readonly Attribute[],
    inputs: readonly number[],
    outputCount: number,
  ): TensorMetadata[] {
    const symbols = this.#symbols;
    const status = this.#status;
    const op = symbols.TFE_NewOp(this.#context, cName(name), status.pointer);
    status.check(name);
    try {
      for (let i = 0; i < inputs.length; i++) {
        symbols.TFE_OpAddInput(op, this.#handle(inputs[i]!), status.pointer);
        status.check(name);
      }
      for (let i = 0; i < attributes.length; i++) setAttribute(symbols, op, attributes[i]!, status);
      if (outputCount > this.#results.length) this.#results = new BigUint64Array(outputCount);
      this.#resultCount[0] = outputCount;
      symbols.TFE_Execute(op, this.#results, this.#resultCount, status.pointer);
      status.check(name);
    } finally {
      symbols.TFE_DeleteOp(op);
    }
    const outputs: TensorMetadata[] = [];
    for (let i = 0; i < outputCount; i++) outputs.push(this.#describe(Deno.UnsafePointer.create(this.#results[i]!)));
    return outputs;
  }

  read(id: number): HostValues {
    const symbols = this.#symbols;
    const tensor = symbols.TFE_TensorHandleResolve(this.#handle(id), this.#status.pointer);
    this.#status.check("Read tensor");
    try {
      return readTensor(symbols, tensor, symbols.TFE_TensorHandleDataType(this.#handle(id)));
    } finally {
      symbols.TF_DeleteTensor(tensor);
    }
  }

  delete(id: number): void {
    this.#symbols.TFE_DeleteTensorHandle(this.#handle(id));
    this.#handles.delete(id);
  }

  /** What kind of attribute this is, as TensorFlow defines the op. Throws a TensorFlowError where it has none such. */
  attributeKind(op: string, attribute: string): AttributeKind {
    const key = `${op}.${attribute}`;
    let kind = this.#attributeKinds.get(key);
    if (kind === undefined) {
      const symbols = this.#symbols;
      const isList = new Uint8Array(1);
      const query = symbols.TFE_NewOp(this.#context, cName(op), this.#status.pointer);
      this.#status.check(op);
      kind = symbols.TFE_OpGetAttrType(query, cName(attribute), isList, this.#status.pointer);
      symbols.TFE_DeleteOp(query);
      this.#status.check(op);
      this.#attributeKinds.set(key, kind);
    }
    return kind;
  }

  #describe(handle: Deno.PointerValue): TensorMetadata {
    const symbols = this.#symbols;
    const status = this.#status.pointer;
    const rank = symbols.TFE_TensorHandleNumDims(handle, status);
    const shape: number[] = [];
    for (let axis = 0; axis < rank; axis++) shape.push(Number(symbols.TFE_TensorHandleDim(handle, axis, status)));
    return { id: this.#keep(handle), shape, dtype: symbols.TFE_TensorHandleDataType(handle) };
  }

  #keep(handle: Deno.PointerValue): number {
    this.#handles.set(this.#nextId, handle);
    return this.#nextId++;
  }

  #handle(id: number): Deno.PointerValue {
    const handle = this.#handles.get(id);
    if (!handle) throw new RangeError(`There is no tensor ${id}: it was disposed`);
    return handle;
  }
}
