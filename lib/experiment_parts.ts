import * as tf from "@tensorflow/tfjs";
import type { Config } from "@/lib/config.ts";
import { type Batches, openBatches } from "@/lib/data/batches/batches.ts";
import { encodePositions } from "@/lib/data/maps/position_map.ts";
import type { Label } from "@/lib/data/sample.ts";
import { sampleIndex } from "@/lib/data/batches/serve_samples.ts";
import { Sitters } from "@/lib/data/synthetic/sitters.ts";
import { type ModelOptions, openModel } from "@/lib/data/sources.ts";
import type { UvLayout } from "@/lib/data/maps/uv_layout.ts";
import { valuesAt } from "@/lib/face/landmarks.ts";
import { mirrorVertices } from "@/lib/face/mirror.ts";
import { type FaceSurface, meshLandmarks, type MorphableModel } from "@/lib/face/morphable_model.ts";
import { buildNetwork, initializeNetwork } from "@/lib/model/network.ts";
import { FusedAdam } from "@/lib/tensorflow/ops/adam.ts";
import { openTensorFlow, type TensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import type { Progress } from "@/lib/train/checkpoint.ts";
import { weightMask } from "@/lib/train/mask.ts";

/** What an experiment works with. */
export interface Parts {
  readonly config: Config;
  readonly tensorflow: TensorFlow;
  readonly surface: FaceSurface;
  /** [surface vertexCount], the vertex on the face's other side; undefined where the surface is not symmetric. */
  readonly mirror: Uint32Array | undefined;
  /** [68, 3], in model space, of the mean face. */
  readonly neutralLandmarks: Float32Array;
  readonly layout: UvLayout;
  readonly network: tf.LayersModel;
  readonly optimizer: FusedAdam;
  /** [size, size], the loss's weights. */
  readonly mask: tf.Tensor2D;
  /** [68, 3], the training set's mean landmarks in crop sides. */
  readonly meanLandmarks: Float32Array;
}

export interface OpenParts extends Parts {
  /** From the progress on; none where it is at the end. */
  readonly batches: Batches | undefined;
}

/** Throws an InputError where the settings cannot be used. The caller disposes the parts. */
export async function openParts(
  config: Config,
  { progress, ...options }: ModelOptions & { readonly progress: Progress },
): Promise<OpenParts> {
  using opened = new DisposableStack();
  const model = await openModel(config, options); // here before in the workers: they take what it has converted
  // now: to the first batch, they take longer than all that follows
  const batches = progress.step < config.steps ? opened.use(openTrainingBatches(config, progress)) : undefined;
  const tensorflow = await openTensorFlow(config);
  const { layout, examples } = makeExamples(model, config);
  const network = buildNetwork(config);
  const maps = examples.map(({ map }) => encodePositions(map.positions, { ...config, size: map.size }));
  initializeNetwork(network, { ...config, maps, valid: layout.valid });
  const mask = tf.tensor2d(weightMask(layout, model.surface, config.maskWeights), [config.imageSize, config.imageSize]);
  const meanLandmarks = mean(examples.map(({ landmarks }) => landmarks)).map((value) => value / config.imageSize);
  opened.move(); // to the caller
  return {
    config,
    tensorflow,
    surface: model.surface,
    mirror: mirrorVertices(model),
    neutralLandmarks: valuesAt(meshLandmarks(model), model.mean),
    layout,
    network,
    optimizer: new FusedAdam(config.learningRate),
    mask,
    meanLandmarks,
    batches,
  };
}

/** The batches from where the run stands. Whoever opens them closes them. */
export function openTrainingBatches(config: Config, { nextBatch }: Progress): Batches {
  return openBatches({
    ...config,
    split: "train",
    firstIndex: nextBatch,
    // opening a source keeps a processor busy, and this thread has its own to prepare meanwhile
    workersAtOnce: Math.max(1, navigator.hardwareConcurrency - 1),
  });
}

/** What the network starts from: the labels of the first training samples, were their crops not perturbed. */
function makeExamples(model: MorphableModel, config: Config): { layout: UvLayout; examples: Label[] } {
  const sitters = new Sitters(model, { ...config, augment: false });
  const places = Array.from({ length: config.exampleSamples }, (_, place) => sampleIndex(place, config));
  return { layout: sitters.layout, examples: places.map((index) => sitters.label(index, "train")) };
}

export function disposeParts({ network, optimizer, mask, batches }: Parts & Partial<Pick<OpenParts, "batches">>): void {
  network.dispose();
  optimizer.dispose();
  mask.dispose();
  batches?.close();
}

function mean(arrays: readonly Float32Array[]): Float32Array {
  const sum = new Float32Array(arrays[0]!.length);
  for (const array of arrays) array.forEach((value, i) => sum[i]! += value / arrays.length);
  return sum;
}
