import { abortCollectives, checkRank } from "@/lib/tensorflow/collectives/server.ts";
import { Status, TensorFlowError } from "@/lib/tensorflow/library/c_api.ts";
import { symbols as table } from "@/lib/tensorflow/library/c_symbols.ts";

/** What the thread beside a rank's own is asked for, once. */
export interface WatchOrder {
  /** The library's. */
  readonly path: string;
  /** The runtime's address. */
  readonly context: bigint;
  /** Those to watch. */
  readonly ranks: readonly number[];
  /** Where it says which rank is lost: its number and 1; 0 while none is. */
  readonly lost: Int32Array<SharedArrayBuffer>;
}

const PERIOD = 1000;
const ANSWER = 5000;
/** Milliseconds without an answer after which a rank counts as lost: one whose machine says that nobody listens, or not. */
const [PATIENCE_REFUSED, PATIENCE] = [3000, 15_000] as const;

/**
 * Asks the ranks, again and again, whether they are there: TensorFlow answers for a rank also while that computes. Once one
 * is lost, everything that waits for ranks fails: by itself it would wait for ever, as a rank may come back.
 */
export async function watch({ path, context, ranks, lost }: WatchOrder): Promise<void> {
  const { symbols } = Deno.dlopen(path, table);
  const status = new Status(symbols);
  const pointer = Deno.UnsafePointer.create(context);
  const heard = new Map(ranks.map((rank) => [rank, performance.now()]));
  for (;;) {
    for (const rank of ranks) {
      try {
        checkRank(symbols, { context: pointer, rank, milliseconds: ANSWER }, status);
        heard.set(rank, performance.now());
      } catch (error) {
        if (!(error instanceof TensorFlowError)) throw error;
        const patience = error.code === "UNAVAILABLE" ? PATIENCE_REFUSED : PATIENCE;
        if (performance.now() - heard.get(rank)! < patience) continue;
        Atomics.store(lost, 0, rank + 1);
        abortCollectives(symbols, pointer, status);
        return;
      }
    }
    await new Promise((resolve) => setTimeout(resolve, PERIOD));
  }
}
