import * as tf from "@tensorflow/tfjs";
import type { Figure } from "./contest.ts";

/** The smallest uses of some ops, on tfjs's present backend; dispatch_torch.py has the same. */
export function smallOps(): Record<string, () => unknown> {
  const x = tf.ones([2, 2]);
  const image = tf.ones<tf.Rank.R4>([1, 4, 4, 3]);
  const kernel = tf.ones<tf.Rank.R4>([1, 1, 3, 4]);
  return {
    "add of 2×2": () => tf.add(x, x).dispose(),
    "convolution of 4×4": () => tf.conv2d(image, kernel, 1, "same").dispose(),
    "square of a new scalar": () => tf.tidy(() => void tf.square(tf.scalar(1))),
    "reading 2×2": () => x.dataSync(),
  };
}

/** Microseconds a call. */
export function timeCalls(ops: Readonly<Record<string, () => unknown>>, calls: number): Figure[] {
  return Object.entries(ops).map(([label, call]) => {
    const start = performance.now();
    for (let i = 0; i < calls; i++) call();
    return { label, unit: "µs", value: 1000 * (performance.now() - start) / calls };
  });
}
