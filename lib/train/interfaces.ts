import type * as tf from "@tensorflow/tfjs";
import type { StoredTensor } from "@/lib/formats/tensor_bundle.ts";
import type { MetricsRow } from "@/lib/train/run_folder.ts";
import type { Photo } from "@/lib/types.ts";

/** What a training needs of others, whatever backend of tfjs it runs on. */

/** What changes weights by their gradients. `FusedAdam` is one. */
export interface Optimizer {
  /** Holds from the next step on, compiled or not. */
  setLearningRate(learningRate: number): void;
  /** Gradients by their variables' names. */
  applyGradients(gradients: tf.NamedTensorMap): void;
  /** All that a resumed run needs to go on to the same bits, by name. The caller disposes it. */
  state(): tf.NamedTensorMap;
  /** Takes what `state` gave, out of tensors that may hold others too and stay the caller's. */
  loadState(tensors: tf.NamedTensorMap): void;
}

/** One that gives its memory back. */
export type DisposableOptimizer = Optimizer & { dispose(): void };

/** Processes that share a training, each with batches of its own: what they do together in a step. `Ranks` are such. */
export interface StepRanks {
  /** What one function that is compiled does with the others, begun anew each time it is traced. */
  program(): () => StepCollectives;
}

export interface StepCollectives {
  /** Has what was just computed, gradients and the loss, be there in that order, so that the first are sent meanwhile. */
  computeInOrder(tensors: tf.NamedTensorMap): void;
  /** The mean over ranks of each tensor: of gradients by their variables' names, in the order of the weights, and the loss with its terms. */
  mean(tensors: tf.NamedTensorMap): tf.NamedTensorMap;
  /** The mean over ranks of one. */
  meanOf<T extends tf.Tensor>(tensor: T): T;
  /** [ranks, length], every rank's tensor of shape [length]. */
  gather(tensor: tf.Tensor1D): tf.Tensor2D;
}

/** A place to write what is to be looked at. `RunLog` is one. */
export interface Summaries {
  scalars(row: MetricsRow): Promise<void>;
  images(tag: string, photos: readonly Photo[], step: number): Promise<void>;
  /** How the network's weights are distributed. */
  weights(network: tf.LayersModel, step: number): Promise<void>;
}

/** A place to save. `RunFolder` has two. */
export interface CheckpointStore {
  save(tensors: AsyncIterable<StoredTensor>): Promise<void>;
  /** The latest checkpoint that can be read, of it the tensors whose names are accepted; undefined where there is none. */
  restore(accept?: (name: string) => boolean): Promise<StoredTensors | undefined>;
}

export interface StoredTensors {
  /** For messages. */
  readonly path: string;
  readonly tensors: ReadonlyMap<string, StoredTensor>;
}
