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
  /** What the loss is the sum of, each term as it is weighted there. */
  readonly terms: readonly string[];
  /**
   * Takes one of the step's batches, the last of which changes the weights and gives the batches' mean loss before, and then
   * its terms: [1 + terms], so that they are read at once.
   */
  take(batch: Batch, options: { readonly isLast: boolean }): tf.Tensor1D | undefined;
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
  const terms = lossTerms({ network, watched, mask, config });
  const sums = tf.tidy(() => {
    if (count === 1) return [];
    const kinds = [...weights, { name: LOSS, shape: [1 + terms.length] }];
    return kinds.map(({ name, shape }) => [name, tf.variable(tf.zeros(shape), false)] as const);
  });
  const [beginGathering, beginFinishing] = [ranks?.program(), ranks?.program()];
  /** Uses the gradients by their variables' names, and the loss with its terms. */
  const differentiate = <T>(
    batch: StepArguments,
    collectives: StepCollectives | undefined,
    use: (found: tf.NamedTensorMap) => T,
  ): T => {
    let losses: tf.Tensor | undefined;
    const { grads } = tf.variableGrads(() => {
      const statistics = config.syncBatchNorm ? collectives : undefined;
      const seen = see(batch, { network, watched, mask, teacher, config, ranks: statistics });
      const values = terms.map(({ of }) => of(seen));
      const sum = values.reduce((sum, value) => tf.add(sum, value));
      const loss = ranks ? sum : finiteOrFail(sum, LOSS);
      losses = tf.keep(tf.stack([loss, ...values])); // here, before the gradients: ranks send it first
      return loss;
    }, weights);
    const found = { ...grads, [LOSS]: losses! };
    collectives?.computeInOrder(found);
    const used = use(found);
    losses!.dispose();
    return used;
  };
  const gather = compile((...batch: StepArguments) => {
    differentiate(batch, beginGathering?.(), (found) => {
      for (const [name, sum] of sums) sum.assign(tf.add(sum, found[name]!));
    });
    return [];
  }, { name: "gathering_step", precision, xla });
  const finish = compile((...batch: StepArguments) => {
    const collectives = beginFinishing?.();
    return differentiate(batch, collectives, (found) => {
      const means = { ...found };
      for (const [name, sum] of sums) means[name] = tf.div(tf.add(sum, found[name]!), count);
      const { [LOSS]: losses, ...gradients } = collectives?.mean(means) ?? means;
      optimizer.applyGradients(gradients);
      for (const [, sum] of sums) sum.assign(tf.zerosLike(sum));
      return tf.clone(losses as tf.Tensor1D);
    });
  }, { name: "training_step", precision, xla });
  return {
    terms: terms.map(({ name }) => name),
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

/** A batch as the network sees it, and what is to come of it. */
interface Seen {
  readonly predicted: tf.Tensor4D;
  readonly wanted: tf.Tensor4D;
  /** What {@linkcode withPoints} gives, by name. */
  readonly outputs: tf.NamedTensorMap;
  readonly expressions: tf.Tensor2D;
  /** What points, heatmaps and presence are compared with. */
  readonly truth: Parameters<typeof heatmapLoss>[1];
}

/** A term of the loss, weighted. */
interface LossTerm {
  readonly name: string;
  readonly of: (seen: Seen) => tf.Scalar;
}

interface LossParts extends Pick<StepParts, "network" | "mask"> {
  /** What {@linkcode withPoints} gives of the network. */
  readonly watched: tf.LayersModel;
  readonly config: LossConfig;
}

/** What the loss is the sum of, in that order: the positions' term, which validation measures, and what else there is. */
function lossTerms({ network, watched, mask, config }: LossParts): LossTerm[] {
  const { l2, expressionWeight = 0 } = config;
  const says = (name: string) => watched.outputNames.includes(name);
  const terms: (LossTerm & { readonly isThere: boolean })[] = [
    { name: "position", isThere: true, of: ({ predicted, wanted }) => positionLoss(predicted, wanted, mask, config) },
    {
      name: "expression",
      isThere: says(EXPRESSIONS),
      of: ({ outputs, expressions, truth: { presence } }) =>
        tf.mul(expressionLoss(outputs[EXPRESSIONS] as tf.Tensor2D, expressions, presence), expressionWeight),
    },
    {
      name: "presence",
      isThere: says(PRESENCE),
      of: ({ outputs, truth: { presence } }) =>
        tf.mul(presenceLoss(outputs[PRESENCE] as tf.Tensor2D, presence), PRESENCE_WEIGHT),
    },
    {
      name: "points",
      isThere: says(POINTS),
      of: ({ outputs, truth }) => pointLoss(outputs[POINTS] as tf.Tensor4D, truth),
    },
    {
      name: "heatmaps",
      isThere: says(HEATMAP_ROWS),
      of: ({ outputs, truth }) => tf.mul(heatmapLoss(outputs[HEATMAP_ROWS] as tf.Tensor3D, truth), HEATMAP_WEIGHT),
    },
    { name: "l2", isThere: l2 > 0, of: () => weightPenalty(network, l2) },
  ];
  return terms.filter(({ isThere }) => isThere);
}

function see(
  [images, targets, expressions, presence]: StepArguments,
  { watched, mask, teacher, config, ranks }: LossParts & Pick<StepParts, "teacher"> & {
    /** Whose statistics are those of all. */
    readonly ranks: StepCollectives | undefined;
  },
): Seen {
  const { encoding = "centered", absentShare = 0, teacherShare = 0 } = config;
  const pictures = bytesToUnit(images) as tf.Tensor4D;
  const found = [watched.apply(pictures, { training: true, ranks })].flat() as tf.Tensor[];
  const predicted = found[0] as tf.Tensor4D;
  const aims = teacher
    ? tf.add<tf.Tensor4D>(tf.mul(targets, 1 - teacherShare), tf.mul(teacher.see(pictures), teacherShare))
    : targets;
  return {
    predicted,
    wanted: absentShare > 0 ? targetsOfPresent(aims, { predicted, presence }) : aims,
    outputs: Object.fromEntries(watched.outputNames.map((name, i) => [name, found[i]!])),
    expressions,
    truth: { target: targets, mask, presence, encoding },
  };
}
