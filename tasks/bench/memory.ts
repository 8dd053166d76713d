import type { Config } from "@/lib/config.ts";
import type { Bench } from "./bench.ts";
import { denoCommand } from "./children.ts";
import { compare } from "./rows.ts";

export interface MemoryContestant extends Pick<Config, "architecture" | "imageSize" | "batchSize"> {
  /** After which memory is looked at. */
  readonly steps: readonly number[];
  readonly threads: number;
}

/** What a process holds. */
export interface Holdings {
  readonly residentBytes: number;
  readonly tensors: number;
  readonly handles: number;
}

const [FEW, MANY] = [200, 2_000] as const;
const MEGABYTE = 1e6;

/** What a long training holds beside what it held early on: the same, if nothing is left behind. Takes minutes. */
export const memoryBench: Bench = async function* ({ children, threads, note, only }) {
  const task: MemoryContestant = { architecture: "lite", imageSize: 64, batchSize: 16, steps: [FEW, MANY], threads };
  const name = `${task.architecture} ${task.imageSize}², batch ${task.batchSize}, after ${MANY} steps`;
  if (!only.test(name)) return;
  note(`memory: ${name}`);
  using child = children.spawn(denoCommand("memory_ours.ts", task));
  const few: Holdings = JSON.parse(await child.readLine());
  const many: Holdings = JSON.parse(await child.readLine());
  const row = (what: string, unit: string, [early, late]: [number, number]) =>
    compare({
      bench: "memory",
      case: `${name}, ${what}`,
      unit,
      ours: [late],
      peer: { name: `after ${FEW} steps`, values: [early], best: true },
    });
  yield [
    row("resident", "MB", [few.residentBytes / MEGABYTE, many.residentBytes / MEGABYTE]),
    row("tfjs", "tensors", [few.tensors, many.tensors]),
    row("TensorFlow", "handles", [few.handles, many.handles]),
  ];
};
