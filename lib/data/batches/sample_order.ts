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
}

/**
 * Which sample stands at each place of the batches: a function of the batch's index and the place in it alone, so that
 * a run can start at any batch. Samples that end come again, once an epoch; each epoch of training has another order.
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
    const position = this.#position(place);
    if (count === Infinity) return position;
    return split === "train" ? this.#epoch(this.epochAt(place))[position % count]! : position % count;
  }

  /** How often the samples have all been shown before that place. */
  epochAt(place: number): number {
    return Math.floor(this.#position(place) / this.#options.count);
  }

  #position(place: number): number {
    const { batchSize, overfitBatches, firstIndex = 0, stride = 1 } = this.#options;
    const batch = firstIndex + stride * Math.floor(place / batchSize);
    return (overfitBatches > 0 ? batch % overfitBatches : batch) * batchSize + place % batchSize;
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
