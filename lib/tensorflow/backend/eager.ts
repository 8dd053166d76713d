import { type Attribute, type AttributeType, attributeTypes } from "@/lib/formats/attr_value.ts";
import { setAttribute } from "@/lib/tensorflow/backend/attributes.ts";
import { cName, Status } from "@/lib/tensorflow/library/c_api.ts";
import type { Symbols } from "@/lib/tensorflow/library/c_symbols.ts";
import type { Context } from "@/lib/tensorflow/backend/context.ts";
import { type DataType, dataTypeName, dataTypes, type HostValues, tfjsType } from "@/lib/formats/data_types.ts";
import { isReadable, newTensor, readTensor, valuesInPlace } from "@/lib/tensorflow/backend/tensor_values.ts";

/** What is known of a tensor without reading it. */
export interface TensorMetadata {
  /** The executor's number for it. */
  readonly id: number;
  readonly shape: number[];
  readonly dtype: DataType;
}

/** Carries out ops: at once, one by one, or by writing them down into a graph. Tensors go by their numbers. */
export interface Executor {
  /** Whether XLA compiles what is written down: it knows fewer ops. */
  readonly forXla: boolean;
  createTensor(shape: readonly number[], type: DataType, values: HostValues): number;
  execute(
    op: string,
    attributes: readonly Attribute[],
    inputs: readonly number[],
    outputCount: number,
  ): TensorMetadata[];
  /** Has each of these be there before anything begins that came after it, also what does not need it. */
  computeInOrder(ids: readonly number[]): void;
  read(id: number): HostValues;
  delete(id: number): void;
}

/** Executes each op at once. Owns the tensors' handles. */
export class EagerExecutor implements Executor {
  readonly forXla = false;
  readonly #symbols: Symbols;
  readonly #context: Context;
  readonly #status: Status;
  readonly #handles = new Map<number, Deno.PointerValue>();
  readonly #attributeTypes = new Map<string, Map<string, Pick<Attribute, "type" | "isList">>>();
  #nextId = 0;
  /** What TFE_Execute fills: the addresses of the outputs' handles, and how many. */
  #outputs = new BigUint64Array(64);
  readonly #outputCount = new Int32Array(1);

  constructor(symbols: Symbols, context: Context) {
    this.#symbols = symbols;
    this.#context = context;
    this.#status = new Status(symbols);
  }

  /** How many tensors there are. */
  get handleCount(): number {
    return this.#handles.size;
  }

  createTensor(shape: readonly number[], type: DataType, values: HostValues): number {
    const symbols = this.#symbols;
    const tensor = newTensor(symbols, { shape, type, values });
    try {
      const handle = symbols.TFE_NewTensorHandle(tensor, this.#status.pointer); // shares the tensor's buffer
      this.#status.check("New tensor");
      // kernels on a GPU want int32, mostly sizes and axes, in the host's memory
      const isDone = type !== dataTypes.string && (!this.#context.usesGpu || type === dataTypes.int32);
      return this.#keep(isDone ? handle : this.#moved(handle, type));
    } finally {
      symbols.TF_DeleteTensor(tensor);
    }
  }

  execute(
    op: string,
    attributes: readonly Attribute[],
    inputs: readonly number[],
    outputCount: number,
  ): TensorMetadata[] {
    const handles = inputs.map((id) => this.#handle(id));
    this.#run(op, attributes, handles, outputCount);
    const outputs: TensorMetadata[] = [];
    for (let i = 0; i < outputCount; i++) {
      const handle = Deno.UnsafePointer.create(this.#outputs[i]!);
      const { shape, dtype } = this.#metadata(handle);
      outputs.push({ id: this.#keep(handle), shape, dtype });
    }
    return outputs;
  }

  computeInOrder(): void {} // they are there

  read(id: number): HostValues {
    const handle = this.#handle(id);
    const type = this.#symbols.TFE_TensorHandleDataType(handle);
    if (isReadable(type)) return this.#resolve(handle, type);
    if (type === dataTypes.resource || type === dataTypes.variant) {
      throw new TypeError(`Cannot read a ${dataTypeName(type)} tensor: only TensorFlow's ops know what is in it`);
    }
    const readable = dataTypes[tfjsType(type)];
    const cast = this.#runForOne("Cast", [
      { name: "SrcT", type: attributeTypes.type, value: type },
      { name: "DstT", type: attributeTypes.type, value: readable },
    ], handle);
    try {
      return this.#resolve(cast, readable);
    } finally {
      this.#symbols.TFE_DeleteTensorHandle(cast);
    }
  }

  /** Lends a float32 tensor's values where they lie: they are gone when `use` returns. */
  lend<T>(id: number, use: (values: Float32Array) => T): T {
    const symbols = this.#symbols;
    const handle = this.#handle(id);
    const type = symbols.TFE_TensorHandleDataType(handle);
    if (type !== dataTypes.float32) {
      throw new TypeError(`Cannot lend a ${dataTypeName(type)} tensor: float32 is wanted`);
    }
    const tensor = symbols.TFE_TensorHandleResolve(handle, this.#status.pointer);
    this.#status.check("Read a tensor");
    try {
      return use(valuesInPlace(symbols, tensor));
    } finally {
      symbols.TF_DeleteTensor(tensor);
    }
  }

  delete(id: number): void {
    this.#symbols.TFE_DeleteTensorHandle(this.#handle(id));
    this.#handles.delete(id);
  }

  /** Another number for the same tensor: it stays when the first is deleted. */
  share(id: number): number {
    const handle = this.#symbols.TFE_TensorHandleCopySharingTensor(this.#handle(id), this.#status.pointer);
    this.#status.check("Share a tensor");
    return this.#keep(handle);
  }

  describe(id: number): TensorMetadata {
    const handle = this.#handle(id);
    return { id, ...this.#metadata(handle) };
  }

  /** How TensorFlow defines this attribute of the op. Throws a TensorFlowError where there is none such. */
  attributeType(op: string, attribute: string): Pick<Attribute, "type" | "isList"> {
    let known = this.#attributeTypes.get(op);
    if (!known) this.#attributeTypes.set(op, known = new Map());
    let type = known.get(attribute);
    if (!type) known.set(attribute, type = this.#queryAttribute(op, attribute));
    return type;
  }

  #queryAttribute(op: string, attribute: string): { type: AttributeType; isList: boolean } {
    const symbols = this.#symbols;
    const status = this.#status;
    const query = symbols.TFE_NewOp(this.#context.pointer, cName(op), status.pointer);
    try {
      status.check(op);
      const isList = new Uint8Array(1);
      const type = symbols.TFE_OpGetAttrType(query, cName(attribute), isList, status.pointer);
      status.check(op);
      return { type, isList: isList[0] !== 0 };
    } finally {
      symbols.TFE_DeleteOp(query);
    }
  }

  /** Deletes the handle and gives a new one: of numbers on the device, of strings in memory of TensorFlow's own. */
  #moved(handle: Deno.PointerValue, type: DataType): Deno.PointerValue {
    const symbols = this.#symbols;
    try {
      // a tensor made from outside only frees its strings if nothing shares them when it is deleted
      if (type === dataTypes.string) return this.#runForOne("DeepCopy", [], handle);
      const { pointer, device } = this.#context;
      const copy = symbols.TFE_TensorHandleCopyToDevice(handle, pointer, cName(device), this.#status.pointer);
      this.#status.check(`Copy a tensor to ${device}`);
      return copy;
    } finally {
      symbols.TFE_DeleteTensorHandle(handle);
    }
  }

  #resolve(handle: Deno.PointerValue, type: DataType): HostValues {
    const tensor = this.#symbols.TFE_TensorHandleResolve(handle, this.#status.pointer);
    this.#status.check("Read a tensor");
    try {
      return readTensor(this.#symbols, tensor, type);
    } finally {
      this.#symbols.TF_DeleteTensor(tensor);
    }
  }

  #runForOne(name: string, attributes: readonly Attribute[], input: Deno.PointerValue): Deno.PointerValue {
    this.#run(name, attributes, [input], 1);
    return Deno.UnsafePointer.create(this.#outputs[0]!);
  }

  /** Leaves the outputs' handles in #outputs. */
  #run(
    name: string,
    attributes: readonly Attribute[],
    inputs: readonly Deno.PointerValue[],
    outputCount: number,
  ): void {
    const symbols = this.#symbols;
    const status = this.#status;
    if (outputCount > this.#outputs.length) this.#outputs = new BigUint64Array(outputCount);
    const op = symbols.TFE_NewOp(this.#context.pointer, cName(name), status.pointer);
    try {
      status.check(name);
      for (let i = 0; i < inputs.length; i++) {
        symbols.TFE_OpAddInput(op, inputs[i]!, status.pointer);
        status.check(name);
      }
      for (let i = 0; i < attributes.length; i++) {
        setAttribute(symbols.TFE_OpSetAttrValueProto, op, attributes[i]!, status);
        status.check(name);
      }
      this.#outputCount[0] = outputCount;
      symbols.TFE_Execute(op, this.#outputs, this.#outputCount, status.pointer);
      status.check(name);
      if (this.#outputCount[0] !== outputCount) {
        for (let i = 0; i < this.#outputCount[0]!; i++) {
          symbols.TFE_DeleteTensorHandle(Deno.UnsafePointer.create(this.#outputs[i]!));
        }
        throw new RangeError(`${name} has ${this.#outputCount[0]} outputs, ${outputCount} were expected`);
      }
    } finally {
      symbols.TFE_DeleteOp(op);
    }
  }

  #metadata(handle: Deno.PointerValue): Omit<TensorMetadata, "id"> {
    const symbols = this.#symbols;
    const status = this.#status.pointer;
    const rank = symbols.TFE_TensorHandleNumDims(handle, status);
    const shape: number[] = [];
    for (let axis = 0; axis < rank; axis++) shape.push(Number(symbols.TFE_TensorHandleDim(handle, axis, status)));
    return { shape, dtype: symbols.TFE_TensorHandleDataType(handle) };
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
