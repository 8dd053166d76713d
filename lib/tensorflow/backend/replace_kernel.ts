import * as tf from "@tensorflow/tfjs";

/** Has a backend compute one of tfjs's kernels otherwise; `compute` is given how it did so far. */
export function replaceKernel(
  kernelName: string,
  backendName: "tensorflow" | "webgpu",
  compute: (stock: tf.KernelFunc) => tf.KernelFunc,
): void {
  const { kernelFunc: stock } = tf.getKernel(kernelName, backendName)!;
  tf.unregisterKernel(kernelName, backendName);
  tf.registerKernel({ kernelName, backendName, kernelFunc: compute(stock) });
}
