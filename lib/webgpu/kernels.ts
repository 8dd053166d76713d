import * as tf from "@tensorflow/tfjs";
import { replaceKernel } from "@/lib/tensorflow/backend/replace_kernel.ts";

/** Kernels in place of those of tfjs-backend-webgpu 4.22 that give wrong numbers, once its backend is registered. */
export function replaceKernels(): void {
  replaceResizeGradient();
  replaceAddN();
}

/**
 * The stock gradient of nearest-neighbor resizing is wrong for some sizes (seen: from 8 to 16 texels with 16 channels,
 * not from 3 to 6 with 2). By a whole factor it is the sum of each cell, which pooling takes.
 */
function replaceResizeGradient(): void {
  replaceByOps("ResizeNearestNeighborGrad", ({ inputs, attrs }, stock) => {
    const { images, dy } = inputs as Record<"images" | "dy", tf.TensorInfo>;
    const [rows, columns] = [1, 2].map((axis) => dy.shape[axis]! / images.shape[axis]!) as [number, number];
    if (!Number.isInteger(rows) || !Number.isInteger(columns) || attrs["alignCorners"]) return stock();
    return tf.mul(tf.avgPool(tensorOf(dy) as tf.Tensor4D, [rows, columns], [rows, columns], "valid"), rows * columns);
  });
}

/** The stock kernel binds all tensors at once: where a GPU takes fewer, it and all that waits beside it is dropped. */
function replaceAddN(): void {
  replaceByOps("AddN", ({ inputs }) => {
    const terms = (inputs as unknown as readonly tf.TensorInfo[]).map(tensorOf);
    return terms.length === 1 ? tf.clone(terms[0]!) : terms.reduce((sum, term) => tf.add(sum, term));
  });
}

type Call = { readonly inputs: tf.NamedTensorInfoMap; readonly attrs: Readonly<Record<string, unknown>> };

/** Has a kernel computed by other ops. */
function replaceByOps(kernelName: string, compute: (call: Call, stock: () => tf.Tensor) => tf.Tensor): void {
  replaceKernel(
    kernelName,
    "webgpu",
    (stock) => (call) =>
      tf.tidy(() =>
        compute({ inputs: call.inputs, attrs: call.attrs ?? {} }, () => tensorOf(stock(call) as tf.TensorInfo))
      ),
  );
}

function tensorOf(info: tf.TensorInfo): tf.Tensor {
  return info instanceof tf.Tensor ? info : tf.engine().makeTensorFromTensorInfo(info);
}
