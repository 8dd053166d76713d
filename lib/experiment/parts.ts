import * as tf from "@tensorflow/tfjs";
import type { Config } from "@/lib/config.ts";
import { type Batches, openBatches } from "@/lib/data/batches/batches.ts";
import { encodePositions } from "@/lib/data/maps/position_map.ts";
import { SampleOrder } from "@/lib/data/batches/sample_order.ts";
import { type Label, splits } from "@/lib/data/sample.ts";
import { openSource } from "@/lib/data/sources/open_source.ts";
import { countSamples, type OpenOptions, type Source } from "@/lib/data/sources/source.ts";
import { SAMPLES_PER_PERSON } from "@/lib/data/synthetic/sitters.ts";
import { checkCompilation } from "@/lib/experiment/compilation.ts";
import { mirroredLandmarks } from "@/lib/face/landmarks.ts";
import { placeEyes } from "@/lib/model/eyes.ts";
import {
  buildNetwork,
  checkEyes,
  checkFreeze,
  expressionsSaid,
  freezeTrunk,
  initializeNetwork,
} from "@/lib/model/network.ts";
import { mean } from "@/lib/numbers.ts";
import { FusedAdam } from "@/lib/tensorflow/ops/adam.ts";
import { bytesTensor, bytesToUnit } from "@/lib/tensorflow/backend/host_tensors.ts";
import { openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import type { Ranks } from "@/lib/tensorflow/collectives/ranks.ts";
import { Adam } from "@/lib/train/adam.ts";
import type { Progress } from "@/lib/train/checkpoint.ts";
import type { DisposableOptimizer } from "@/lib/train/interfaces.ts";
import { hiddenKernels, Muon } from "@/lib/train/muon.ts";
import { type Ancestor, startFrom } from "@/lib/train/start_from.ts";
import { openTeacher, type Teacher } from "@/lib/train/teacher.ts";
import { WeightAverages } from "@/lib/train/weight_averages.ts";
import { weightMask } from "@/lib/train/mask.ts";
import { openWebGpu } from "@/lib/webgpu/webgpu.ts";

/** What an experiment works with. */
export interface Parts {
  readonly config: Config;
  /** What it runs on, such as "tensorflow 2.21.0 · CPU, 2 threads". */
  readonly device: string;
  /** Whether XLA compiles the step. */
  readonly usesXla: boolean;
  /** Gives samples as they are, even where training changes them. */
  readonly source: Source;
  readonly network: tf.LayersModel;
  readonly optimizer: DisposableOptimizer;
  /** What is learned from beside the truth. */
  readonly teacher: Teacher | undefined;
  /** Where training averages weights. */
  readonly averages: WeightAverages | undefined;
  /** [size, size], the loss's weights. */
  readonly mask: tf.Tensor2D;
  /** [68, 3], the training set's mean landmarks in crop sides. */
  readonly meanLandmarks: Float32Array;
  readonly onRefused: OpenOptions["onRefused"];
  /** Where several processes train together. */
  readonly ranks: Ranks | undefined;
}

export interface PartsOptions extends OpenOptions {
  readonly progress: Progress;
  /** The folder of a trained model or run to take weights from. */
  readonly from?: string | undefined;
  readonly ranks?: Ranks | undefined;
  readonly onWarning?: ((sentence: string) => void) | undefined;
}

export interface OpenParts extends Parts {
  /** From the progress on; none where it is at the end. */
  readonly batches: Batches | undefined;
  /** The model that the weights were taken from, where it was given one. */
  readonly ancestor: Ancestor | undefined;
}

/** Throws an InputError where the settings cannot be used. The caller disposes the parts. */
export async function openParts(
  wanted: Config,
  { progress, from, ranks, ...options }: PartsOptions,
): Promise<OpenParts> {
  checkCompilation(wanted, { hasRanks: ranks !== undefined });
  checkFreeze(wanted);
  checkEyes(wanted);
  using opened = new DisposableStack();
  const { onRefused } = options;
  // here before in the workers: they take what it has converted
  const source = await openSource({ ...wanted, augment: false }, options);
  const config = teachable(wanted, source);
  checkFreeze(config);
  for (const split of splits) countSamples(source, split, 1); // refused now rather than after the training
  // now: to the first batch, they take longer than all that follows
  const batches = progress.step < config.steps
    ? opened.use(openTrainingBatches({ config, source, onRefused, ranks }, progress))
    : undefined;
  const tensorFlow = config.backend === "webgpu" ? undefined : await openTensorFlow(config);
  const { description: device } = tensorFlow ?? await openWebGpu();
  const usesXla = config.xla === "on" || (config.xla === "auto" && tensorFlow?.device === "gpu" && !ranks);
  const { surface, layout } = source;
  const examples = await makeExamples(source, config);
  const expressionCount = expressionCountOf({ config, source });
  const network = buildNetwork(config, expressionCount);
  const maps = examples.map(({ map }) => encodePositions(map.positions, { ...config, size: map.size }));
  initializeNetwork(network, { maps, valid: layout.valid });
  placeEyes(network, { ...config, surface });
  if (config.freeze === "trunk") freezeTrunk(network);
  const images = trainingImages(config, onRefused);
  const starting = { network, config, images, faces: source, onWarning: options.onWarning };
  const ancestor = from === undefined ? undefined : await startFrom(from, starting);
  const teacher = config.teacher === "" ? undefined : await openTeacher(config.teacher, { ...config, surface });
  const mask = tf.tensor2d(weightMask(layout, surface, config.maskWeights), [config.imageSize, config.imageSize]);
  const meanLandmarks = meanFace(examples, config);
  const optimizer = newOptimizer(network, config);
  const averages = config.averaging > 0 ? new WeightAverages(network, config.averaging) : undefined;
  opened.move(); // to the caller
  const learned = { network, optimizer, teacher, ancestor, averages, mask, meanLandmarks };
  return { config, device, usesXla, source, ...learned, batches, onRefused, ranks };
}

/**
 * The settings without what these faces do not teach: expressions where none are known, and whether there is a face where no
 * crop is without one, as augmented ones of drawn heads are alone.
 */
function teachable(config: Config, { counts, expressionNames = [] }: Source): Config {
  const hasAbsent = config.augment && counts.train === Infinity;
  return {
    ...config,
    expressionWeight: expressionNames.length > 0 ? config.expressionWeight : 0,
    absentShare: hasAbsent ? config.absentShare : 0,
  };
}

/** The network is as it will be trained, frozen or not. */
function newOptimizer(
  network: tf.LayersModel,
  { optimizer, backend, learningRate }: Pick<Config, "optimizer" | "backend" | "learningRate">,
): DisposableOptimizer {
  const adam = new (backend === "webgpu" ? Adam : FusedAdam)(learningRate);
  return optimizer === "adam" ? adam : new Muon(learningRate, { kernels: hiddenKernels(network), others: adam });
}

/** The batches from where the run stands; several ranks take them in turn. Whoever opens them closes them. */
export function openTrainingBatches(
  { config, source, onRefused, ranks }: Pick<Parts, "config" | "source" | "onRefused" | "ranks">,
  { nextBatch }: Progress,
): Batches {
  return openBatches({
    ...config,
    shots: source.counts.train === Infinity ? config.shots : 1, // a photo is one picture, which needs no batches in store
    split: "train",
    firstIndex: nextBatch + (ranks?.rank ?? 0),
    stride: ranks?.count ?? 1,
    onRefused,
    expressionCount: expressionCountOf({ config, source }),
    opened: config.augment ? undefined : source,
    // opening a source keeps a processor busy, and this thread has its own to prepare meanwhile
    workersAtOnce: Math.max(1, navigator.hardwareConcurrency - 1),
  });
}

/** Pictures for a network's statistics, a batch at a time. */
async function* trainingImages(config: Config, onRefused: OpenOptions["onRefused"]): AsyncGenerator<tf.Tensor4D> {
  const sampleCount = config.batchSize * Math.ceil(STATISTICS_SAMPLES / config.batchSize);
  using batches = openBatches({ ...config, split: "train", sampleCount, onRefused });
  for await (const { images: bytes, batchSize, imageSize } of batches) {
    const images = tf.tidy(() => bytesToUnit(bytesTensor(bytes, [batchSize, imageSize, imageSize, 3])));
    try {
      yield images;
    } finally {
      images.dispose();
    }
  }
}

/** Each has thousands of texels for the statistics of a channel. */
const STATISTICS_SAMPLES = 64;

/** Expressions that the network learns to say. */
export function expressionCountOf({ config, source }: Pick<Parts, "config" | "source">): number {
  return expressionsSaid(config, source.expressionNames?.length ?? 0);
}

/** What the network starts from: labels of the first training samples, of drawn faces each another person's. */
async function makeExamples(source: Source, config: Config): Promise<Label[]> {
  const count = countSamples(source, "train", Infinity);
  const order = new SampleOrder({ ...config, split: "train", count });
  const examples: Label[] = [];
  while (examples.length < Math.min(count, config.exampleSamples)) {
    const place = examples.length;
    const index = count === Infinity ? SAMPLES_PER_PERSON * place : order.at(place);
    examples.push(await source.label(index, "train"));
  }
  return examples;
}

export function disposeParts(
  { network, optimizer, averages, mask, batches }: Parts & Partial<Pick<OpenParts, "batches">>,
): void {
  network.dispose();
  optimizer.dispose();
  averages?.[Symbol.dispose]();
  mask.dispose();
  batches?.close();
}

/** [68, 3], the mean landmarks in crop sides, of the faces and their mirror images, so that it looks ahead. */
function meanFace(faces: readonly Label[], { imageSize }: Pick<Config, "imageSize">): Float32Array {
  const points = faces[0]!.landmarks.map((_, i) => mean(faces.map(({ landmarks }) => landmarks[i]! / imageSize)));
  return points.map((value, i) => {
    const axis = i % 3, opposite = points[3 * mirroredLandmarks[Math.floor(i / 3)]! + axis]!;
    return (value + (axis === 0 ? 1 - opposite : opposite)) / 2;
  });
}
