import type { InferenceSession, InferenceSessionFactory, TensorConstructor } from "onnxruntime-common";

/** What onnxruntime-node and onnxruntime-web have in common: either of them is one. */
export interface OnnxRuntime {
  readonly InferenceSession: InferenceSessionFactory;
  readonly Tensor: TensorConstructor;
}

/** An array and its shape. */
export interface OnnxArray<A extends Uint8Array | Float32Array = Uint8Array | Float32Array> {
  readonly data: A;
  readonly shape: readonly number[];
}

/** A network that ONNX Runtime runs. */
export class OnnxSession implements AsyncDisposable {
  readonly #runtime: OnnxRuntime;
  readonly #session: InferenceSession;

  private constructor(runtime: OnnxRuntime, session: InferenceSession) {
    this.#runtime = runtime;
    this.#session = session;
  }

  /** Throws the runtime's error where the bytes are no model that it can run. */
  static async open(
    runtime: OnnxRuntime,
    model: Uint8Array,
    options: InferenceSession.SessionOptions = {},
  ): Promise<OnnxSession> {
    return new OnnxSession(runtime, await runtime.InferenceSession.create(model, options));
  }

  /** Shape of the first input, with names in place of lengths that may be any; undefined where the runtime does not say. */
  get inputShape(): readonly (number | string)[] | undefined {
    const first = this.#session.inputMetadata[0];
    return first?.isTensor ? first.shape : undefined;
  }

  /** All outputs, by name; they are the caller's. */
  async run(inputs: Readonly<Record<string, OnnxArray>>): Promise<Record<string, OnnxArray<Float32Array>>> {
    const { Tensor } = this.#runtime;
    const feeds = Object.fromEntries(
      Object.entries(inputs).map(([name, { data, shape }]) => [
        name,
        data instanceof Uint8Array ? new Tensor("uint8", data, shape) : new Tensor("float32", data, shape),
      ]),
    );
    const outputs = await this.#session.run(feeds);
    return Object.fromEntries(
      Object.entries(outputs).map(([name, { data, dims }]) => [name, { data: data as Float32Array, shape: dims }]),
    );
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.#session.release();
  }
}
