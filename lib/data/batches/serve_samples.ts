import type { Config } from "@/lib/config.ts";
import { type BatchRing, putSample, takeTickets, waitForPlace } from "@/lib/data/batches/batch_ring.ts";
import { SampleOrder } from "@/lib/data/batches/sample_order.ts";
import { encodePositions } from "@/lib/data/maps/position_map.ts";
import type { Split } from "@/lib/data/sample.ts";
import { countSamples, type OpenOptions, type Source, type SourceSpec } from "@/lib/data/sources/source.ts";

/** What a worker is asked for, once. */
export interface BatchOrder extends Pick<Config, "encoding" | "overfitBatches"> {
  readonly ring: BatchRing;
  readonly spec: SourceSpec;
  readonly split: Split;
  /** The index of the ring's first batch, and from one batch to the next. */
  readonly firstIndex: number;
  readonly stride: number;
}

/** What a worker says: that a batch may be complete, what it passed over, or why it gives up. */
export type WorkerReport =
  | { readonly kind: "complete" }
  | { readonly kind: "refused"; readonly sentence: string }
  | { readonly kind: "failed"; readonly errorName: string; readonly message: string };

/** Turns this worker into a maker of samples: it waits for its order and fills the ring until that is closed. */
export function serveSamples(
  openSource: (spec: SourceSpec, options: OpenOptions) => Pick<Source, "counts" | "sample"> | Promise<Source>,
): void {
  const worker = globalThis as unknown as Worker;
  const report = (report: WorkerReport) => worker.postMessage(report);
  worker.onmessage = async ({ data }: MessageEvent<BatchOrder>) => {
    try {
      const source = await openSource(data.spec, {
        onRefused: (sentence) => report({ kind: "refused", sentence }),
      });
      for await (const isComplete of makeSamples(source, data)) if (isComplete) report({ kind: "complete" });
    } catch (error) {
      const { name, message } = error instanceof Error ? error : new Error(String(error));
      report({ kind: "failed", errorName: name, message });
    }
  };
}

/** Makes what others have not begun, and says of each sample whether it completes its batch, until the ring is closed. */
export async function* makeSamples(
  source: Pick<Source, "counts" | "sample">,
  { spec, ...order }: BatchOrder,
): AsyncGenerator<boolean, void> {
  const { ring, split, encoding } = order;
  const count = countSamples(source, split, Infinity);
  const samples = new SampleOrder({ ...order, ...ring, seed: spec.seed, count, shots: spec.shots });
  const heads = samples.headCount(ring.sampleCount);
  const targets = new Float32Array(3 * ring.imageSize * ring.imageSize);
  for (let tickets; (tickets = takeTickets(ring, heads)) !== undefined;) {
    for (let ticket = tickets[0]; ticket < tickets[1]; ticket++) {
      for (const place of samples.placesOf(ticket)) {
        if (place >= ring.sampleCount) break;
        if (!waitForPlace(ring, place)) return;
        const sample = await source.sample(samples.at(place), split, samples.epochAt(place));
        encodePositions(sample.map.positions, { size: sample.map.size, encoding }, targets);
        yield putSample(ring, place, { ...sample, targets });
      }
    }
  }
}
