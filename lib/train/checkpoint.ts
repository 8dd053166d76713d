import * as tf from "@tensorflow/tfjs";
import * as z from "zod";
import type { Config } from "@/lib/config.ts";
import { InputError } from "@/lib/errors.ts";
import type { StoredTensor } from "@/lib/formats/tensor_bundle.ts";
import { checkFinite } from "@/lib/train/divergence.ts";
import type { WeightAverages } from "@/lib/train/weight_averages.ts";
import type { CheckpointStore, Optimizer, StoredTensors } from "@/lib/train/interfaces.ts";

/** What training changes. */
export interface Trained {
  readonly network: tf.LayersModel;
  readonly optimizer: Optimizer;
  /** Where training averages weights. */
  readonly averages?: WeightAverages | undefined;
}

/**
 * Where a run stands. Samples are a pure function of the seed, the split and the index, so these are the whole state of
 * its random numbers and of its data.
 */
const progressSchema = z.strictObject({
  model: z.string(),
  seed: z.int(),
  /** Steps done. */
  step: z.int(),
  /** The first batch not used yet. */
  nextBatch: z.int(),
  /** NME in percent of each validation face, of the validation whose mean is the least so far; null before the first. */
  leastErrors: z.array(z.number()).nullable().default(null),
  /** That mean, as older checkpoints have it alone. */
  bestNme: z.number().nullish(),
});

export type Progress = Readonly<z.infer<typeof progressSchema>>;

export function firstProgress({ architecture, seed }: Pick<Config, "architecture" | "seed">): Progress {
  return { model: architecture, seed, step: 0, nextBatch: 0, leastErrors: null };
}

export interface Checkpoint extends StoredTensors {
  readonly progress: Progress;
}

/** Where a checkpoint has the progress, as JSON: beside the tensors, so that it is never another's. */
const PROGRESS = "posmap/progress";

/**
 * Saves weights, moving averages, the optimizer's state and the progress. Throws a DivergenceError, and saves nothing,
 * where one of these numbers is not finite.
 */
export async function saveCheckpoint(
  store: CheckpointStore,
  { network, optimizer, averages, progress }: Trained & { readonly progress: Progress },
): Promise<void> {
  const state = optimizer.state();
  try {
    await checkFinite(network.weights.map((weight) => weight.read()), "a weight", progress.step);
    await checkFinite(Object.values(state), "the optimizer's state", progress.step);
    await store.save(storedTensors({ ...weightTensors(network), ...state, ...averages?.state() }, progress));
  } finally {
    tf.dispose(state);
  }
}

/** The latest checkpoint; undefined where there is none. Throws an InputError where it cannot be read. */
export async function readCheckpoint(store: CheckpointStore): Promise<Checkpoint | undefined> {
  const restored = await store.restore();
  return restored && { ...restored, progress: parseProgress(restored) };
}

/** Puts a checkpoint in place. Throws an InputError where it is of another run's settings; nothing is changed then. */
export function loadCheckpoint(
  { progress, ...restored }: Checkpoint,
  { network, optimizer, averages, config }: Trained & { readonly config: Pick<Config, "architecture" | "seed"> },
): void {
  checkArchitecture(restored, network);
  if (progress.model !== config.architecture || progress.seed !== config.seed) {
    throw new InputError(
      `Cannot go on from checkpoint ${restored.path}: it is of a run of ${progress.model} with seed ${progress.seed}, ` +
        `wanted ${config.architecture} with seed ${config.seed}`,
    );
  }
  tf.tidy(() => {
    const loaded = toTensors(restored);
    writeWeights(network, loaded);
    optimizer.loadState(loaded);
    averages?.loadState(loaded);
  });
}

/** Loads the latest checkpoint's weights, and nothing else of it, where there is one. */
export async function loadWeights(store: CheckpointStore, network: tf.LayersModel): Promise<void> {
  const restored = await store.restore((name) => name.startsWith(WEIGHTS));
  if (!restored) return;
  checkArchitecture(restored, network);
  tf.tidy(() => writeWeights(network, toTensors(restored)));
}

function parseProgress({ path, tensors }: StoredTensors): Progress {
  try {
    const [text] = tensors.get(PROGRESS)!.values as Uint8Array[];
    return progressSchema.parse(JSON.parse(new TextDecoder().decode(text)));
  } catch {
    throw new InputError(`Cannot go on from checkpoint ${path}: it does not say where the run stood`);
  }
}

function checkArchitecture({ path, tensors }: StoredTensors, network: tf.LayersModel): void {
  for (const weight of network.weights) {
    const found = tensors.get(tensorName(weight))?.shape;
    if (found?.join() === weight.shape.join()) continue;
    throw new InputError(
      `Cannot load checkpoint ${path}: it is of another network. Wanted ${weight.originalName} of shape ` +
        `[${weight.shape}], found ${found ? `[${found}]` : "none"}`,
    );
  }
}

/** One after the other, so that only one is in memory twice. */
async function* storedTensors(tensors: tf.NamedTensorMap, progress: Progress): AsyncGenerator<StoredTensor> {
  yield { name: PROGRESS, dtype: "string", shape: [], values: [new TextEncoder().encode(JSON.stringify(progress))] };
  for (const [name, tensor] of Object.entries(tensors)) {
    const values = await tensor.data() as Float32Array | Int32Array;
    yield { name, dtype: tensor.dtype as "float32" | "int32", shape: tensor.shape, values };
  }
}

function toTensors({ tensors }: StoredTensors): tf.NamedTensorMap {
  const numeric = [...tensors.values()].filter(({ dtype }) => dtype === "float32" || dtype === "int32");
  return Object.fromEntries(numeric.map(({ name, dtype, shape, values }) => {
    return [name, tf.tensor(values as Float32Array | Int32Array, [...shape], dtype as "float32" | "int32")];
  }));
}

/** The variables' own tensors, not copies. */
function weightTensors(network: tf.LayersModel): tf.NamedTensorMap {
  return Object.fromEntries(network.weights.map((weight) => [tensorName(weight), weight.read()]));
}

function writeWeights(network: tf.LayersModel, tensors: tf.NamedTensorMap): void {
  for (const weight of network.weights) weight.write(tensors[tensorName(weight)]!);
}

const WEIGHTS = "weights/";

function tensorName(weight: tf.LayerVariable): string {
  return WEIGHTS + weight.originalName;
}
