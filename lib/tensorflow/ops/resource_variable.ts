import * as tf from "@tensorflow/tfjs";
import { execute } from "@/lib/tensorflow/backend/backend.ts";
import type { DataTypeName } from "@/lib/formats/data_types.ts";

/**
 * A buffer that TensorFlow's ops change in place. They copy it first where a tensor shares it, so what was read before
 * keeps its values.
 */
export class ResourceVariable implements Disposable {
  /** What these ops take. */
  readonly handle: tf.Tensor;
  readonly #dtype: DataTypeName;

  constructor(shape: readonly number[], dtype: DataTypeName = "float32") {
    this.#dtype = dtype;
    const attributes = { dtype, shape, shared_name: crypto.randomUUID(), container: "" };
    this.handle = tf.keep(execute("VarHandleOp", attributes, [], 1)[0]!);
  }

  /** Shares the tensor's buffer. */
  assign(value: tf.Tensor): void {
    execute("AssignVariableOp", { dtype: this.#dtype, validate_shape: false }, [this.handle, value], 0);
  }

  /** Shares the buffer; the caller disposes the tensor. */
  read(): tf.Tensor {
    return execute("ReadVariableOp", { dtype: this.#dtype }, [this.handle], 1)[0]!;
  }

  [Symbol.dispose](): void {
    execute("DestroyResourceOp", { ignore_lookup_error: true }, [this.handle], 0);
    this.handle.dispose();
  }
}
