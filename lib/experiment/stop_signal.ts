import type { Batches, HostBatch } from "@/lib/data/batches/batches.ts";

/** What tells a training to stop, such as an `AbortSignal`. */
export type StopSignal = Pick<AbortSignal, "aborted" | "throwIfAborted">;

export const neverAborted: StopSignal = new AbortController().signal;

/** Batches as long as there is no signal. */
export async function* batchesUntil(signal: StopSignal, batches: Batches): AsyncGenerator<HostBatch> {
  try {
    for (let batch; !signal.aborted && (batch = await batches.next(() => signal.throwIfAborted()));) yield batch;
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
