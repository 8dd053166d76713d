import * as tf from "@tensorflow/tfjs";
import { execute, internals, outsideTrace, toTensor } from "@/lib/tensorflow/backend/backend.ts";
import { dataTypes } from "@/lib/formats/data_types.ts";
import type { Output } from "@/lib/tensorflow/compile/graph.ts";
import type { TraceExecutor } from "@/lib/tensorflow/compile/trace.ts";
import { VariableBuffer } from "@/lib/tensorflow/ops/variable_buffer.ts";

/** A variable that a traced function reads or writes. */
export interface TracedVariable {
  readonly buffer: VariableBuffer;
  /** The graph's input that takes the buffer. */
  readonly input: Output;
  /** The variable's value afterwards; undefined where the function only reads it. */
  readonly written: Output | undefined;
}

/** Changes a variable's buffer by ops that take its handle, now or in the function that is being traced. */
export function changeInPlace(buffer: VariableBuffer, apply: (handle: tf.Tensor) => void): void {
  if (current) {
    current.change(buffer.variable, apply);
    return;
  }
  buffer.update();
  buffer.release();
  try {
    apply(buffer.handle);
  } finally {
    buffer.restore();
  }
}

let current: TracedVariables | undefined;

interface Entry {
  readonly buffer: VariableBuffer;
  readonly handle: tf.Tensor;
  /** The content that the buffer has: that of before the call, or what an op has left that changed it in place. */
  content: object;
}

/**
 * While a function is traced, every variable's content is a tensor of the graph: reading it reads the variable's
 * buffer, and assigning to it is seen at the end.
 */
export class TracedVariables implements Disposable {
  readonly #executor: TraceExecutor;
  readonly #entries = new Map<tf.Variable, Entry>();
  #isFinished = false;
  readonly #contents: { readonly variable: tf.Variable; readonly outside: tf.Tensor; readonly inside: object }[] = [];

  constructor(executor: TraceExecutor) {
    this.#executor = executor;
    const { backend } = internals();
    for (const variable of Object.values(tf.engine().registeredVariables)) {
      if (!backend.tensorMap.has(variable.dataId)) continue; // another backend's
      const outside = variable.clone();
      const { shape } = variable;
      const dtype = dataTypes[variable.dtype];
      const id = executor.readLater(dtype, () => this.#idOf(this.#entry(variable).handle));
      const inside = toTensor({ id, shape, dtype });
      variable.assign(inside);
      inside.dispose();
      this.#contents.push({ variable, outside, inside: variable.dataId });
    }
    current = this;
  }

  /** Changes a variable's buffer by ops that take its handle. */
  change(variable: tf.Variable, apply: (handle: tf.Tensor) => void): void {
    const entry = this.#entry(variable);
    this.#outputOf(variable); // read before: what took its content keeps it
    this.#write(variable, entry);
    apply(entry.handle);
    const [value] = execute("ReadVariableOp", { dtype: variable.dtype as "float32" }, [entry.handle], 1);
    variable.assign(value!);
    value!.dispose();
    entry.content = variable.dataId;
  }

  /** Writes into the buffers what was assigned. Gives all variables that the function used; the caller disposes them. */
  finish(): TracedVariable[] {
    const assigned = this.#contents.filter(({ variable, inside }) => {
      const { content } = this.#entries.get(variable) ?? { content: inside };
      return !variable.isDisposed && (variable.dataId !== inside || content !== inside);
    }).map(({ variable }) => variable);
    // all are read before one is written, as they may have each other's contents
    const written = new Map(assigned.map((variable) => [variable, this.#outputOf(variable)]));
    for (const variable of assigned) this.#write(variable, this.#entry(variable));
    this.#isFinished = true;
    return [...this.#entries].map(([variable, { buffer, handle }]) => ({
      buffer,
      input: this.#outputOf(handle),
      written: written.get(variable),
    }));
  }

  /** Gives the variables their contents of before. */
  [Symbol.dispose](): void {
    current = undefined;
    for (const { variable, outside } of this.#contents) {
      if (!variable.isDisposed) variable.assign(outside);
      outside.dispose();
    }
    for (const { buffer, handle } of this.#entries.values()) {
      handle.dispose();
      if (!this.#isFinished) outsideTrace(() => buffer[Symbol.dispose]());
    }
  }

  /** Writes into the buffer what was assigned since it was read or changed in place. */
  #write(variable: tf.Variable, { handle, content }: Entry): void {
    if (variable.dataId === content) return;
    const attributes = { dtype: variable.dtype as "float32", validate_shape: false };
    execute("AssignVariableOp", attributes, [handle, variable], 0);
  }

  #entry(variable: tf.Variable): Entry {
    let entry = this.#entries.get(variable);
    if (!entry) {
      const buffer = outsideTrace(() => VariableBuffer.of(variable));
      const handle = tf.keep(toTensor(this.#executor.addResourceInput(variable.shape)));
      const content = this.#contents.find((known) => known.variable === variable)?.inside ?? variable.dataId;
      this.#entries.set(variable, entry = { buffer, handle, content });
    }
    return entry;
  }

  #outputOf(tensor: tf.Tensor): Output {
    return this.#executor.outputOf(this.#idOf(tensor));
  }

  #idOf(tensor: tf.Tensor): number {
    return internals().backend.getInputTensorIds([tensor])[0]!;
  }
}
