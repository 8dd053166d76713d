import { type Cluster, hostOf } from "@/lib/tensorflow/collectives/cluster.ts";
import type { Config } from "@/lib/config.ts";
import type { Bench, BenchOptions } from "./bench.ts";
import { type Command, denoCommand } from "./children.ts";
import { compare, type Row } from "./rows.ts";
import type { LineFigures } from "./measure_line.ts";

export interface RankContestant extends Pick<Config, "architecture" | "imageSize" | "batchSize"> {
  readonly cluster: Cluster;
  readonly repetitions: number;
  /** Threads of both ranks together. */
  readonly threads: number;
}

/** A line between the ranks: its rate as tc names it, and how long a packet is on its way. */
interface Line {
  readonly rate: string;
  readonly milliseconds: number;
}

/** What makes a line that packets are long on: two devices, and what is between them. */
export interface DelayLine extends Pick<Line, "milliseconds"> {
  readonly devices: readonly string[];
}

export interface RankSeconds extends LineFigures {
  /** Size of all gradients. */
  readonly bytes: number;
  // seconds of a step, for each repetition
  readonly alone: number[];
  readonly together: number[];
  /** Seconds for the gradients' mean with nothing beside it. */
  readonly exchange: number[];
  /** Seconds for the mean of one number. */
  readonly message: number[];
}

const cases = [
  { architecture: "lite", imageSize: 128, batchSize: 16 },
  { architecture: "prnet", imageSize: 256, batchSize: 2 },
] as const;

/** undefined is this machine's own. */
const lines: readonly (Line | undefined)[] = [
  undefined,
  ...["10gbit", "1gbit"].flatMap((rate) => [0, 0.1, 1, 5].map((milliseconds) => ({ rate, milliseconds }))),
];
const spaces = ["posmap-0", "posmap-1"] as const;
/** Bytes of a packet: large ones arrive as fast as the line could carry them, though what passes them on is a program. */
const MTU = 60_000;
/** What a connection sends before it hears of the first: as near as there can be to the usual ten packets of 1500 bytes. */
const FIRST_PACKETS = 1;

/**
 * Which share of its steps a rank of two waits for the other: both on this machine, in network namespaces of their own
 * where there is a line between them. That needs root, and a kernel that has what tc asks for.
 */
export const ranksBench: Bench = async function* (options) {
  for (const line of lines) {
    const place = line ? `${line.rate}, ${line.milliseconds} ms` : "loopback";
    const named = cases.map((network) => ({
      ...network,
      name: `${network.architecture} ${network.imageSize}², batch ${network.batchSize}, ${place}`,
    })).filter(({ name }) => options.only.test(name));
    if (named.length === 0) continue;
    await using opened = line && await openLine(line, options);
    if (line && !opened) continue;
    for (const network of named) yield await measure({ ...network, line, options });
  }
};

async function measure(
  { name, line, options: { children, repetitions, threads }, ...network }: (typeof cases)[number] & {
    readonly name: string;
    readonly line: Line | undefined;
    readonly options: BenchOptions;
  },
): Promise<Row[]> {
  const addresses = spaces.map((_, rank) => line ? `${addressOf(rank)}:2222` : `127.0.0.1:${2222 + 10 * rank}`);
  const ranks = spaces.map((space, rank) => {
    const contestant: RankContestant = { ...network, repetitions, threads, cluster: { addresses, rank } };
    const command = denoCommand("ranks_ours.ts", contestant, { net: addresses.map(hostOf) });
    return children.spawn(line ? within(space, command) : command);
  });
  const { bytes, alone, together, exchange, message, roundTrip, stream }: RankSeconds = JSON.parse(
    await ranks[0]!.readLine(),
  );
  await Promise.all(ranks.map(({ ended }) => ended));
  const row = (what: string, unit: string, ours: readonly number[]) =>
    compare({ bench: "ranks", case: `${name}: ${what}`, unit, ours });
  const milliseconds = (what: string, seconds: readonly number[]) =>
    row(what, "ms", seconds.map((value) => 1000 * value));
  return [
    row("waiting", "% of a step", together.map((seconds, i) => 100 * (1 - alone[i]! / seconds))),
    milliseconds("a step", together),
    milliseconds("a step alone", alone),
    milliseconds(`${(bytes / 1e6).toFixed(1)} MB of gradients`, exchange),
    milliseconds("one number", message),
    milliseconds("TCP, there and back", roundTrip),
    row("TCP, a stream", "MB/s", stream.map((rate) => rate / 1e6)),
  ];
}

function addressOf(rank: number): string {
  return `10.77.0.${1 + rank}`;
}

function within(space: string, { program, args }: Command): Command {
  return { program: "ip", args: ["netns", "exec", space, program, ...args] };
}

/** A line, until it is disposed; undefined where it is noted why there is none. */
async function openLine(
  { rate, milliseconds }: Line,
  { children, note }: BenchOptions,
): Promise<AsyncDisposable | undefined> {
  await using opened = new AsyncDisposableStack();
  await removeSpaces(); // of a bench that was killed
  opened.defer(removeSpaces);
  const [one, other] = spaces;
  try {
    for (const space of spaces) await ip("netns", "add", space);
    if (milliseconds === 0) {
      await ip("link", "add", one, "netns", one, "type", "veth", "peer", "name", other, "netns", other);
    } else {
      const delayLine: DelayLine = { devices: spaces, milliseconds };
      await opened.use(children.spawn(denoCommand("delay_line.ts", delayLine))).readLine();
      for (const space of spaces) {
        await ip("link", "set", space, "netns", space);
        await ip("-n", space, "link", "set", space, "mtu", String(MTU));
      }
    }
    for (const [rank, space] of spaces.entries()) {
      await ip("-n", space, "addr", "add", addressOf(rank), "dev", space);
      for (const device of ["lo", space]) await ip("-n", space, "link", "set", device, "up");
      await ip("-n", space, "route", "add", "10.77.0.0/24", "dev", space, "initcwnd", String(FIRST_PACKETS));
      const queue = ["tbf", "rate", rate, "burst", "1mb", "latency", "50ms"];
      await ip("netns", "exec", space, "tc", "qdisc", "add", "dev", space, "root", ...queue);
    }
    return opened.move();
  } catch (error) {
    note(`Left out, as this machine refuses it: a line of ${rate} (${(error as Error).message})`);
    return undefined;
  }
}

async function removeSpaces(): Promise<void> {
  for (const space of spaces) await ip("netns", "del", space).catch(() => {}); // is not there
}

async function ip(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("ip", { args, stdout: "null", stderr: "piped" }).output();
  if (!success) throw new Error(`ip ${args.join(" ")}: ${new TextDecoder().decode(stderr).trim()}`);
}
