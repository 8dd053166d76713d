import * as tf from "@tensorflow/tfjs";
import { type Attribute, attributeTypes } from "@/lib/formats/attr_value.ts";
import { internals, toTensor } from "@/lib/tensorflow/backend/backend.ts";
import { cName, Status } from "@/lib/tensorflow/library/c_api.ts";
import { bytesField, concatBytes, varintField } from "@/lib/formats/protobuf.ts";
import { Recording, type TensorFunction } from "@/lib/tensorflow/compile/recording.ts";
import { flattenTensors, mapTensors, type Tensors } from "@/lib/tensorflow/backend/tensor_containers.ts";
import type { Precision } from "@/lib/tensorflow/compile/precision.ts";
import type { Capture } from "@/lib/tensorflow/compile/trace.ts";
import type { TracedVariable } from "@/lib/tensorflow/compile/traced_variables.ts";

export interface FunctionOptions {
  readonly name: string;
  readonly xla: boolean;
  readonly precision: Precision;
}

/** A function of TensorFlow's, for arguments of the shapes and types that it was traced with. */
export class TracedFunction implements Disposable {
  readonly #name: string;
  readonly #attributes: readonly Attribute[];
  readonly #variables: readonly TracedVariable[];
  readonly #captures: readonly Capture[];
  readonly #result: Tensors;
  readonly #resultCount: number;
  /** What was set in tfjs's optimizers when they were traced. */
  readonly #settings: ReadonlyMap<tf.Optimizer, string>;

  /** Throws what tracing throws, and an Error where the function does not do the same when it is traced again. */
  constructor(fn: TensorFunction, tensors: readonly Tensors[], { name, ...options }: FunctionOptions) {
    using first = new Recording(fn, tensors, options);
    using recording = new Recording(fn, tensors, { ...options, hints: first.hints });
    checkSame(first, recording);
    this.#name = `${name.replaceAll(/\W/g, "_")}_${functionCount++}`;
    this.#attributes = options.xla ? [optimized, mustCompile] : [optimized];
    addFunction(recording, this.#name);
    recording.keep();
    this.#variables = recording.variables;
    this.#captures = recording.captures;
    this.#result = recording.result;
    this.#resultCount = flattenTensors(recording.result).length;
    this.#settings = new Map(Array.from(recording.optimizers, (optimizer) => [optimizer, settingsOf(optimizer)]));
  }

  /** Whether a call would go on with what was set in an optimizer, such as its rate, before it was set anew. */
  get isStale(): boolean {
    return [...this.#settings].some(([optimizer, settings]) => settingsOf(optimizer) !== settings);
  }

  call(tensors: readonly Tensors[]): Tensors {
    if (tf.engine().isTapeOn()) {
      throw new Error(
        `Cannot take a gradient through the compiled ${this.#name}: take it inside of what is compiled`,
      );
    }
    const { executor, backend } = internals();
    const leaves = flattenTensors(tensors as Tensors[]);
    const copies = leaves.map((leaf) => leaf.clone()); // one may be a variable, which loses its content below
    const written = this.#variables.filter(({ written }) => written);
    const ids = [
      ...backend.getInputTensorIds(copies),
      ...this.#captures.map(({ id }) => id),
      ...backend.getInputTensorIds(this.#variables.map(({ buffer }) => buffer.handle)),
    ];
    for (const { buffer } of this.#variables) buffer.update();
    for (const { buffer } of written) buffer.release();
    let outputs: tf.Tensor[] = [];
    try {
      outputs = executor.execute(this.#name, this.#attributes, ids, this.#resultCount + written.length).map(toTensor);
    } finally {
      written.forEach(({ buffer }, i) => {
        const value = outputs[this.#resultCount + i];
        if (value) buffer.take(value);
        else buffer.restore();
      });
      tf.dispose(copies);
    }
    let next = 0;
    return mapTensors(this.#result, () => outputs[next++]!);
  }

  [Symbol.dispose](): void {
    const { symbols, context, executor } = internals();
    const status = new Status(symbols);
    symbols.TFE_ContextRemoveFunction(context.pointer, cName(this.#name), status.pointer);
    status.delete();
    for (const { id } of this.#captures) executor.delete(id);
    for (const { buffer } of this.#variables) buffer[Symbol.dispose]();
  }
}

let functionCount = 0;

function settingsOf(optimizer: tf.Optimizer): string {
  return JSON.stringify(optimizer.getConfig());
}

const OFF = 2;
/**
 * A serialized tensorflow.RewriterOptions: ops are joined, but nothing changes numbers, as (x + a) - a to x does, or what
 * NaN gives; and the optimizer of dependencies, which at times leaves a graph that others cannot read, stays away.
 */
const rewriting = concatBytes(
  varintField(3, OFF), // constant_folding
  varintField(7, OFF), // arithmetic_optimization
  varintField(8, OFF), // dependency_optimization
);
/** A serialized tensorflow.ConfigProto. Without one, TensorFlow leaves the graph as it is: no op joins another. */
const optimized: Attribute = {
  name: "config_proto",
  type: attributeTypes.string,
  value: concatBytes(bytesField(10, bytesField(10, rewriting))), // graph_options.rewrite_options
};
const mustCompile: Attribute = { name: "_XlaMustCompile", type: attributeTypes.bool, value: true };

function addFunction(recording: Recording, name: string): void {
  const { symbols, context } = internals();
  const status = new Status(symbols);
  const fn = recording.toFunction(name);
  try {
    symbols.TFE_ContextAddFunction(context.pointer, fn, status.pointer);
    status.check(`Compile ${name}`);
  } finally {
    symbols.TF_DeleteFunction(fn);
    status.delete();
  }
}

function checkSame(first: Recording, second: Recording): void {
  const length = Math.max(first.steps.length, second.steps.length);
  for (let i = 0; i < length; i++) {
    const [one, other] = [first.steps[i] ?? "nothing", second.steps[i] ?? "nothing"];
    if (one === other) continue;
    throw new Error(
      `what it does differs from call to call: traced twice, it did ${one}, then ${other}. ` +
        "What JavaScript computes anew, such as random numbers or a count of calls, has to come in a tensor",
    );
  }
}
