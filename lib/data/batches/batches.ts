import * as tf from "@tensorflow/tfjs";
import type { Config } from "@/lib/config.ts";
import { InputError } from "@/lib/errors.ts";
import { bytesTensor, floatsTensor } from "@/lib/tensorflow/backend/host_tensors.ts";
import {
  batchLength,
  type BatchRing,
  closeRing,
  createRing,
  isComplete,
  releaseBatch,
  ringViews,
} from "@/lib/data/batches/batch_ring.ts";
import { shotReach } from "@/lib/data/batches/sample_order.ts";
import type { Split } from "@/lib/data/sample.ts";
import { type BatchOrder, makeSamples, type WorkerReport } from "@/lib/data/batches/serve_samples.ts";
import { openSource } from "@/lib/data/sources/open_source.ts";
import type { OpenOptions, Source, SourceSpec } from "@/lib/data/sources/source.ts";

export interface BatchOptions
  extends SourceSpec, Pick<Config, "batchSize" | "workers" | "encoding" | "overfitBatches"> {
  readonly split: Split;
  /** The index of the first batch: batch k holds the same samples wherever one starts. */
  readonly firstIndex?: number;
  /** From one batch's index to the next one's, where others take those between; 1 where it is left out. */
  readonly stride?: number;
  /** Samples in all; the last batch may be short. Endless where it is left out. */
  readonly sampleCount?: number;
  /** Expressions whose amounts are taken along, all of the source's; 0 where it is left out. */
  readonly expressionCount?: number;
  /** Batches that are held at a time: the one in use and those made ahead. */
  readonly slotCount?: number;
  /** Workers that are started at once, by default all; the others follow with the first batch. */
  readonly workersAtOnce?: number;
  /** The source of these settings as this thread has it open: without workers, it need not be opened again. */
  readonly opened?: Source | undefined;
  /** See {@linkcode OpenOptions.onRefused}. */
  readonly onRefused?: OpenOptions["onRefused"] | undefined;
  /** A worker that calls `serveSamples` with another way to open a source. */
  readonly workerUrl?: URL;
}

/** One batch in shared memory: it is overwritten once the next is asked for. */
export interface HostBatch {
  readonly index: number;
  readonly imageSize: number;
  readonly batchSize: number;
  /** [batchSize, imageSize, imageSize, 3], RGB. */
  readonly images: Uint8Array;
  /** [batchSize, imageSize, imageSize, 3], encoded positions. */
  readonly targets: Float32Array;
  /** [batchSize, 68, 3], crop pixels. */
  readonly landmarks: Float32Array;
  /** [batchSize, expressionCount], 0 to 1; without it, none are known. */
  readonly expressions?: Float32Array;
  /** [batchSize], 1 where the crop has a face, else 0: the rest of its label means nothing then. Without it, all have. */
  readonly presence?: Float32Array;
  /** [batchSize], who each sample shows, see {@linkcode Sample.person}; -1, or without it, a person of its own. */
  readonly people?: Int32Array;
}

/**
 * Starts workers that make batches ahead of their reader; without any, its own thread makes each when it is asked for. Whoever
 * opens batches closes them.
 */
export function openBatches(options: BatchOptions): Batches {
  return new Batches(options);
}

/**
 * Batches in order. Leaving a `for await` over them does not close them: the next loop goes on with the next batch.
 * Throws what a worker threw, with its message.
 */
export class Batches implements AsyncIterable<HostBatch>, Disposable {
  readonly #ring: BatchRing;
  readonly #firstIndex: number;
  readonly #stride: number;
  readonly #workers: Worker[] = [];
  readonly #startAll: () => void;
  /** What this thread makes, where there are no workers. */
  readonly #ownSamples: AsyncGenerator<boolean, void> | undefined;
  readonly #onRefused: (sentence: string) => void;
  /** Within the ring; the one before it is in use. */
  #next = 0;
  #inUse = false;
  #failure: Error | undefined;
  #closed = false;
  /** Where batches end that were complete when these were closed: a worker goes on for a moment. */
  #end = Infinity;
  #news = Promise.withResolvers<void>();
  #waitedSeconds = 0;

  constructor(options: BatchOptions) {
    const { split, encoding, overfitBatches, batchSize, imageSize, seed, source, augment } = options;
    const { firstIndex = 0, stride = 1, sampleCount = Infinity, expressionCount = 0 } = options;
    const shots = augment && options.shots || 1;
    const slotCount = shotReach(shots) + (options.slotCount ?? 3); // until the last of a head's shots is taken, all wait
    this.#firstIndex = firstIndex;
    this.#stride = stride;
    this.#ring = createRing({ batchSize, imageSize, sampleCount, slotCount, expressionCount });
    const spec = { seed, source, imageSize, augment, absentShare: options.absentShare ?? 0, shots };
    const order: BatchOrder = { ring: this.#ring, spec, split, encoding, overfitBatches, firstIndex, stride };
    this.#onRefused = options.onRefused ?? (() => {});
    const url = options.workerUrl ?? new URL("./sample_worker.ts", import.meta.url);
    const start = (count: number) => {
      while (this.#workers.length < count) this.#workers.push(this.#startWorker(url, order));
    };
    this.#startAll = () => start(options.workers);
    start(Math.min(options.workers, options.workersAtOnce ?? options.workers));
    if (options.workers === 0) this.#ownSamples = samplesOf(order, options);
  }

  /** Seconds that the reader has waited for batches that were not ready. */
  get waitedSeconds(): number {
    return this.#waitedSeconds;
  }

  /**
   * The next batch, or undefined after the last. While there is none yet, `onWait` is called a few times a second, or before each
   * sample that this thread makes; what it throws ends the wait, and the batch is there to be taken later.
   */
  async next(onWait?: () => void): Promise<HostBatch | undefined> {
    if (this.#inUse) releaseBatch(this.#ring, this.#next - 1);
    this.#inUse = false;
    const ring = this.#ring;
    const batchSize = batchLength(ring, this.#next);
    if (batchSize === 0) return undefined;
    const start = performance.now();
    while (this.#next >= this.#end || !isComplete(ring, this.#next)) {
      if (this.#failure) throw this.#failure;
      if (this.#closed) throw new TypeError("Cannot take a batch: they are closed");
      onWait?.();
      if (this.#ownSamples) await this.#ownSamples.next().catch((error) => this.#fail(error));
      else await (onWait ? within(WAIT_MILLISECONDS, this.#news.promise) : this.#news.promise);
    }
    this.#waitedSeconds += (performance.now() - start) / 1000;
    const views = ringViews(ring, this.#next, [0, batchSize]);
    const index = this.#firstIndex + this.#stride * this.#next++;
    this.#inUse = true;
    return { index, imageSize: ring.imageSize, batchSize, ...views };
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<HostBatch> {
    for (let batch; (batch = await this.next()) !== undefined;) yield batch;
  }

  /** Ends the workers. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#end = this.#next + this.#countAhead();
    closeRing(this.#ring);
    for (const worker of this.#workers) worker.terminate();
    this.#tell();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** Complete batches that were not given yet; the one in use has a slot, too. */
  #countAhead(): number {
    const most = this.#ring.slotCount - (this.#inUse ? 1 : 0);
    let count = 0;
    while (count < most && isComplete(this.#ring, this.#next + count)) count++;
    return count;
  }

  #startWorker(url: URL, order: BatchOrder): Worker {
    const worker = new Worker(url, { type: "module", name: "samples" });
    worker.onmessage = ({ data }: MessageEvent<WorkerReport>) => {
      if (this.#closed) return; // sent before it ended
      if (data.kind === "complete") {
        this.#tell();
        this.#startAll();
      } else if (data.kind === "refused") this.#onRefused(data.sentence);
      else this.#fail(data.errorName === "InputError" ? new InputError(data.message) : new Error(data.message));
    };
    worker.onerror = (event) => {
      event.preventDefault();
      this.#fail(new Error(event.message));
    };
    worker.postMessage(order);
    return worker;
  }

  #fail(error: Error): void {
    this.#failure ??= error;
    this.close();
  }

  #tell(): void {
    this.#news.resolve();
    this.#news = Promise.withResolvers();
  }
}

/** Opens the source, unless it is, with the first sample. */
async function* samplesOf(
  order: BatchOrder,
  { opened, onRefused }: Pick<BatchOptions, "opened" | "onRefused">,
): AsyncGenerator<boolean, void> {
  yield* makeSamples(opened ?? await openSource(order.spec, { onRefused }), order);
}

const WAIT_MILLISECONDS = 250;

/** Waits for the promise, but no longer. */
async function within(milliseconds: number, promise: Promise<void>): Promise<void> {
  const { promise: over, resolve } = Promise.withResolvers<void>();
  const timer = setTimeout(resolve, milliseconds);
  await Promise.race([promise, over]);
  clearTimeout(timer);
}

/** Tensors for one step. Whoever receives a batch disposes it. */
export class Batch implements Disposable {
  constructor(
    /** [batch, imageSize, imageSize, 3], RGB in bytes. */
    readonly images: tf.Tensor4D,
    /** [batch, imageSize, imageSize, 3], encoded positions. */
    readonly targets: tf.Tensor4D,
    /** [batch, expressionCount], 0 to 1. */
    readonly expressions: tf.Tensor2D,
    /** [batch], 1 or 0. */
    readonly presence: tf.Tensor1D,
  ) {}

  /** A copy: the host's batch may be overwritten afterwards. */
  static from({ batchSize, imageSize, images, targets, ...rest }: HostBatch): Batch {
    const { expressions = new Float32Array(), presence = new Float32Array(batchSize).fill(1) } = rest;
    const shape: [number, number, number, number] = [batchSize, imageSize, imageSize, 3];
    return new Batch(
      bytesTensor(images, shape),
      floatsTensor(targets, shape),
      tf.tensor2d(expressions.slice(), [batchSize, expressions.length / batchSize]),
      tf.tensor1d(presence.slice()),
    );
  }

  [Symbol.dispose](): void {
    tf.dispose([this.images, this.targets, this.expressions, this.presence]);
  }
}
