import * as tf from "@tensorflow/tfjs";
import { execute } from "@/lib/tensorflow/backend/backend.ts";
import { TensorFlowError } from "@/lib/tensorflow/library/c_api.ts";

/**
 * The scalar itself, where it is finite. Where it is not, whatever depends on it or on its gradient fails with a
 * TensorFlowError that begins with the message: in a compiled step, before a weight is changed. Other backends than
 * "tensorflow" do not look.
 */
export function finiteOrFail(x: tf.Scalar, message: string): tf.Scalar {
  if (tf.getBackend() !== "tensorflow") return tf.clone(x);
  const check = tf.customGrad((...parameters) => {
    const [value, save] = parameters as unknown as [tf.Scalar, tf.GradSaveFunc];
    const [checked] = execute("CheckNumerics", { message }, [value], 1);
    save([checked!]);
    return {
      value: checked!,
      gradFunc: (dy: tf.Tensor, [checked]: tf.Tensor[]) => tf.add(dy, tf.mul(checked!, 0)), // so it waits for the check
    };
  });
  return check(x) as tf.Scalar;
}

/** Whether this is what `finiteOrFail` failed with. */
export function isFiniteError(error: unknown, message: string): boolean {
  return error instanceof TensorFlowError && error.message.includes(`: ${message} : `);
}
