import { InputError } from "@/lib/errors.ts";

/** Does some work for each item, several beside each other, which take the next in turn; a worker's number is from 0. */
export async function workThrough<T>(
  items: readonly T[],
  work: (item: T, worker: number) => Promise<void>,
): Promise<void> {
  const waiting = items.values();
  await Promise.all(Array.from({ length: Math.min(jobCount(), items.length) }, async (_, worker) => {
    for (const item of waiting) await work(item, worker);
  }));
}

/**
 * Two more than there are processors, as tests wait for a part of their time, for pages' frames, ranks and ends of processes;
 * DENO_JOBS names another number. Throws an InputError where that is none.
 */
export function jobCount(): number {
  const wanted = Deno.env.get("DENO_JOBS");
  if (!wanted) return navigator.hardwareConcurrency + 2;
  if (/^[1-9]\d*$/.test(wanted)) return Number(wanted);
  throw new InputError(`Cannot run the tests with DENO_JOBS=${wanted}: a whole number from 1 is wanted`);
}
