import * as tf from "@tensorflow/tfjs";
import { ResourceVariable } from "@/lib/tensorflow/ops/resource_variable.ts";

/**
 * The buffer of a tfjs variable as a resource of TensorFlow's, which ops and compiled functions read and change in
 * place. Between changes the tfjs variable shares it, so that weights lie in memory once. All who use a variable's
 * buffer use the same one.
 */
export class VariableBuffer implements Disposable {
  /** What to count down, and the last of which ends the buffer. */
  #users = 0;
  /** tfjs's name of the variable's content when it last was the buffer's; another one means that it was assigned since. */
  #content: object | undefined;
  readonly #resource: ResourceVariable;
  readonly variable: tf.Variable;

  private constructor(variable: tf.Variable) {
    this.variable = variable;
    this.#resource = new ResourceVariable(variable.shape, variable.dtype as "float32" | "int32" | "bool");
  }

  /** The buffer of a variable. Whoever takes it disposes it. */
  static of(variable: tf.Variable): VariableBuffer {
    let buffer = buffers.get(variable);
    if (!buffer) buffers.set(variable, buffer = new VariableBuffer(variable));
    buffer.#users++;
    return buffer;
  }

  /** What TensorFlow's ops take. */
  get handle(): tf.Tensor {
    return this.#resource.handle;
  }

  /** Brings the buffer to the variable's content, if that was assigned meanwhile. */
  update(): void {
    if (this.#content === this.variable.dataId) return;
    this.#resource.assign(this.variable);
    this.#content = this.variable.dataId;
  }

  /** Takes the content from the variable, so that what changes the buffer finds it shared by nobody. */
  release(): void {
    const { shape, dtype } = this.variable;
    const dataId = {};
    tf.backend().move(dataId, null as unknown as Float32Array, shape, dtype, 1);
    this.#assign(tf.engine().makeTensorFromTensorInfo({ dataId, shape, dtype }));
  }

  /** Gives the variable its content again. */
  restore(): void {
    this.take(this.#resource.read());
  }

  /** As `restore`, where the buffer's value was read already; disposes it. */
  take(value: tf.Tensor): void {
    this.#assign(value);
    this.#content = this.variable.dataId;
  }

  [Symbol.dispose](): void {
    if (--this.#users > 0) return;
    buffers.delete(this.variable);
    this.#resource[Symbol.dispose]();
  }

  #assign(value: tf.Tensor): void {
    this.variable.assign(value);
    value.dispose();
  }
}

const buffers = new WeakMap<tf.Variable, VariableBuffer>();
