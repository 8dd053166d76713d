import type { Batches, HostBatch } from "@/lib/data/batches/batches.ts";

/** What tells a training to stop, such as an `AbortSignal`. */
export type StopSignal = Pick<AbortSignal, "aborted" | "throwIfAborted">;

export const neverAborted: StopSignal = new AbortController().signal;

/** Batches as long as there is no signal, and so many that the steps which take several each are whole. */
export async function* batchesUntil(
  signal: StopSignal,
  { batches, perStep }: { readonly batches: Batches; readonly perStep: number },
): AsyncGenerator<HostBatch> {
  let taken = 0;
  const mayEnd = () => signal.aborted && taken % perStep === 0;
  const onWait = () => {
    if (mayEnd()) signal.throwIfAborted();
  };
  try {
    for (let batch; !mayEnd() && (batch = await batches.next(onWait)); taken++) yield batch;
  } catch (error) {
    if (!signal.aborted) throw error;
  }
}
