import * as tf from "@tensorflow/tfjs";
import type { Config } from "@/lib/config.ts";
import { compile, type Compiled } from "@/lib/tensorflow/compile/compile.ts";
import { finiteOrFail } from "@/lib/tensorflow/ops/finite.ts";
import { bytesToUnit } from "@/lib/tensorflow/backend/host_tensors.ts";
import type { CombineGradients, Optimizer } from "@/lib/train/interfaces.ts";
import { positionLoss, weightPenalty } from "@/lib/train/loss.ts";

/** What the error of a loss that is not finite begins with. */
export const LOSS = "the loss";

/** What a step changes, and by what. */
export interface StepParts {
  readonly network: tf.LayersModel;
  /** [size, size], the weight of each texel. */
  readonly mask: tf.Tensor2D;
  readonly optimizer: Optimizer;
  /** None where one machine trains alone. */
  readonly combineGradients?: CombineGradients;
}

/**
 * One step of training, compiled: takes RGB in bytes and encoded positions, both [batch, size, size, 3], changes
 * weights, moving averages and the optimizer's state, and gives the loss before. Whoever compiles it disposes it.
 * A loss that is not finite fails as {@linkcode isFiniteError} says, and leaves the weights; other backends than
 * "tensorflow" go on.
 */
export function compileStep(
  { network, mask, optimizer, combineGradients = (gradients) => gradients }: StepParts,
  { loss: kind, l2 }: Pick<Config, "loss" | "l2">,
): Compiled<[tf.Tensor4D, tf.Tensor4D], tf.Scalar> {
  const weights = network.trainableWeights.map((weight) => weight.read() as tf.Variable);
  return compile((images: tf.Tensor4D, targets: tf.Tensor4D) => {
    const { value, grads } = tf.variableGrads(() => {
      const predicted = network.apply(bytesToUnit(images), { training: true }) as tf.Tensor4D;
      const loss = positionLoss(predicted, targets, mask, kind);
      return finiteOrFail(l2 === 0 ? loss : tf.add<tf.Scalar>(loss, weightPenalty(network, l2)), LOSS);
    }, weights);
    optimizer.applyGradients(combineGradients(grads));
    return value;
  }, { name: "training_step" });
}
