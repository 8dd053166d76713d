import * as tf from "@tensorflow/tfjs";
import type { Config } from "@/lib/config.ts";
import { buildNetwork } from "@/lib/model/network.ts";

/**
 * A new network that costs what a trained one does: of one as it is built, folding leaves no bias, and TensorFlow joins relu
 * to a convolution by its bias.
 */
export function newNetwork(config: Config): tf.LayersModel {
  const network = buildNetwork(config);
  for (const weight of network.weights.filter(({ originalName }) => /beta|moving_mean/.test(originalName))) {
    tf.tidy(() => void weight.write(tf.randomUniform(weight.shape as number[], -0.1, 0.1, "float32", 7)));
  }
  return network;
}
