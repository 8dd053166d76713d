import type { Config } from "@/lib/config.ts";
import type { OpenOptions } from "@/lib/data/sources/source.ts";
import { judgeFaces } from "@/lib/evaluate/held_out.ts";
import { makeHeldOut, validate } from "@/lib/experiment/measure.ts";
import { disposeParts, openParts } from "@/lib/experiment/parts.ts";
import { openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import { firstProgress } from "@/lib/train/checkpoint.ts";
import { train } from "@/lib/train/trainer.ts";

/** What a training would take. */
export interface Rehearsal {
  /** What it runs on, such as "tensorflow 2.21.0 · CPU, 2 threads". */
  readonly device: string;
  readonly parameterCount: number;
  /** What the process holds of the machine's memory, in bytes. */
  readonly residentBytes: number;
  /** What it takes of a GPU's memory, in bytes. */
  readonly gpuBytes: number | undefined;
  /** Of a step after the first, which is traced. */
  readonly stepSeconds: number;
  /** Of all steps and validations, and of the evaluation at the end. */
  readonly totalSeconds: number;
}

/** Steps, the first not counted: enough for the queue of batches, full at first, to show how fast it fills. */
const STEPS = 8;

/** Takes a few steps and a validation as a run would, to see what it takes, and writes nothing. Throws as a run does. */
export async function rehearse(config: Config, options: OpenOptions = {}): Promise<Rehearsal> {
  const steps = STEPS + 1;
  const gpu = config.backend === "tensorflow" ? (await openTensorFlow(config)).gpu : undefined;
  const freeBytes = gpu?.freeBytes();
  const { batches, ...parts } = await openParts(config, { ...options, progress: firstProgress(config) });
  try {
    using taken = batches!;
    const seconds: number[] = [];
    for await (const report of train({ ...parts, batches: taken }, { ...config, steps, firstStep: 0 })) {
      if (report.step > 1) seconds.push(report.seconds);
    }
    taken.close();
    const stepSeconds = seconds.reduce((sum, value) => sum + value) / seconds.length;
    const [making, faces] = await timed(() => makeHeldOut(parts, "validation"));
    const [judging] = await timed(async () => await validate(parts, await judgeFaces(parts.network, faces, config)));
    const validations = Math.ceil(config.steps / config.validateEvery);
    const testing = (making + judging) * config.testSamples / faces.length;
    return {
      device: parts.device,
      parameterCount: parts.network.countParams(),
      residentBytes: Deno.memoryUsage().rss,
      gpuBytes: gpu && freeBytes! - gpu.freeBytes(),
      stepSeconds,
      totalSeconds: config.steps * stepSeconds + making + validations * judging + testing,
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
