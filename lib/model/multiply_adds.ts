import * as tf from "@tensorflow/tfjs";

/** Multiply-adds of one image's forward pass in convolutions and dense layers; all else is small beside them. */
export function countMultiplyAdds(network: tf.LayersModel): number {
  let total = 0;
  for (const layer of network.layers) {
    const kernel = layer.weights.find(({ originalName }) => originalName.endsWith("/kernel"));
    if (kernel) total += placements(layer) * tf.util.sizeFromShape(kernel.shape as number[]);
  }
  return total;
}

/** How often the kernel is applied: at each texel of the output, or of the input where the convolution is transposed. */
function placements(layer: tf.layers.Layer): number {
  const className = layer.getClassName();
  switch (className) {
    case "Conv2D":
      return texelCount(layer.output);
    case "Conv2DTranspose":
      return texelCount(layer.input);
    case "Dense":
      return 1;
    default:
      throw new RangeError(`Cannot count the multiply-adds of a ${className} layer`);
  }
}

function texelCount(maps: tf.SymbolicTensor | tf.SymbolicTensor[]): number {
  const [, height, width] = (maps as tf.SymbolicTensor).shape;
  return height! * width!;
}
