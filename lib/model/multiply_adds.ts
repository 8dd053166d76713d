import * as tf from "@tensorflow/tfjs";

/** Multiply-adds of one layer for one image: 0 without a kernel, undefined where its kernel's uses cannot be counted. */
export function multiplyAddsOf(layer: tf.layers.Layer): number | undefined {
  const kernel = layer.weights.find(({ originalName }) => originalName.endsWith("/kernel"));
  if (!kernel) return 0;
  const count = placements(layer);
  return count && count * tf.util.sizeFromShape(kernel.shape as number[]);
}

/** How often the kernel is applied: at each texel of the output, or of the input where the convolution is transposed. */
function placements(layer: tf.layers.Layer): number | undefined {
  switch (layer.getClassName()) {
    case "Conv2D":
      return texelCount(layer.output);
    case "Conv2DTranspose":
      return texelCount(layer.input);
    case "Dense":
      return 1;
  }
  return undefined;
}

function texelCount(maps: tf.SymbolicTensor | tf.SymbolicTensor[]): number {
  const [, height, width] = (maps as tf.SymbolicTensor).shape;
  return height! * width!;
}
