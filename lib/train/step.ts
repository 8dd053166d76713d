import * as tf from "@tensorflow/tfjs";
import type { Config } from "@/lib/config.ts";
import { compile } from "@/lib/tensorflow/compile/compile.ts";
import type { Batch } from "@/lib/data/batches/batches.ts";
import { finiteOrFail } from "@/lib/tensorflow/ops/finite.ts";
import { bytesToUnit } from "@/lib/tensorflow/backend/host_tensors.ts";
import type { Optimizer, StepCollectives, StepRanks } from "@/lib/train/interfaces.ts";
import type { Teacher } from "@/lib/train/teacher.ts";
import {
  expressionLoss,
  heatmapLoss,
  pointLoss,
  positionLoss,
  presenceLoss,
  targetsOfPresent,
  weightPenalty,
} from "@/lib/train/loss.ts";
import { EXPRESSIONS, PRESENCE } from "@/lib/model/heads.ts";
import { HEATMAP_ROWS, POINTS } from "@/lib/model/heatmaps.ts";

/** What the error of a loss that is not finite begins with, and its name among gradients. */
export const LOSS = "the loss";

/** What a step changes, and by what. */
export interface StepParts {
  readonly network: tf.LayersModel;
  /** [size, size], the weight of each texel. */
  readonly mask: tf.Tensor2D;
  readonly optimizer: Optimizer;
  /** Whose maps are learned from, too, if there is one. */
  readonly teacher?: Pick<Teacher, "see"> | undefined;
  /** None where one process trains alone. */
  readonly ranks?: StepRanks | undefined;
  /** Whether XLA compiles the step. */
  readonly usesXla?: boolean;
}

/** What is true of a batch, with its pictures; see `Batch`. */
type StepArguments = [images: tf.Tensor4D, targets: tf.Tensor4D, expressions: tf.Tensor2D, presence: tf.Tensor1D];

/** One step of training. Whoever compiles it disposes it. */
export interface TrainingStep extends Disposable {
  /** Takes one of the step's batches, the last of which changes the weights and gives the batches' mean loss before. */
  take(batch: Batch, options: { readonly isLast: boolean }): tf.Scalar | undefined;
}

/** In the loss, of whether there is a face. */
const PRESENCE_WEIGHT = 0.02;
/** In the loss, of heatmaps. */
const HEATMAP_WEIGHT = 0.01;

/**
 * One step of training, compiled: changes weights, moving averages and the optimizer's state by the mean gradient of
 * `gradAccumulate` batches, of all ranks. Only one of them is in memory at a time; moving averages see each of this rank.
 * A loss that is not finite fails as {@linkcode isFiniteError} says, and leaves the weights; other backends than
 * "tensorflow" go on, and so does what XLA compiles, and ranks, of which one that failed would leave the others waiting.
 */
export function compileStep(
  { network, mask, optimizer, teacher, ranks, usesXla: xla = false }: StepParts,
  config: LossConfig & Partial<Pick<Config, "gradAccumulate" | "precision" | "syncBatchNorm">>,
): TrainingStep {
  const { gradAccumulate: count = 1, precision = "float32" } = config;
  const weights = network.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const watched = withPoints(network);
  const sums = tf.tidy(() => {
    if (count === 1) return [];
    const kinds = [...weights, { name: LOSS, shape: [] as number[] }];
    return kinds.map(({ name, shape }) => [name, tf.variable(tf.zeros(shape), false)] as const);
  });
  const [beginGathering, beginFinishing] = [ranks?.program(), ranks?.program()];
  /** The gradients by their variables' names, and the loss. */
  const differentiate = (batch: StepArguments, collectives: StepCollectives | undefined): tf.NamedTensorMap => {
    const { value, grads } = tf.variableGrads(() => {
      const loss = lossOf(batch, {
        network,
        watched,
        mask,
        teacher,
        config,
        ranks: config.syncBatchNorm ? collectives : undefined,
      });
      return ranks ? loss : finiteOrFail(loss, LOSS);
    }, weights);
    const found = { ...grads, [LOSS]: value };
    collectives?.computeInOrder(found);
    return found;
  };
  const gather = compile((...batch: StepArguments) => {
    const found = differentiate(batch, beginGathering?.());
    for (const [name, sum] of sums) sum.assign(tf.add(sum, found[name]!));
    return [];
  }, { name: "gathering_step", precision, xla });
  const finish = compile((...batch: StepArguments) => {
    const collectives = beginFinishing?.();
    const found = differentiate(batch, collectives);
    for (const [name, sum] of sums) found[name] = tf.div(tf.add(sum, found[name]!), count);
    const { [LOSS]: loss, ...gradients } = collectives?.mean(found) ?? found;
    optimizer.applyGradients(gradients);
    for (const [, sum] of sums) sum.assign(tf.zerosLike(sum));
    return loss as tf.Scalar;
  }, { name: "training_step", precision, xla });
  return {
    take({ images, targets, expressions, presence }, { isLast }) {
      if (isLast) return finish(images, targets, expressions, presence);
      gather(images, targets, expressions, presence);
    },
    [Symbol.dispose]() {
      gather[Symbol.dispose]();
      finish[Symbol.dispose]();
      for (const [, sum] of sums) sum.dispose();
    },
  };
}

/** The network with the points that it finds and their heatmaps' logits, if it does, as two outputs more, the last. */
function withPoints(network: tf.LayersModel): tf.LayersModel {
  const found = [POINTS, HEATMAP_ROWS].flatMap((name) => network.layers.filter((layer) => layer.name === name));
  if (found.length === 0) return network;
  const outputs = [...network.outputs, ...found.map(({ output }) => output as tf.SymbolicTensor)];
  return tf.model({ inputs: network.inputs, outputs });
}

type LossConfig =
  & Pick<Config, "loss" | "l2">
  & Partial<Pick<Config, "encoding" | "depthWeight" | "absentShare" | "expressionWeight" | "teacherShare">>;

function lossOf(
  [images, targets, expressions, presence]: StepArguments,
  { network, watched, mask, teacher, config, ranks }: Pick<StepParts, "network" | "mask" | "teacher"> & {
    /** What {@linkcode withPoints} gives of the network. */
    readonly watched: tf.LayersModel;
    readonly config: LossConfig;
    /** Whose statistics are those of all. */
    readonly ranks: StepCollectives | undefined;
  },
): tf.Scalar {
  const { l2, encoding = "centered", absentShare = 0, expressionWeight = 0, teacherShare = 0 } = config;
  const pictures = bytesToUnit(images) as tf.Tensor4D;
  const outputs = [watched.apply(pictures, { training: true, ranks })].flat() as tf.Tensor[];
  const outputOf = (name: string) => outputs[network.outputNames.indexOf(name)] as tf.Tensor2D | undefined;
  const predicted = outputs[0] as tf.Tensor4D;
  const [points, heatmaps] = outputs.slice(network.outputs.length) as [tf.Tensor4D?, tf.Tensor3D?];
  const aims = teacher
    ? tf.add<tf.Tensor4D>(tf.mul(targets, 1 - teacherShare), tf.mul(teacher.see(pictures), teacherShare))
    : targets;
  const wanted = absentShare > 0 ? targetsOfPresent(aims, { predicted, presence }) : aims;
  const terms = [positionLoss(predicted, wanted, mask, config)];
  const [amounts, chance] = [outputOf(EXPRESSIONS), outputOf(PRESENCE)];
  if (amounts) terms.push(tf.mul(expressionLoss(amounts, expressions, presence), expressionWeight));
  if (chance) terms.push(tf.mul(presenceLoss(chance, presence), PRESENCE_WEIGHT));
  const truth = { target: targets, mask, presence, encoding };
  if (points) terms.push(pointLoss(points, truth));
  if (heatmaps) terms.push(tf.mul(heatmapLoss(heatmaps, truth), HEATMAP_WEIGHT));
  if (l2 > 0) terms.push(weightPenalty(network, l2));
  return terms.reduce((sum, term) => tf.add(sum, term));
}
