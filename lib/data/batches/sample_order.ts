import type { Config } from "@/lib/config.ts";
import type { Split } from "@/lib/data/sample.ts";
import { Random } from "@/lib/random.ts";

export interface SampleOrderOptions extends Pick<Config, "seed" | "batchSize" | "overfitBatches"> {
  readonly split: Split;
  /** Samples in the split; Infinity where they never end. */
  readonly count: number;
  /** The index of the first batch. */
  readonly firstIndex?: number;
  /** From one batch to the next; 1 where it is left out. */
  readonly stride?: number;
  /** Consecutive samples of an endless source that show one head; 1 where it is left out. */
  readonly shots?: number | undefined;
}

/** Batches from one shot of a head to the next. */
const SHOT_SPACING = 8;

/** Batches from the first of a head's shots to the last. */
export function shotReach(shots: number): number {
  return SHOT_SPACING * (shots - 1);
}

/**
 * Which sample stands at each place of the batches: a function of the batch's index and the place in it alone, so that
 * a run can start at any batch. Samples that end come again, once an epoch; each epoch of training has another order.
 *
 * The shots of one head stand in batches that are some apart: a network that sees the same heads step by step learns these
 * heads.
 */
export class SampleOrder {
  readonly #options: SampleOrderOptions;
  /** The order of the epoch that was asked for last. */
  #shuffled: { readonly epoch: number; readonly indices: Uint32Array } | undefined;

  constructor(options: SampleOrderOptions) {
    this.#options = options;
  }

  /** The index in the split, of a place in the batches that begin with the first index. */
  at(place: number): number {
    const { split, count } = this.#options;
    if (count === Infinity) return this.#shotAt(place);
    const position = this.#position(place);
    return split === "train" ? this.#epoch(this.epochAt(place))[position % count]! : position % count;
  }

  /** How often the samples have all been shown before that place. */
  epochAt(place: number): number {
    return Math.floor(this.#position(place) / this.#options.count);
  }

  /** How many heads the batches show up to this many samples; those of which all shots are beyond may count. */
  headCount(sampleCount: number): number {
    if (this.#shots === 1) return sampleCount;
    return this.#headsPerBatch * (Math.ceil(sampleCount / this.#options.batchSize) + shotReach(this.#shots));
  }

  /** The places of a head's shots, from the first index on: their samples are best made one after the other by one thread. */
  placesOf(head: number): number[] {
    const { batchSize } = this.#options;
    const newIn = Math.floor(head / this.#headsPerBatch) - shotReach(this.#shots); // the batch of the first shot
    const first = head % this.#headsPerBatch * this.#shots;
    return Array.from(
      { length: Math.min(this.#shots, batchSize - first) },
      (_, shot) => (newIn + SHOT_SPACING * shot) * batchSize + first + shot,
    ).filter((place) => place >= 0);
  }

  get #shots(): number {
    const { count, shots = 1 } = this.#options;
    return count === Infinity ? shots : 1;
  }

  /** That a batch shows for the first time. */
  get #headsPerBatch(): number {
    return Math.ceil(this.#options.batchSize / this.#shots);
  }

  /** The shots of a head are numbered one after the other. */
  #shotAt(place: number): number {
    const { batchSize, stride = 1 } = this.#options;
    const batch = this.#batchAt(place), shot = place % batchSize % this.#shots;
    const newIn = Math.floor(batch / stride) - SHOT_SPACING * shot + shotReach(this.#shots); // never below 0
    const heads = (newIn * stride + batch % stride) * this.#headsPerBatch;
    return (heads + Math.floor(place % batchSize / this.#shots)) * this.#shots + shot;
  }

  #position(place: number): number {
    const { batchSize } = this.#options;
    return this.#batchAt(place) * batchSize + place % batchSize;
  }

  #batchAt(place: number): number {
    const { batchSize, overfitBatches, firstIndex = 0, stride = 1 } = this.#options;
    const batch = firstIndex + stride * Math.floor(place / batchSize);
    return overfitBatches > 0 ? batch % overfitBatches : batch;
  }

  #epoch(epoch: number): Uint32Array {
    if (this.#shuffled?.epoch !== epoch) {
      const { seed, split, count } = this.#options;
      const random = new Random(`${seed}/${split}/epoch ${epoch}`);
      const indices = Uint32Array.from({ length: count }, (_, i) => i);
      for (let i = count - 1; i > 0; i--) { // Fisher and Yates
        const j = random.integer(0, i);
        [indices[i], indices[j]] = [indices[j]!, indices[i]!];
      }
      this.#shuffled = { epoch, indices };
    }
    return this.#shuffled.indices;
  }
}
