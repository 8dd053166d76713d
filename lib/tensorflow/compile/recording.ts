import * as tf from "@tensorflow/tfjs";
import { internals, toTensor } from "@/lib/tensorflow/backend/backend.ts";
import { Graph, type Output } from "@/lib/tensorflow/compile/graph.ts";
import { flattenTensors, mapTensors, type Tensors } from "@/lib/tensorflow/backend/tensor_containers.ts";
import { type Capture, TraceExecutor, type TraceHints, type TraceOptions } from "@/lib/tensorflow/compile/trace.ts";
import { type TracedVariable, TracedVariables } from "@/lib/tensorflow/compile/traced_variables.ts";

export type TensorFunction = (...tensors: readonly Tensors[]) => Tensors;

/** A function that is traced makes a variable: that can only be done outside. */
export class VariableMadeError extends Error {}

/** What a function does with its arguments, as a graph. */
export class Recording implements Disposable {
  /** A line for each op and constant. */
  readonly steps: readonly string[];
  /** What the graph takes besides the arguments, in this order: other tensors, and variables. */
  readonly captures: readonly Capture[];
  readonly variables: readonly TracedVariable[];
  /** What the function gave; its tensors are good for their shapes and types only. */
  readonly result: Tensors;
  /** tfjs's own optimizers that the function used: what is set in them is part of the graph. */
  readonly optimizers: ReadonlySet<tf.Optimizer>;
  /** For another recording of the same. */
  readonly hints: TraceHints;
  readonly #executor: TraceExecutor;
  readonly #graph: Graph;
  readonly #inputs: readonly Output[];
  readonly #outputs: readonly Output[];
  #isKept = false;

  /**
   * Throws a VariableMadeError, a TypeError where something cannot be written down, or what the function throws.
   *
   * @param options.hints of an earlier recording of the same: what changes a variable then does not wait for operations
   * that are not used, and TensorFlow leaves them out
   */
  constructor(fn: TensorFunction, tensors: readonly Tensors[], options: TraceOptions = {}) {
    const { symbols, executor, binding } = internals();
    this.#graph = new Graph(symbols);
    this.#executor = new TraceExecutor(this.#graph, executor, options);
    binding.executor = this.#executor;
    try {
      const recorded = this.#record(fn, tensors);
      this.variables = recorded.variables;
      this.result = recorded.result;
      this.optimizers = recorded.optimizers;
      this.steps = this.#executor.steps;
      this.captures = this.#executor.captures;
      this.#inputs = [...recorded.inputs, ...this.captures.map(({ output }) => output), ...recorded.handles];
      this.#outputs = recorded.outputs;
      this.hints = this.#executor.hintsFor(recorded.outputs);
    } catch (error) {
      for (const { id } of this.#executor.captures) executor.delete(id);
      this.#graph[Symbol.dispose]();
      throw error;
    } finally {
      binding.executor = executor;
    }
  }

  /** A new TF_Function of this name. The caller deletes it. */
  toFunction(name: string): Deno.PointerValue {
    const controlOutputs = this.#executor.effects;
    return this.#graph.toFunction({ name, inputs: this.#inputs, outputs: this.#outputs, controlOutputs });
  }

  /** From now on captures and variables are the caller's. */
  keep(): void {
    this.#isKept = true;
  }

  [Symbol.dispose](): void {
    this.#graph[Symbol.dispose]();
    if (this.#isKept) return;
    const { executor } = internals();
    for (const { id } of this.captures) executor.delete(id);
    for (const { buffer } of this.variables) buffer[Symbol.dispose]();
  }

  #record(fn: TensorFunction, tensors: readonly Tensors[]) {
    const executor = this.#executor;
    using _tidy = tidying();
    using traced = new TracedVariables(executor);
    using _none = withoutNewVariables();
    using noting = notingOptimizers();
    const inputs: Output[] = [];
    const parameters = mapTensors(tensors as Tensors[], (tensor) => {
      const metadata = executor.addInput(typeOf(tensor), tensor.shape);
      inputs.push(executor.outputOf(metadata.id));
      return toTensor(metadata);
    }) as Tensors[];
    const result = fn(...parameters);
    const outputs = flattenTensors(result)
      .map((tensor) => executor.outputOf(internals().backend.getInputTensorIds([tensor])[0]!));
    const variables = traced.finish();
    for (const { written } of variables) if (written) outputs.push(written);
    return {
      inputs,
      outputs,
      handles: variables.map(({ input }) => input),
      variables,
      result,
      optimizers: noting.optimizers,
    };
  }
}

/** As `tf.tidy`, whose function could give tensors only: disposes those made until it is disposed itself. */
function tidying(): Disposable {
  tf.engine().startScope();
  return { [Symbol.dispose]: () => tf.engine().endScope() };
}

function typeOf(tensor: tf.Tensor): number {
  return internals().backend.tensorMap.get(tensor.dataId).dtype;
}

function withoutNewVariables(): Disposable {
  const engine = tf.engine() as { makeVariable?: unknown };
  engine.makeVariable = () => {
    throw new VariableMadeError("A function that is traced makes a variable");
  };
  return { [Symbol.dispose]: () => delete engine.makeVariable }; // the class's own is left
}

const optimizerClasses: readonly { readonly prototype: tf.Optimizer }[] = [
  tf.SGDOptimizer,
  tf.MomentumOptimizer,
  tf.RMSPropOptimizer,
  tf.AdagradOptimizer,
  tf.AdadeltaOptimizer,
  tf.AdamOptimizer,
  tf.AdamaxOptimizer,
];

/** Collects, until it is disposed, which of tfjs's own optimizers apply gradients. */
function notingOptimizers(): Disposable & { readonly optimizers: ReadonlySet<tf.Optimizer> } {
  const optimizers = new Set<tf.Optimizer>();
  const originals = optimizerClasses.map(({ prototype }) => {
    const { applyGradients } = prototype;
    prototype.applyGradients = function (gradients) {
      optimizers.add(this);
      applyGradients.call(this, gradients);
    };
    return () => prototype.applyGradients = applyGradients;
  });
  return { optimizers, [Symbol.dispose]: () => originals.forEach((restore) => restore()) };
}
