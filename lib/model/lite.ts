import * as tf from "@tensorflow/tfjs";
import { decodeNodes, describeFace, encodeImage, type FaceNetworkOptions, outputsOf } from "./lite_parts.ts";

/**
 * The light network: RGB in [0, 1] to encoded positions, unbounded; on request also to the amounts of expressions,
 * [batch, expressionCount], 0 to 1 but unbounded, and to the presence of a face, [batch, 1], in (0, 1). Residual stages
 * bring the image down to 4×4, dense layers see all of it, and the map is the sum of two parts: a smooth one, linear in a
 * few coefficients, and a fine one, decoded by convolutions over UV space. No connection leads from the image's layers to
 * the decoder: a texel of the map and the pixel at the same place show different things.
 *
 * The parts are grids of nodes; upsampling them by f puts node i at texel f · i. They have one node more than texels / f,
 * so that texels at the end lie between nodes too.
 */
export function buildLite(options: FaceNetworkOptions): tf.LayersModel {
  const { imageSize } = options;
  const image = tf.input({ shape: [imageSize, imageSize, 3], name: "image" });
  const features = encodeImage(image, { ...options, smallestBlocks: 2 });
  const flat = tf.layers.flatten({ name: "flatten" }).apply(features.at(-1)!) as tf.SymbolicTensor;
  const face = describeFace(flat, options);
  const outputs = outputsOf({ image, face, nodes: decodeNodes(face, options) }, options);
  return tf.model({ inputs: image, outputs, name: "lite" });
}
