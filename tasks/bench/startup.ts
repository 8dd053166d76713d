import { resolveConfig } from "@/lib/config.ts";
import { readMetrics } from "@/lib/train/run_folder.ts";
import type { Bench, BenchOptions } from "./bench.ts";
import type { Child, Children, Command } from "./children.ts";
import { type Contestant, type Entrant, hold } from "./contest.ts";

/** How long a user waits, from the command on: for the help, and for the first step of training lite. */
export const startupBench: Bench = async function* (options) {
  const { peers, threads } = options;
  yield await hold({
    bench: "startup",
    case: "deno task train --help",
    ours: oneShot("posmap", denoTask("train", "--help"), untilEnd),
    peers: torchEntrants(options, peers.python("startup_torch.py", { until: "help" }), untilEnd),
  }, options);
  const { imageSize, batchSize, learningRate } = resolveConfig("lite");
  const task = { until: "step", imageSize, batchSize, learningRate, threads };
  yield await hold({
    bench: "startup",
    case: `first step of lite at ${imageSize}², batch ${batchSize}`,
    ours: firstStep,
    peers: torchEntrants(options, peers.python("startup_torch.py", task), (child) => child.readLine()),
  }, options);
};

/** `deno task` passes SIGTERM on to the program that it runs, which would outlive a kill. */
export function denoTask(...taskArguments: string[]): Command {
  return { program: Deno.execPath(), args: ["task", "--quiet", ...taskArguments], endedBy: "SIGTERM" };
}

function torchEntrants({ peers }: BenchOptions, command: Command, until: Until): Entrant[] {
  return peers.has("torch") ? [oneShot(peers.nameOf("torch"), command, until)] : [];
}

/** Waits until the program has come as far as is measured. */
type Until = (child: Child) => Promise<unknown>;

export async function untilEnd(child: Child): Promise<void> {
  if (!await child.ended) throw await child.failure();
}

/** A program that is started anew in each repetition. */
function oneShot(name: string, command: Command, until: Until): Entrant {
  return repeated(name, async (children) => {
    using child = children.spawn(command);
    const start = performance.now();
    await until(child);
    return (performance.now() - start) / 1000;
  });
}

const POLL_MS = 20;

/** The first line of the run's metrics tells it. */
const firstStep = repeated("posmap", async (children) => {
  const run = await Deno.makeTempDir({ prefix: "posmap-bench-" });
  try {
    const start = performance.now();
    using child = children.spawn(denoTask("train", "lite", "--device", "cpu", "--run", run));
    let ended = false;
    child.ended.then(() => ended = true);
    for (;;) {
      if ((await readMetrics(run)).length > 0) break;
      if (ended) throw await child.failure();
      await new Promise((resolve) => setTimeout(resolve, POLL_MS));
    }
    const seconds = (performance.now() - start) / 1000;
    child[Symbol.dispose]();
    await child.ended;
    return seconds;
  } finally {
    await Deno.remove(run, { recursive: true });
  }
});

/** An entrant of which each repetition gives seconds. */
export function repeated(name: string, seconds: (children: Children) => Promise<number>): Entrant {
  return {
    name,
    async open(children): Promise<Contestant> {
      await seconds(children); // files come from memory afterwards, for all
      return {
        repeat: async () => ({ figures: [{ unit: "s", value: await seconds(children) }] }),
        [Symbol.dispose]() {},
      };
    },
  };
}
