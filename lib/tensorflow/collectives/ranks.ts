import * as tf from "@tensorflow/tfjs";
import { InputError } from "@/lib/errors.ts";
import {
  computeInOrder,
  execute,
  internals,
  newTensor,
  openTensorFlow,
  type TensorFlowOptions,
} from "@/lib/tensorflow/backend/backend.ts";
import type { Cluster } from "@/lib/tensorflow/collectives/cluster.ts";
import { RankLostError } from "@/lib/tensorflow/collectives/rank_lost_error.ts";
import { checkRank } from "@/lib/tensorflow/collectives/server.ts";
import type { WatchOrder } from "@/lib/tensorflow/collectives/watch.ts";
import { ResourceVariable } from "@/lib/tensorflow/ops/resource_variable.ts";
import { Status, TensorFlowError } from "@/lib/tensorflow/library/c_api.ts";

export interface JoinOptions extends Pick<TensorFlowOptions, "device"> {
  /** How long the last may take to come: a batch system may need minutes from the first to the last. */
  readonly mostSeconds?: number | undefined;
  /** Called a few times a second with the rank that is waited for; what it throws ends the wait. */
  readonly onWait?: ((rank: string) => void) | undefined;
}

/**
 * Processes that work together by TensorFlow's collective ops (gRPC; NCCL between GPUs): what one of them does with
 * this, all do, in the same order. Whoever joins them disposes this.
 */
export class Ranks implements Disposable {
  readonly #cluster: Cluster;
  readonly #lost = new Int32Array(new SharedArrayBuffer(4));
  /** Above 0 where this rank, or with the last mean any, wishes to stop. */
  readonly #wish = scalarVariable();
  readonly #wishes = scalarVariable();
  /** NCCL, between GPUs, takes one collective after the other, and must on all ranks in the same order. */
  readonly #order = internals().device === "gpu" ? new ResourceVariable([]) : undefined;
  #watch: Worker | undefined;
  /** Every collective has a number of its own: those that are done once, upwards from 1. */
  #nextKey = 1;
  #nextProgram = 1;

  private constructor(cluster: Cluster) {
    this.#cluster = cluster;
    this.#watch = this.#startWatch();
  }

  /**
   * Opens TensorFlow and waits for the other ranks. Throws an InputError where the port is taken or a rank does not come
   * in time.
   */
  static async join(cluster: Cluster, { device, mostSeconds = 600, onWait }: JoinOptions): Promise<Ranks> {
    await openTensorFlow({ device, cluster });
    const { symbols, context: { pointer: context } } = internals();
    const status = new Status(symbols);
    const end = performance.now() + 1000 * mostSeconds;
    for (const [rank, address] of cluster.addresses.entries()) {
      const who = `rank ${rank} at ${address}`;
      while (rank !== cluster.rank) {
        try {
          checkRank(symbols, { context, rank, milliseconds: 1000 }, status);
          break;
        } catch (error) {
          if (!(error instanceof TensorFlowError)) throw error;
          onWait?.(who);
          if (performance.now() >= end) {
            throw new InputError(
              `Cannot train together: ${who} did not come in ${mostSeconds} s (${firstLine(error)})`,
            );
          }
          await new Promise((resolve) => setTimeout(resolve, 200));
        }
      }
    }
    status.delete();
    const ranks = new Ranks(cluster);
    try {
      // whoever ends from now on is missed by all, and waited for by none
      await ranks.meet(Math.ceil(Math.min(MEETING_SECONDS, mostSeconds)));
    } catch (error) {
      ranks[Symbol.dispose]();
      if (!(error instanceof TensorFlowError && error.code === "DEADLINE_EXCEEDED")) throw error;
      throw new InputError(
        `Cannot train together: at all ${cluster.addresses.length} addresses somebody answers, but not as the rank that is ` +
          "to be there; all must have the same addresses in the same order, and each a rank of its own",
      );
    }
    return ranks;
  }

  get rank(): number {
    return this.#cluster.rank;
  }

  get count(): number {
    return this.#cluster.addresses.length;
  }

  /** Tells the others that this rank wishes to stop, or not, with the next mean that they take. */
  wishToStop(wishes: boolean): void {
    tf.tidy(() => this.#wish.assign(tf.scalar(wishes ? 1 : 0)));
  }

  /** Whether, in the last mean that was taken, a rank wished to stop: all know of it alike. */
  get isStopping(): boolean {
    return this.#wishes.dataSync()[0]! > 0;
  }

  /** Throws a RankLostError once a rank is lost. */
  throwIfLost(): void {
    const rank = Atomics.load(this.#lost, 0) - 1;
    if (rank >= 0) throw new RankLostError(rank, this.#cluster.addresses[rank]!);
  }

  /** Waits until all have come to this, as long as it takes unless a time is given. Throws a RankLostError where one ends. */
  async meet(timeoutSeconds = 0): Promise<void> {
    try {
      this.#once(new Int32Array(1), timeoutSeconds);
    } catch (error) {
      throw await this.explain(error);
    }
  }

  /** What rank 0 gives, on every rank: it comes later, so they wait. Throws a RankLostError where that cannot be. */
  async fromFirst(bytes?: Uint8Array): Promise<Uint8Array> {
    try {
      const [length] = this.#once(Int32Array.of(this.rank === 0 ? bytes!.length : 0));
      if (length === 0) return new Uint8Array();
      const words = new Int32Array(Math.ceil(length! / 4));
      if (this.rank === 0) new Uint8Array(words.buffer).set(bytes!);
      return new Uint8Array(this.#once(words).buffer, 0, length);
    } catch (error) {
      throw await this.explain(error);
    }
  }

  /** The collectives of one function that is compiled; they begin anew each time it is traced, which is twice. */
  program(): () => Collectives {
    const firstKey = KEYS * this.#nextProgram++;
    const { rank, count } = this;
    const shared = { rank, count, wish: this.#wish, wishes: this.#wishes, order: this.#order?.handle };
    return () => new Collectives(firstKey, shared);
  }

  /** What to throw where a step threw this: a RankLostError, where a rank is lost or found to be so in a moment. */
  async explain(error: unknown): Promise<unknown> {
    if (!(error instanceof TensorFlowError)) return error;
    for (const end = performance.now() + EXPLAIN_MILLISECONDS; performance.now() < end;) {
      try {
        this.throwIfLost();
      } catch (lost) {
        return lost;
      }
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
    return error;
  }

  /** Parts with the others, once all have come to this: from now on they may end. */
  leave(): void {
    if (!this.#watch) return;
    this.#watch.terminate();
    this.#watch = undefined;
    try {
      this.#once(new Int32Array(1), PARTING_SECONDS);
    } catch {
      // one is gone that had nothing left to do for this one
    }
  }

  [Symbol.dispose](): void {
    this.#watch?.terminate();
    this.#watch = undefined;
    this.#order?.[Symbol.dispose]();
    tf.dispose([this.#wish, this.#wishes]);
  }

  /** The sum over ranks, done once. */
  #once(values: Int32Array, timeoutSeconds = 0): Int32Array {
    this.throwIfLost();
    const tensor = newTensor("int32", [values.length], values);
    try {
      const key = this.#nextKey++;
      const sum = reduce(tensor, { key, count: this.count, final: "Id", timeoutSeconds });
      const result = sum.dataSync() as Int32Array;
      sum.dispose();
      return result;
    } finally {
      tensor.dispose();
    }
  }

  #startWatch(): Worker {
    const { path, context } = internals();
    const worker = new Worker(new URL("./watch_worker.ts", import.meta.url), { type: "module", name: "watch" });
    const order: WatchOrder = {
      path,
      context: Deno.UnsafePointer.value(context.pointer),
      ranks: this.#cluster.addresses.map((_, rank) => rank).filter((rank) => rank !== this.rank),
      lost: this.#lost,
    };
    worker.postMessage(order);
    return worker;
  }
}

/** What all collectives of a rank have. */
interface Shared extends Pick<Ranks, "rank" | "count"> {
  readonly wish: tf.Variable;
  readonly wishes: tf.Variable;
  /** A resource that each takes, so that they come one after the other. */
  readonly order: tf.Tensor | undefined;
}

/** Collectives within a function that is compiled. */
class Collectives {
  readonly #shared: Shared;
  #key: number;

  /** See {@linkcode Ranks.program}. */
  constructor(firstKey: number, shared: Shared) {
    this.#key = firstKey;
    this.#shared = shared;
  }

  /**
   * The mean over ranks of each tensor, float32, by name. They go in buckets, the last first: a network's last gradients
   * are there while those before them are computed.
   */
  mean(tensors: tf.NamedTensorMap): tf.NamedTensorMap {
    const { wish, wishes } = this.#shared;
    const means = new Map<string, tf.Tensor>();
    for (const bucket of buckets([...Object.entries(tensors), [WISH, wish] as const].toReversed())) {
      const flat = bucket.map(([, tensor]) => tf.reshape(tensor, [-1]));
      const sizes = flat.map(({ size }) => size);
      const mean = this.meanOf(flat.length === 1 ? flat[0]! : tf.concat(flat));
      const parts = flat.length === 1 ? [mean] : tf.split(mean, sizes);
      bucket.forEach(([name, { shape }], i) => means.set(name, tf.reshape(parts[i]!, shape)));
    }
    wishes.assign(means.get(WISH)!);
    return Object.fromEntries(Object.keys(tensors).map((name) => [name, means.get(name)!]));
  }

  /** See the backend's function of that name. */
  computeInOrder(tensors: tf.NamedTensorMap): void {
    computeInOrder(Object.values(tensors));
  }

  /** The mean over ranks of one tensor, float32. */
  meanOf<T extends tf.Tensor>(tensor: T): T {
    return this.#reduce(tensor, "Div") as T;
  }

  /** [ranks, length]: every rank's tensor, float32 [length]. As a sum, which costs little where the length is small. */
  gather(tensor: tf.Tensor1D): tf.Tensor2D {
    const { rank, count } = this.#shared;
    const rows = tf.pad2d(tf.expandDims(tensor, 0), [[rank, count - 1 - rank], [0, 0]]);
    return this.#reduce(rows, "Id") as tf.Tensor2D;
  }

  #reduce(tensor: tf.Tensor, final: "Id" | "Div"): tf.Tensor {
    const { count, order } = this.#shared;
    return reduce(tensor, { key: this.#key++, count, final, order });
  }
}

type Named = readonly [name: string, tensor: tf.Tensor];

/** Tensors of a megabyte or more in all: fewer messages than one each, and yet most on their way before the last is computed. */
function* buckets(tensors: readonly Named[]): Generator<Named[]> {
  let bucket: Named[] = [];
  let size = 0;
  for (const named of tensors) {
    bucket.push(named);
    size += named[1].size;
    if (size < BUCKET) continue;
    yield bucket;
    [bucket, size] = [[], 0];
  }
  if (bucket.length > 0) yield bucket;
}

/** The sum over ranks, or by `final` their mean. */
function reduce(
  tensor: tf.Tensor,
  { key, count, final, order, timeoutSeconds = 0 }: {
    readonly key: number;
    readonly count: number;
    readonly final: "Id" | "Div";
    readonly order?: tf.Tensor | undefined;
    readonly timeoutSeconds?: number;
  },
): tf.Tensor {
  const attributes = {
    merge_op: "Add",
    final_op: final,
    communication_hint: "auto",
    timeout_seconds: timeoutSeconds,
    Nordering_token: order ? 1 : 0,
    max_subdivs_per_device: -1,
  };
  return tf.tidy(() => {
    const [groupSize, groupKey, instanceKey] = [count, GROUP, key].map((value) => tf.scalar(value, "int32"));
    const inputs = [tensor, groupSize!, groupKey!, instanceKey!, ...order ? [order] : []];
    return execute("CollectiveReduceV2", attributes, inputs, 1)[0]!;
  });
}

/** All that answer come to their meeting within a second or two. */
const MEETING_SECONDS = 60;
const PARTING_SECONDS = 20;
const EXPLAIN_MILLISECONDS = 5000;
const GROUP = 1;
/** More than one function has collectives. */
const KEYS = 1_000_000;
/** Numbers, four bytes each. */
const BUCKET = 1 << 18;
const WISH = "wish to stop";

/** Without what gRPC repeats below it. */
function firstLine({ message }: TensorFlowError): string {
  return message.split("\n")[0]!;
}

function scalarVariable(): tf.Variable {
  return tf.tidy(() => tf.variable(tf.scalar(0), false));
}
