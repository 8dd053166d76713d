import process from "node:process";
import type { Config } from "@/lib/config.ts";
import type { OpenOptions } from "@/lib/data/sources/source.ts";
import { judgeFaces } from "@/lib/evaluate/held_out.ts";
import { mean } from "@/lib/numbers.ts";
import { heldOutCount, makeHeldOut, measuredBytes, validate } from "@/lib/experiment/measure.ts";
import { disposeParts, openParts, type PartsOptions } from "@/lib/experiment/parts.ts";
import { openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import { firstProgress } from "@/lib/train/checkpoint.ts";
import { train } from "@/lib/train/trainer.ts";

/** What a training would take. */
export interface Rehearsal {
  /** The settings that the training would have: of what faces cannot teach, such as photos expressions, nothing. */
  readonly config: Config;
  /** What it runs on, such as "tensorflow 2.21.0 · CPU, 2 threads". */
  readonly device: string;
  readonly parameterCount: number;
  /** What the process takes of the machine's memory at most, in bytes, the evaluation at the end included. */
  readonly peakBytes: number;
  /** What it takes of a GPU's memory, in bytes. */
  readonly gpuBytes: number | undefined;
  /** What a step after the first takes, which is traced. */
  readonly stepSeconds: number;
  /** What opening all, the steps and validations that are left, and the evaluation at the end take; the report, seconds more. */
  readonly totalSeconds: number;
}

/** Steps, the first not counted: enough for the queue of batches, full at first, to show how fast it fills. */
const STEPS = 8;

interface RehearseOptions extends Pick<PartsOptions, "from" | "onWarning">, OpenOptions {
  /** Steps that the run has taken, 0 unless given. */
  readonly firstStep?: number;
}

/** Takes a few steps and a validation as a run would, to see what it takes, and writes nothing. Throws as a run does. */
export async function rehearse(
  wanted: Config,
  { firstStep = 0, ...options }: RehearseOptions = {},
): Promise<Rehearsal> {
  const steps = STEPS + 1;
  const gpu = wanted.backend === "tensorflow" ? (await openTensorFlow(wanted)).gpu : undefined;
  const freeBytes = gpu?.freeBytes();
  const [opening, { batches, ...parts }] = await timed(() =>
    openParts(wanted, { ...options, progress: firstProgress(wanted) })
  );
  const { config } = parts;
  try {
    using taken = batches!;
    const [training, seconds] = await timed(async () => {
      const reports = await Array.fromAsync(train({ ...parts, batches: taken }, { ...config, steps, firstStep: 0 }));
      return reports.slice(1).map(({ seconds }) => seconds);
    });
    taken.close();
    const stepSeconds = mean(seconds);
    const starting = opening + training - steps * stepSeconds; // the first step is traced, and waits for the first batch
    const [making, faces] = await timed(() => makeHeldOut(parts, "validation"));
    const [judging] = await timed(async () => await validate(parts, await judgeFaces(parts.network, faces, config)));
    const stepsLeft = Math.max(0, config.steps - firstStep);
    const validations = Math.ceil(stepsLeft / config.validateEvery);
    const testCount = heldOutCount(parts, "test");
    const testing = (making + judging) * testCount / faces.length;
    return {
      config,
      device: parts.device,
      parameterCount: parts.network.countParams(),
      peakBytes: 1024 * process.resourceUsage().maxRSS + measuredBytes(testCount, config),
      gpuBytes: gpu && freeBytes! - gpu.freeBytes(),
      stepSeconds,
      totalSeconds: starting + stepsLeft * stepSeconds + making + validations * judging + testing,
    };
  } finally {
    disposeParts(parts);
  }
}

async function timed<T>(work: () => T | Promise<T>): Promise<[seconds: number, result: T]> {
  const start = performance.now();
  const result = await work();
  return [(performance.now() - start) / 1000, result];
}
