import { type Attribute, attributeTypes } from "@/lib/formats/attr_value.ts";
import { type DataType, dataTypeName, dataTypes, type HostValues } from "@/lib/formats/data_types.ts";
import type { EagerExecutor, Executor, TensorMetadata } from "@/lib/tensorflow/backend/eager.ts";
import { type Graph, type Operation, type Output, outputOf } from "@/lib/tensorflow/compile/graph.ts";
import { narrowedInputs, type Precision, withNarrowType } from "@/lib/tensorflow/compile/precision.ts";

/** A tensor from outside that the graph takes as an input. */
export interface Capture {
  readonly output: Output;
  /** A number of the eager executor's that is this capture's own: the tensor may be disposed meanwhile. */
  readonly id: number;
}

/** What one trace of a function says for the next. Operations are counted as they came. */
export interface TraceHints {
  /** Which ones the graph could do without, such as the gradient of an image: nothing need wait for these. */
  readonly unused: ReadonlySet<number>;
  /** Which ones are done before anything begins that came after them; see `computeInOrder`. */
  readonly early: ReadonlySet<number>;
}

export interface TraceOptions {
  /** Hints of an earlier trace of the same function. */
  readonly hints?: TraceHints | undefined;
  /** What convolutions compute in; "float32" where it is left out. */
  readonly precision?: Precision | undefined;
  /** Whether XLA is to compile what is traced. */
  readonly xla?: boolean;
}

/** A tensor of the graph. */
interface Symbol {
  readonly output: Output;
  readonly dtype: DataType;
  readonly shape: number[];
  /** The resource that this is the value of, if it is one's. */
  readonly resource?: number;
}

/** In which order a resource, such as a variable's buffer, is used. */
interface ResourceOrder {
  lastWrite: Operation | undefined;
  /** What takes the value as it is since then. */
  readonly readers: Set<Operation>;
  /** The value's shape. */
  readonly shape: number[] | undefined;
}

/**
 * Writes ops down into a graph in place of executing them. Its tensors have negative numbers; those of the eager
 * executor become inputs of the graph. Ops that change a resource are ordered as they came, after all that took its
 * earlier value: so they find its buffer shared by nobody and change it in place.
 */
export class TraceExecutor implements Executor {
  readonly forXla: boolean;
  readonly #graph: Graph;
  readonly #eager: EagerExecutor;
  readonly #symbols = new Map<number, Symbol>();
  readonly #pending = new Map<number, () => Symbol>();
  readonly #captures = new Map<number, Capture>();
  readonly #resources = new Map<number, ResourceOrder>();
  readonly #effects = new Set<Operation>();
  /** What each operation takes, in the order they came. */
  readonly #sources = new Map<Operation, readonly Operation[]>();
  /** The tensors in bfloat16 of those that are there in it, or are also there in it. */
  readonly #narrow = new Map<number, number>();
  readonly #hints: TraceHints;
  readonly #early = new Set<Operation>();
  /** What all that comes now begins after. */
  #lastEarly: Operation | undefined;
  readonly #precision: Precision;
  readonly #steps: string[] = [];
  #nextId = -1;

  constructor(graph: Graph, eager: EagerExecutor, options: TraceOptions = {}) {
    const { hints = { unused: new Set(), early: new Set() }, precision = "float32", xla = false } = options;
    this.#graph = graph;
    this.#eager = eager;
    this.#hints = hints;
    this.#precision = precision;
    this.forXla = xla;
  }

  /** What came from outside, in the order of its first use. */
  get captures(): readonly Capture[] {
    return [...this.#captures.values()];
  }

  /** Operations that do more than compute their outputs. */
  get effects(): readonly Operation[] {
    return [...this.#effects];
  }

  /** For the next trace of the same, of which these outputs are wanted. */
  hintsFor(outputs: readonly Output[]): TraceHints {
    const used = this.#usedFor(outputs);
    const numbersOf = (isOne: (operation: Operation) => boolean) =>
      new Set([...this.#sources.keys()].flatMap((operation, i) => isOne(operation) ? [i] : []));
    return {
      unused: numbersOf((operation) => !used.has(operation)),
      early: numbersOf((operation) => this.#early.has(operation)),
    };
  }

  /** What these outputs or an effect need. */
  #usedFor(outputs: readonly Output[]): Set<Operation> {
    const used = new Set<Operation>();
    const pending = [...outputs.map(({ operation }) => operation), ...this.#effects];
    for (let operation = pending.pop(); operation; operation = pending.pop()) {
      if (used.has(operation)) continue;
      used.add(operation);
      pending.push(...this.#sources.get(operation) ?? []);
    }
    return used;
  }

  /** What was done, a line each: equal for two traces that did the same. */
  get steps(): readonly string[] {
    return this.#steps;
  }

  /** A new input of the graph. */
  addInput(dtype: DataType, shape: readonly number[]): TensorMetadata {
    return this.#keep({ output: this.#graph.addPlaceholder(dtype, shape), dtype, shape: [...shape] });
  }

  /** A new input of the graph: a resource that holds a value of this shape. */
  addResourceInput(shape: readonly number[]): TensorMetadata {
    const metadata = this.addInput(dataTypes.resource, []);
    this.#addResource(metadata.id, [...shape]);
    return metadata;
  }

  /** A number for a resource's value, which is read once something uses it. */
  readLater(dtype: DataType, resource: () => number): number {
    const id = this.#nextId--;
    this.#pending.set(id, () => {
      const attributes = [{ name: "dtype", type: attributeTypes.type, value: dtype }];
      return this.#symbols.get(this.execute(READ, attributes, [resource()], 1)[0]!.id)!;
    });
    return id;
  }

  /** The graph's tensor of a number. */
  outputOf(id: number): Output {
    return this.#symbol(id).output;
  }

  createTensor(shape: readonly number[], type: DataType, values: HostValues): number {
    const output = this.#graph.addConstant({ shape, type, values });
    this.#steps.push(`a constant ${dataTypeName(type)} [${shape}] ${summary(values)}`);
    return this.#keep({ output, dtype: type, shape: [...shape] }).id;
  }

  execute(
    op: string,
    attributes: readonly Attribute[],
    inputs: readonly number[],
    outputCount: number,
  ): TensorMetadata[] {
    const narrowed = this.#precision === "bfloat16" ? this.#narrowedInputs(op, inputs) : [];
    if (narrowed.length === 0) return this.#execute(op, attributes, inputs, outputCount);
    const taken = inputs.map((id, i) => narrowed.includes(i) ? this.#narrowOf(id) : id);
    return this.#execute(op, withNarrowType(attributes), taken, outputCount)
      .map((output) => output.dtype === dataTypes.bfloat16 ? this.#widenLater(output) : output);
  }

  #execute(
    op: string,
    attributes: readonly Attribute[],
    inputs: readonly number[],
    outputCount: number,
  ): TensorMetadata[] {
    const symbols = inputs.map((id) => this.#symbol(id));
    this.#steps.push(`${op}(${inputs}) ${attributes.map(describe).join(" ")}`);
    const operation = this.#graph.add({
      op,
      attributes,
      inputs: symbols.map(({ output }) => output),
      controlInputs: this.#predecessors(op, inputs),
    });
    const index = this.#sources.size;
    const isUnused = this.#hints.unused.has(index);
    if (this.#hints.early.has(index)) this.#lastEarly = operation;
    this.#sources.set(operation, symbols.map(({ output }) => output.operation));
    if (!isUnused) this.#note(operation, op, inputs);
    const found = this.#graph.outputCount(operation);
    if (found !== outputCount) throw new RangeError(`${op} has ${found} outputs, ${outputCount} were expected`);
    return Array.from({ length: outputCount }, (_, i) => this.#newSymbol(operation, { op, index: i, inputs }));
  }

  #narrowedInputs(op: string, inputs: readonly number[]): readonly number[] {
    return narrowedInputs(op, inputs.map((id) => ({ shape: this.#shapeOf(id), isNarrow: this.#narrow.has(id) })));
  }

  /** Shape of a tensor that may not be there yet in float32. */
  #shapeOf(id: number): readonly number[] {
    return this.#symbol(this.#narrow.get(id) ?? id).shape;
  }

  #narrowOf(id: number): number {
    return this.#narrow.getOrInsertComputed(id, () => this.#cast(id, dataTypes.bfloat16).id);
  }

  /** A tensor in float32 for whoever asks for it, made once it is needed. */
  #widenLater({ id: narrow, shape }: TensorMetadata): TensorMetadata {
    const id = this.#nextId--;
    this.#pending.set(id, () => this.#symbols.get(this.#cast(narrow, dataTypes.float32).id)!);
    this.#narrow.set(id, narrow);
    return { id, shape, dtype: dataTypes.float32 };
  }

  #cast(id: number, type: DataType): TensorMetadata {
    const attributes = [{ name: "DstT", type: attributeTypes.type, value: type }];
    return this.#execute("Cast", attributes, [id], 1)[0]!;
  }

  computeInOrder(ids: readonly number[]): void {
    for (const id of ids) this.#early.add(this.#symbol(id).output.operation);
    this.#lastEarly = undefined; // these have come
  }

  read(): HostValues {
    throw new TypeError(
      "it reads a tensor's values, and there are none until the function is called",
    );
  }

  /** The graph keeps what it has. */
  delete(id: number): void {
    if (id >= 0) this.#eager.delete(id);
  }

  #newSymbol(
    operation: Operation,
    { op, index, inputs }: { readonly op: string; readonly index: number; readonly inputs: readonly number[] },
  ): TensorMetadata {
    const output = outputOf(operation, index);
    const { dtype, shape } = this.#graph.describe(output);
    const resource = op === READ ? inputs[0]! : undefined;
    const known = shape ?? (resource === undefined ? undefined : this.#resources.get(resource)?.shape);
    if (!shape && known) this.#graph.setShape(output, known);
    const settled = known ?? (opaqueOutputs.get(op) === index ? [0] : undefined);
    if (!settled) throw new TypeError(`the shape of what ${op} gives depends on values`);
    const metadata = this.#keep({ output, dtype, shape: settled, ...(resource === undefined ? {} : { resource }) });
    if (dtype === dataTypes.resource) this.#addResource(metadata.id, undefined);
    return metadata;
  }

  /** What must be done before an op that takes these: what is early; and of resources that it changes, all earlier uses. */
  #predecessors(op: string, inputs: readonly number[]): Set<Operation> {
    const before = new Set<Operation>(this.#lastEarly ? [this.#lastEarly] : []);
    for (const id of inputs) {
      const order = this.#resources.get(id);
      if (!order) continue;
      if (order.lastWrite) before.add(order.lastWrite);
      if (op !== READ) { for (const reader of order.readers) before.add(reader); }
    }
    return before;
  }

  #note(operation: Operation, op: string, inputs: readonly number[]): void {
    let writes = false;
    for (const id of inputs) {
      const value = this.#symbols.get(id)?.resource;
      if (value !== undefined) this.#resources.get(value)!.readers.add(operation);
      const order = this.#resources.get(id);
      if (!order) continue;
      if (op === READ) order.readers.add(operation);
      else {
        writes = true;
        order.lastWrite = operation;
        order.readers.clear();
      }
    }
    if (writes || (op !== READ && this.#graph.definition(op).isStateful)) this.#effects.add(operation);
  }

  #symbol(id: number): Symbol {
    const make = this.#pending.get(id);
    if (make) {
      this.#pending.delete(id);
      this.#symbols.set(id, make());
    }
    const symbol = this.#symbols.get(id) ?? (id >= 0 ? this.#capture(id) : undefined);
    if (symbol) return symbol;
    throw new RangeError("There is no such tensor in this function: it was made while another one was compiled");
  }

  #capture(id: number): Symbol {
    const { dtype, shape } = this.#eager.describe(id);
    const output = this.#graph.addPlaceholder(dtype, shape);
    this.#captures.set(id, { output, id: this.#eager.share(id) });
    const symbol = { output, dtype, shape };
    this.#symbols.set(id, symbol);
    if (dtype === dataTypes.resource) this.#addResource(id, undefined);
    return symbol;
  }

  #keep(symbol: Symbol): TensorMetadata {
    const id = this.#nextId--;
    this.#symbols.set(id, symbol);
    return { id, shape: symbol.shape, dtype: symbol.dtype };
  }

  #addResource(id: number, shape: number[] | undefined): void {
    this.#resources.set(id, { lastWrite: undefined, readers: new Set(), shape });
  }
}

const READ = "ReadVariableOp";

/** Outputs that only their op's gradient understands; TensorFlow infers no shape for them. */
const opaqueOutputs = new Map([["FusedBatchNormV3", 5]]);

function describe({ name, type, value }: Attribute): string {
  // an op that draws random numbers goes on from its seed at each call, whichever seed it was given
  const isSeed = type === attributeTypes.int && (name === "seed" || name === "seed2");
  return `${name}=${isSeed ? "any" : String(value)}`;
}

const SHOWN = 4;

/** The first values, and a number that depends on all (FNV-1a, 32 bits). */
function summary(values: HostValues): string {
  let hash = 0x811c9dc5;
  for (const part of ArrayBuffer.isView(values) ? [values] : values) {
    const bytes = new Uint8Array(part.buffer, part.byteOffset, part.byteLength);
    for (let i = 0; i < bytes.length; i++) hash = Math.imul(hash ^ bytes[i]!, 0x01000193);
  }
  return `${Array.from(values.slice(0, SHOWN) as ArrayLike<unknown>)} #${hash >>> 0}`;
}
