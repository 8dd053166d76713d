import type { Batches, HostBatch } from "@/lib/data/batches/batches.ts";

/** What tells a training to stop, such as an `AbortSignal`. */
export type StopSignal = Pick<AbortSignal, "aborted" | "throwIfAborted">;

export const neverAborted: StopSignal = new AbortController().signal;

/** Batches until there is a signal, and on to the end of a step that takes several. */
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
