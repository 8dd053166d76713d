import { type Config, resolveConfig } from "@/lib/config.ts";
import type { Bench, BenchOptions } from "./bench.ts";
import { denoCommand } from "./children.ts";
import { type Entrant, hold, processEntrant } from "./contest.ts";

export interface TrainContestant
  extends Pick<Config, "architecture" | "imageSize" | "batchSize" | "loss" | "l2" | "learningRate"> {
  /** In one repetition. */
  readonly steps: number;
  readonly threads: number;
}

const contests = [
  { architecture: "prnet", imageSize: 256, batchSize: 4, steps: 2 },
  { architecture: "prnet", imageSize: 256, batchSize: 16, steps: 1 },
  { architecture: "lite", imageSize: 256, batchSize: 16, steps: 8 },
  { architecture: "lite", imageSize: 256, batchSize: 64, steps: 2 },
  { architecture: "lite", imageSize: 128, batchSize: 64, steps: 4 },
] as const;

/** Steps of the product's own training, on a batch already made, beside the same network, loss and Adam in PyTorch. */
export const trainBench: Bench = async function* (options) {
  for (const contest of contests) {
    const { architecture, imageSize, batchSize } = contest;
    const name = `${architecture} ${imageSize}², batch ${batchSize}`;
    const { loss, l2, learningRate } = resolveConfig(architecture);
    const task: TrainContestant = { ...contest, loss, l2, learningRate, threads: options.threads };
    const ours = processEntrant(
      { name: "posmap" },
      denoCommand("train_ours.ts", task),
    );
    yield await hold(
      { bench: "train", case: name, ours, peers: torchEntrants("train_torch.py", task, options) },
      options,
    );
  }
};

/** PyTorch in both memory formats, as it comes and, if wanted, under tcmalloc. */
export function torchEntrants(script: string, task: object, { peers }: Pick<BenchOptions, "peers">): Entrant[] {
  if (!peers.has("torch")) return [];
  const allocators = [
    { kind: peers.nameOf("torch"), preload: undefined },
    ...peers.has("tcmalloc") ? [{ kind: `${peers.nameOf("torch")} tcmalloc`, preload: peers.tcmalloc }] : [],
  ];
  return allocators.flatMap(({ kind, preload }) =>
    ["contiguous", "channels_last"].map((format) =>
      processEntrant({ name: `${kind} ${format}`, kind }, peers.python(script, { ...task, format, preload }))
    )
  );
}
