import type { Cluster } from "@/lib/tensorflow/collectives/cluster.ts";
import type { Config } from "@/lib/config.ts";
import type { Bench, BenchOptions } from "./bench.ts";
import { type Command, denoCommand } from "./children.ts";
import { compare, type Row } from "./rows.ts";

export interface RankContestant extends Pick<Config, "architecture" | "imageSize" | "batchSize"> {
  readonly cluster: Cluster;
  readonly repetitions: number;
  /** Of both. */
  readonly threads: number;
}

/** Of each repetition. */
export interface RankSeconds {
  /** Of all gradients. */
  readonly bytes: number;
  readonly alone: number[];
  readonly together: number[];
  /** Of the gradients' mean with nothing beside it. */
  readonly exchange: number[];
}

const cases = [
  { architecture: "lite", imageSize: 128, batchSize: 16 },
  { architecture: "prnet", imageSize: 256, batchSize: 2 },
] as const;

/** Rates of a link as tc names them; undefined is this machine's own. */
const links = [undefined, "10gbit", "1gbit"] as const;
const spaces = ["posmap-0", "posmap-1"] as const;

/**
 * Which share of its steps a rank of two waits for the other: both on this machine, in network namespaces of their own
 * where there is a link between them of some rate. That needs root, and a kernel that has what tc asks for.
 */
export const ranksBench: Bench = async function* (options) {
  for (const link of links) {
    if (link && !await openLink(link, options)) return;
    try {
      for (const network of cases) {
        const name = `${network.architecture} ${network.imageSize}², batch ${network.batchSize}, ${link ?? "loopback"}`;
        if (options.only.test(name)) yield await measure(name, { ...network, link, options });
      }
    } finally {
      if (link) await closeLink();
    }
  }
};

async function measure(
  name: string,
  { link, options: { children, repetitions, threads }, ...network }: (typeof cases)[number] & {
    readonly link: string | undefined;
    readonly options: BenchOptions;
  },
): Promise<Row[]> {
  const addresses = spaces.map((_, rank) => link ? `${addressOf(rank)}:2222` : `127.0.0.1:${2222 + rank}`);
  const ranks = spaces.map((space, rank) => {
    const contestant: RankContestant = { ...network, repetitions, threads, cluster: { addresses, rank } };
    const command = denoCommand("ranks_ours.ts", contestant);
    return children.spawn(link ? within(space, command) : command);
  });
  const { bytes, alone, together, exchange }: RankSeconds = JSON.parse(await ranks[0]!.readLine());
  await Promise.all(ranks.map(({ ended }) => ended));
  const row = (what: string, unit: string, ours: readonly number[]) =>
    compare({ bench: "ranks", case: `${name}: ${what}`, unit, ours });
  return [
    row("waiting", "% of a step", together.map((seconds, i) => 100 * (1 - alone[i]! / seconds))),
    row("a step", "ms", together.map((seconds) => 1000 * seconds)),
    row(`${(bytes / 1e6).toFixed(1)} MB of gradients`, "ms", exchange.map((seconds) => 1000 * seconds)),
  ];
}

function addressOf(rank: number): string {
  return `10.77.0.${1 + rank}`;
}

function within(space: string, { program, args }: Command): Command {
  return { program: "ip", args: ["netns", "exec", space, program, ...args] };
}

/** Whether there is one now; else it is noted why not. */
async function openLink(rate: string, { note }: BenchOptions): Promise<boolean> {
  await closeLink(); // of a bench that was killed
  const ends = spaces.map((space) => [space, `${space.replace("posmap", "veth")}`] as const);
  const [[first, one], [second, other]] = ends as [[string, string], [string, string]];
  try {
    for (const space of spaces) await ip("netns", "add", space);
    await ip("link", "add", one, "netns", first, "type", "veth", "peer", "name", other, "netns", second);
    for (const [rank, [space, end]] of ends.entries()) {
      await ip("-n", space, "addr", "add", `${addressOf(rank)}/24`, "dev", end);
      for (const device of ["lo", end]) await ip("-n", space, "link", "set", device, "up");
      const queue = ["tbf", "rate", rate, "burst", "1mb", "latency", "50ms"];
      await ip("netns", "exec", space, "tc", "qdisc", "add", "dev", end, "root", ...queue);
    }
    return true;
  } catch (error) {
    note(`Left out, as this machine refuses it: a link of ${rate} (${(error as Error).message})`);
    await closeLink();
    return false;
  }
}

async function closeLink(): Promise<void> {
  for (const space of spaces) await ip("netns", "del", space).catch(() => {}); // is not there
}

async function ip(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("ip", { args, stdout: "null", stderr: "piped" }).output();
  if (!success) throw new Error(`ip ${args.join(" ")}: ${new TextDecoder().decode(stderr).trim()}`);
}
