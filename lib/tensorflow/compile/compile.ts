import * as tf from "@tensorflow/tfjs";
import { internals, isTracing } from "@/lib/tensorflow/backend/backend.ts";
import { dataTypeName } from "@/lib/formats/data_types.ts";
import { type TensorFunction, VariableMadeError } from "@/lib/tensorflow/compile/recording.ts";
import type { Precision } from "@/lib/tensorflow/compile/precision.ts";
import { flattenTensors, structureOf, type Tensors } from "@/lib/tensorflow/backend/tensor_containers.ts";
import { TracedFunction } from "@/lib/tensorflow/compile/traced_function.ts";

export interface CompileOptions {
  /** For messages; by default the function's own name. */
  readonly name?: string;
  /** Has XLA compile the graph for the processor: slow once, and faster then where small ops abound. */
  readonly xla?: boolean;
  /**
   * "bfloat16" has convolutions and their gradients compute in it, from and to variables, losses and all else in float32:
   * faster on processors with instructions for it. "float32" by default.
   */
  readonly precision?: Precision;
  /** Called with a sentence when, after the first time, the function is traced again. */
  readonly onRetrace?: (note: string) => void;
}

/** A compiled function. Whoever compiles it disposes it. */
export interface Compiled<Arguments extends readonly Tensors[], Result extends Tensors> extends Disposable {
  (...tensors: Arguments): Result;
  /** Traces so far. */
  readonly traceCount: number;
}

/**
 * Makes one TensorFlow graph of a function of tensors and tfjs variables, and gives a function that calls it: what
 * TensorFlow does between ops is done once, and it fuses and orders them as it likes.
 *
 * At the first call, and at the first with arguments of each other shape or type, the function runs once to be traced:
 * its ops are written down in place of being executed. What JavaScript sets in one of tfjs's own optimizers, such as
 * its rate, is written down with them, and the function is traced again at the first call after it has changed.
 * Variables are read and written by each call, as without `compile`; other tensors from outside are taken as they are
 * when the function is traced. `tf.tidy`, `tf.grad`, `tf.variableGrads`, `tf.layers` models and {@linkcode FusedAdam}
 * work inside it.
 *
 * What JavaScript computes, such as random numbers or a counter, would be the same in every call. So the function is
 * traced twice, and an Error says what differed. Values of tensors cannot be read inside, and arguments that are not
 * tensors are refused, by a TypeError, and so is a gradient through the compiled function, by an Error: it is taken
 * inside. A function that makes variables, as tfjs's own optimizers do in their first step, runs uncompiled once for
 * arguments of the same shapes; layers are built before. On other backends than "tensorflow" the function is called as
 * it is.
 */
export function compile<Arguments extends readonly Tensors[], Result extends Tensors>(
  fn: (...tensors: Arguments) => Result,
  options: CompileOptions = {},
): Compiled<Arguments, Result> {
  return new CompiledFunction(fn as unknown as TensorFunction, options).toFunction() as unknown as Compiled<
    Arguments,
    Result
  >;
}

class CompiledFunction {
  readonly #fn: TensorFunction;
  readonly #name: string;
  readonly #options: CompileOptions;
  /** By the shapes and types of the arguments. */
  readonly #traced = new Map<string, TracedFunction>();
  #traceCount = 0;
  /** Signatures that made variables in their first call. */
  readonly #hasRunUncompiled = new Set<string>();

  constructor(fn: TensorFunction, options: CompileOptions) {
    this.#fn = fn;
    this.#name = (options.name ?? fn.name) || "function";
    this.#options = options;
  }

  toFunction() {
    const call = (...tensors: Tensors[]) => this.#call(tensors);
    return Object.defineProperties(call, {
      traceCount: { get: () => this.#traceCount },
      [Symbol.dispose]: { value: () => this.#dispose() },
    });
  }

  #call(tensors: readonly Tensors[]): Tensors {
    if (tf.getBackend() !== "tensorflow" || isTracing()) return tf.tidy(() => this.#fn(...tensors));
    const signature = this.#signature(tensors);
    const kept = this.#traced.get(signature);
    const traced = kept && !kept.isStale ? kept : this.#trace(tensors, signature);
    return traced ? traced.call(tensors) : tf.tidy(() => this.#fn(...tensors));
  }

  #signature(tensors: readonly Tensors[]): string {
    try {
      const leaves = flattenTensors(tensors as Tensors[]).map(describe);
      return `${leaves.join(", ")} in ${structureOf(tensors as Tensors[])}`;
    } catch (error) {
      if (!(error instanceof TypeError)) throw error;
      throw new TypeError(`Cannot call the compiled ${this.#name}: ${error.message}`);
    }
  }

  /** Undefined where the function makes variables. */
  #trace(tensors: readonly Tensors[], signature: string): TracedFunction | undefined {
    const start = performance.now();
    const { xla = false, precision = "float32", onRetrace } = this.#options;
    let traced;
    try {
      traced = new TracedFunction(this.#fn, tensors, { name: this.#name, xla, precision });
    } catch (error) {
      if (error instanceof VariableMadeError && !this.#hasRunUncompiled.has(signature)) {
        this.#hasRunUncompiled.add(signature);
        return undefined;
      }
      if (error instanceof Error) error.message = `Cannot compile ${this.#name}: ${error.message}`;
      throw error;
    }
    const milliseconds = Math.round(performance.now() - start);
    if (this.#traceCount++ > 0) onRetrace?.(`Traced ${this.#name} again, for ${signature}, in ${milliseconds} ms`);
    this.#traced.get(signature)?.[Symbol.dispose]();
    this.#traced.set(signature, traced);
    return traced;
  }

  #dispose(): void {
    for (const traced of this.#traced.values()) traced[Symbol.dispose]();
    this.#traced.clear();
  }
}

/** Such as "float32 [16, 256, 256, 3]". */
function describe({ dataId, shape }: tf.Tensor): string {
  return `${dataTypeName(internals().backend.tensorMap.get(dataId).dtype)} [${shape.join(", ")}]`;
}
