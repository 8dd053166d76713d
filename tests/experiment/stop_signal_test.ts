import type { Batches, HostBatch } from "@/lib/data/batches/batches.ts";
import { batchesUntil } from "@/lib/experiment/stop_signal.ts";
import { assertEquals, assertThrows } from "@/tests/support.ts";
import { noiseBatches } from "@/tests/train/tiny.ts";

/** Two batches, and then none, however long one waits. */
async function waiting(onWaiting: () => void): Promise<Batches> {
  const made: HostBatch[] = await Array.fromAsync(noiseBatches(2));
  const next = (onWait: () => void) => {
    const batch = made.shift();
    if (batch) return Promise.resolve(batch);
    onWaiting();
    onWait();
    return Promise.reject(new RangeError("a worker's own error"));
  };
  return { next } as unknown as Batches;
}

Deno.test("batchesUntil() ends without an error where the signal comes while a batch is waited for", async () => {
  const stop = new AbortController();
  const batches = await waiting(() => stop.abort());
  const taken = await Array.fromAsync(batchesUntil(stop.signal, { batches, perStep: 1 }));
  assertEquals(taken.map(({ index }) => index), [0, 1]);
});

Deno.test("batchesUntil() takes no batch once there is a signal, and passes other errors on", async () => {
  const taken = await Array.fromAsync(
    batchesUntil(AbortSignal.abort(), { batches: await waiting(() => {}), perStep: 1 }),
  );
  assertEquals(taken.length, 0);
  const batches = await waiting(() => {});
  const all = () => Array.fromAsync(batchesUntil(new AbortController().signal, { batches, perStep: 1 }));
  await assertThrows(all, RangeError, /a worker's own error/);
});

Deno.test("batchesUntil() gives all batches of a step that has begun, though there is a signal, also while one is waited for", async () => {
  for (const stopAt of [1, 2, 3, 4]) {
    const stop = new AbortController();
    let index = 0;
    const next = (onWait: () => void) => {
      if (index === stopAt) stop.abort();
      onWait();
      return Promise.resolve({ index: index++ });
    };
    const batches = { next } as unknown as Batches;
    const taken = await Array.fromAsync(batchesUntil(stop.signal, { batches, perStep: 4 }));
    assertEquals(taken.map(({ index }) => index), [0, 1, 2, 3]);
  }
});
