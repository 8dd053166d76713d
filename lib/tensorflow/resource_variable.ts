import * as tf from "@tensorflow/tfjs";
import { execute } from "./backend.ts";

const float32 = { dtype: "float32" } as const;

/**
 * A float32 buffer that TensorFlow's ops change in place. They copy it first where a tensor shares it, so what was read
 * before keeps its values.
 */
export class ResourceVariable implements Disposable {
  /** What these ops take. */
  readonly handle: tf.Tensor;

  constructor() {
    const attributes = { ...float32, shape: [], shared_name: crypto.randomUUID(), container: "" };
    this.handle = tf.keep(execute("VarHandleOp", attributes, [], 1)[0]!);
  }

  /** Shares the tensor's buffer. */
  assign(value: tf.Tensor): void {
    execute("AssignVariableOp", { ...float32, validate_shape: false }, [this.handle, value], 0);
  }

  /** Shares the buffer; the caller disposes the tensor. */
  read(): tf.Tensor {
    return execute("ReadVariableOp", float32, [this.handle], 1)[0]!;
  }

  [Symbol.dispose](): void {
    execute("DestroyResourceOp", { ignore_lookup_error: true }, [this.handle], 0);
    this.handle.dispose();
  }
}
