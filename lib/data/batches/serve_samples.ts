import type { Config } from "@/lib/config.ts";
import { type BatchRing, putSample, takeTickets, waitForPlace } from "@/lib/data/batches/batch_ring.ts";
import { encodePositions } from "@/lib/data/maps/position_map.ts";
import type { SampleSource, Split } from "@/lib/data/sample.ts";

/** What makes a source of samples: enough for a worker to make the same one. */
export interface SourceSpec extends Pick<Config, "seed" | "source" | "sourcePath"> {
  /** Pixels a side. */
  readonly imageSize: number;
  readonly augment: boolean;
}

/** What a worker is told, once. */
export interface SampleOrder extends Pick<Config, "encoding" | "overfitBatches"> {
  readonly ring: BatchRing;
  readonly spec: SourceSpec;
  readonly split: Split;
  /** The index of the ring's first batch. */
  readonly firstIndex: number;
}

/** What a worker says: that a batch may be complete, or why it gives up. */
export type WorkerReport = { readonly kind: "complete" } | {
  readonly kind: "failed";
  readonly errorName: string;
  readonly message: string;
};

/** Turns this worker into a maker of samples: it waits for its order and fills the ring until that is closed. */
export function serveSamples(openSource: (spec: SourceSpec) => SampleSource | Promise<SampleSource>): void {
  const worker = globalThis as unknown as Worker;
  const report = (report: WorkerReport) => worker.postMessage(report);
  worker.onmessage = async ({ data }: MessageEvent<SampleOrder>) => {
    try {
      fillRing(await openSource(data.spec), data, () => report({ kind: "complete" }));
    } catch (error) {
      const { name, message } = error instanceof Error ? error : new Error(String(error));
      report({ kind: "failed", errorName: name, message });
    }
  };
}

function fillRing(source: SampleSource, order: SampleOrder, onComplete: () => void): void {
  const { ring, split, encoding } = order;
  const targets = new Float32Array(3 * ring.imageSize * ring.imageSize);
  for (let tickets; (tickets = takeTickets(ring)) !== undefined;) {
    for (let ticket = tickets[0]; ticket < tickets[1]; ticket++) {
      if (!waitForPlace(ring, ticket)) return;
      const { image, map, landmarks } = source.sample(sampleIndex(ticket, { ...order, ...ring }), split);
      encodePositions(map.positions, { size: map.size, encoding }, targets);
      if (putSample(ring, ticket, { image, targets, landmarks })) onComplete();
    }
  }
}

/**
 * The index of a sample within its split, from its place in the batches that begin with `firstIndex`. A function of the
 * batch's index and the place in it alone, so that a run can start at any batch.
 */
export function sampleIndex(
  place: number,
  { batchSize, overfitBatches, firstIndex = 0 }: Pick<Config, "batchSize" | "overfitBatches"> & {
    readonly firstIndex?: number;
  },
): number {
  const batch = firstIndex + Math.floor(place / batchSize);
  return (overfitBatches > 0 ? batch % overfitBatches : batch) * batchSize + place % batchSize;
}
