import * as tf from "@tensorflow/tfjs";
import { z } from "zod";
import type { Config } from "@/lib/config.ts";
import { InputError } from "@/lib/errors.ts";
import type { FusedAdam } from "@/lib/tensorflow/ops/adam.ts";
import {
  listTensors,
  readCheckpointMetadata,
  restoreTensors,
  saveTensors,
} from "@/lib/tensorflow/files/checkpoints.ts";
import { checkFinite } from "@/lib/train/divergence.ts";

/** What training changes. */
export interface Trained {
  readonly network: tf.LayersModel;
  readonly optimizer: FusedAdam;
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
  /** The least validation error so far, NME in percent; null before the first validation. */
  bestNme: z.number().nullable(),
});

export type Progress = Readonly<z.infer<typeof progressSchema>>;

export function firstProgress({ model, seed }: Pick<Config, "model" | "seed">): Progress {
  return { model, seed, step: 0, nextBatch: 0, bestNme: null };
}

/**
 * Weights, moving averages, the optimizer's state and the progress, in files that begin with the prefix. Throws a
 * DivergenceError, and keeps the checkpoint before, where a weight is not finite.
 */
export async function saveCheckpoint(
  prefix: string,
  { network, optimizer, progress }: Trained & { readonly progress: Progress },
): Promise<void> {
  checkFinite(network, progress.step);
  const state = optimizer.state();
  try {
    await saveTensors(prefix, { ...weightTensors(network), ...state }, { metadata: progress });
  } finally {
    tf.dispose(state);
  }
}

/** Throws an InputError where the checkpoint is damaged, or of another run's settings; nothing is changed then. */
export async function loadCheckpoint(
  prefix: string,
  { network, optimizer, config }: Trained & { readonly config: Pick<Config, "model" | "seed"> },
): Promise<Progress> {
  const progress = await readProgress(prefix);
  await checkArchitecture(prefix, network);
  if (progress.model !== config.model || progress.seed !== config.seed) {
    throw new InputError(
      `Cannot go on from checkpoint ${prefix}: it is of a run of ${progress.model} with seed ${progress.seed}, ` +
        `wanted ${config.model} with seed ${config.seed}`,
    );
  }
  const tensors = await restoreTensors(prefix);
  for (const weight of network.weights) weight.write(tensors[tensorName(weight)]!);
  optimizer.loadState(tensors);
  tf.dispose(tensors);
  return progress;
}

/** The network's weights alone. */
export async function loadWeights(prefix: string, network: tf.LayersModel): Promise<void> {
  await checkArchitecture(prefix, network);
  const tensors = await restoreTensors(prefix, network.weights.map(tensorName));
  for (const weight of network.weights) weight.write(tensors[tensorName(weight)]!);
  tf.dispose(tensors);
}

export async function hasCheckpoint(prefix: string): Promise<boolean> {
  try {
    return (await Deno.stat(`${prefix}.json`)).isFile;
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return false;
    throw error;
  }
}

/** Where the checkpointed run stood. Throws an InputError where the checkpoint is damaged. */
export async function readProgress(prefix: string): Promise<Progress> {
  const result = progressSchema.safeParse(await readCheckpointMetadata(prefix));
  if (result.success) return result.data;
  throw new InputError(`Cannot go on from checkpoint ${prefix}: it does not say where the run stood`);
}

async function checkArchitecture(prefix: string, network: tf.LayersModel): Promise<void> {
  const shapes = new Map((await listTensors(prefix)).map(({ name, shape }) => [name, shape]));
  for (const weight of network.weights) {
    const found = shapes.get(tensorName(weight));
    if (found && found.join() === weight.shape.join()) continue;
    throw new InputError(
      `Cannot load checkpoint ${prefix}: it is of another network. Wanted ${weight.originalName} of shape ` +
        `[${weight.shape}], found ${found ? `[${found}]` : "none"}`,
    );
  }
}

/** The variables' own tensors, not copies. */
function weightTensors(network: tf.LayersModel): tf.NamedTensorMap {
  return Object.fromEntries(network.weights.map((weight) => [tensorName(weight), weight.read()]));
}

function tensorName(weight: tf.LayerVariable): string {
  return `weights/${weight.originalName}`;
}
