import { type Cluster, hostOf } from "@/lib/tensorflow/collectives/cluster.ts";

/** What a plain connection between two ranks gives, for the first of them. */
export interface LineFigures {
  /** Seconds there and back, each time. */
  readonly roundTrip: number[];
  /** Bytes a second of a new connection's stream, each time. */
  readonly stream: number[];
}

const [PORT, TRIES, ROUND_TRIPS, STREAMS, BYTES] = [2300, 200, 20, 3, 64_000_000] as const;

/** Measures the line between the two ranks of a cluster, which have hosts or ports of their own. */
export async function measureLine({ addresses, rank }: Cluster): Promise<LineFigures> {
  const address = { hostname: hostOf(addresses[1]!), port: PORT };
  const figures: LineFigures = { roundTrip: [], stream: [] };
  using listener = rank === 1 ? Deno.listen(address) : undefined;
  const connect = () => listener ? listener.accept() : called(address);
  using echoing = await connect();
  echoing.setNoDelay(true);
  for (let i = 0; i < ROUND_TRIPS; i++) {
    figures.roundTrip.push(await secondsOf(() => exchange(echoing, { isFirst: rank === 0, bytes: 1 })));
  }
  for (let i = 0; i < STREAMS; i++) {
    using streaming = await connect();
    const seconds = await secondsOf(() => exchange(streaming, { isFirst: rank === 0, bytes: BYTES }));
    figures.stream.push(BYTES / seconds);
  }
  return figures;
}

/** The first sends `bytes` bytes, and the other answers with one when all are there. */
async function exchange(
  { readable, writable }: Deno.TcpConn,
  { isFirst, bytes }: { readonly isFirst: boolean; readonly bytes: number },
): Promise<void> {
  using reader = taken(readable.getReader());
  using writer = taken(writable.getWriter());
  const part = new Uint8Array(Math.min(bytes, 1 << 20));
  for (let left = isFirst ? bytes : 0; left > 0; left -= part.length) await writer.lock.write(part.subarray(0, left));
  for (let left = isFirst ? 1 : bytes; left > 0;) {
    const { value } = await reader.lock.read();
    if (!value) throw new Error("The line was cut");
    left -= value.length;
  }
  if (!isFirst) await writer.lock.write(part.subarray(0, 1));
}

function taken<T extends { releaseLock(): void }>(lock: T): Disposable & { readonly lock: T } {
  return { lock, [Symbol.dispose]: () => lock.releaseLock() };
}

/** A connection to one who may not listen yet. */
async function called(address: Deno.ConnectOptions): Promise<Deno.TcpConn> {
  for (let i = 0;; i++) {
    try {
      return await Deno.connect(address);
    } catch (error) {
      if (i === TRIES) throw error;
      await new Promise((resolve) => setTimeout(resolve, 100));
    }
  }
}

async function secondsOf(take: () => Promise<void>): Promise<number> {
  const start = performance.now();
  await take();
  return (performance.now() - start) / 1000;
}
