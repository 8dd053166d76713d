import * as tf from "@tensorflow/tfjs";
import type { Config } from "@/lib/config.ts";

/**
 * The mean over batch, texels and coordinates of the error, squared ("mse") or absolute ("l1"), each texel weighted by
 * the mask: the sum of weighted errors divided by the sum of weights, so that it compares across masks and sizes.
 * PRNet's loss (equation 2) is "mse" without that division. Differentiable with respect to what was predicted; the
 * gradient of a coordinate without an error is 0.
 *
 * @param predicted [batch, size, size, 3], encoded positions
 * @param target the same shape
 * @param mask [size, size], weights of which at least one is positive
 */
export function positionLoss(
  predicted: tf.Tensor4D,
  target: tf.Tensor4D,
  mask: tf.Tensor2D,
  kind: Config["loss"],
): tf.Scalar {
  tf.util.assertShapesMatch(predicted.shape, target.shape, "Cannot compare the maps: ");
  const [batch, height, width, coordinates] = predicted.shape;
  // one op over full maps in place of several: they are the largest tensors of a step
  const weightedError = tf.customGrad((...parameters) => {
    const [x, save] = parameters as unknown as [tf.Tensor4D, tf.GradSaveFunc];
    const error = tf.sub(x, target);
    const weights = tf.div(tf.reshape(mask, [1, height, width, 1]), tf.mul(tf.sum(mask), batch * coordinates));
    save([error, weights]);
    return {
      value: tf.sum(tf.mul(kind === "mse" ? tf.square(error) : tf.abs(error), weights)),
      gradFunc: (dy: tf.Tensor, [error, weights]: tf.Tensor[]) => {
        const slope = kind === "mse" ? tf.mul(error!, 2) : tf.sign(error!);
        return tf.mul(slope, tf.mul(weights!, dy));
      },
    };
  });
  return weightedError(predicted) as tf.Scalar;
}

/** Half the sum of squares of all convolution kernels, as slim's `l2_regularizer` has it, times its strength. */
export function weightPenalty(network: tf.LayersModel, strength: number): tf.Scalar {
  return tf.tidy(() => {
    const kernels = network.trainableWeights.filter(({ originalName }) => originalName.endsWith("/kernel"));
    const squares = kernels.map((kernel) => tf.sum(tf.square(kernel.read())));
    return tf.mul(tf.addN(squares), strength / 2) as tf.Scalar;
  });
}
