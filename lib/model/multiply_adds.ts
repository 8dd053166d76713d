import * as tf from "@tensorflow/tfjs";

/**
 * Multiply-adds of one layer for one image: 0 where it has no kernel and multiplies no matrices, undefined where its
 * kernel's uses cannot be counted.
 */
export function multiplyAddsOf(layer: tf.layers.Layer): number | undefined {
  if (layer.getClassName() === "Dot") return productMultiplyAdds(layer);
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

/** Multiply-adds of two matrices' product, each element of which is a sum over the axis that they share. */
function productMultiplyAdds(layer: tf.layers.Layer): number {
  const [, rows, common] = (layer.input as tf.SymbolicTensor[])[0]!.shape; // all here are multiplied along this axis
  const columns = (layer.output as tf.SymbolicTensor).shape[2]!;
  return rows! * common! * columns;
}

function texelCount(maps: tf.SymbolicTensor | tf.SymbolicTensor[]): number {
  const [, height, width] = (maps as tf.SymbolicTensor).shape;
  return height! * width!;
}
