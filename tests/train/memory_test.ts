import process from "node:process";
import * as tf from "@tensorflow/tfjs";
import type { HostBatch } from "@/lib/data/batches/batches.ts";
import { buildNetwork } from "@/lib/model/network.ts";
import { FusedAdam } from "@/lib/tensorflow/ops/adam.ts";
import { openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import { train } from "@/lib/train/trainer.ts";
import { assert, assertEquals } from "@/tests/support.ts";
import { garbageCollector } from "@/tests/attacks/budget.ts";
import { attacks, soaks } from "@/tests/attacks/soak.ts";
import { noiseBatches, tinyConfig } from "@/tests/train/tiny.ts";

const STEPS = attacks(2500, 100_000);

/** What counting open files opens itself comes and goes. */
const PIPES = 6;

/** Steps that may still allocate what stays. */
const BURN_IN = STEPS / 10;

/** The bound on how much resident memory may grow. */
const GROWTH = 1.02;

/**
 * The bound on the processor time of the fastest hundredth among the last quarter of steps, in that of the fastest among an
 * early quarter. A soak alone asks for it, which has the machine to itself: beside other tests even processor time is a third
 * more at times, as two threads share a core.
 */
const SLOWING = 1.3;

Deno.test("train() leaves no tensor and no handle behind at any step, and resident memory as it was", async () => {
  const tensorFlow = await openTensorFlow({ device: "cpu" });
  const config = tinyConfig({ steps: STEPS });
  const network = buildNetwork(config);
  const optimizer = new FusedAdam(config.learningRate);
  const mask = tf.ones([config.imageSize, config.imageSize]) as tf.Tensor2D;
  const batches = repeat((await Array.fromAsync(noiseBatches(2))).map(firstSample));
  const collect = garbageCollector();
  let counts: number[] | undefined;
  const files: number[] = [];
  const resident: number[] = [];
  const seconds: number[] = [];
  let before = process.cpuUsage();
  for await (const { step } of train({ network, batches, mask, optimizer }, { ...config, firstStep: 0 })) {
    const found = [tf.memory().numTensors, tensorFlow.handleCount];
    if (step >= 2) assertEquals(found, counts ??= found); // the first steps allocate what the optimizer keeps
    if (step % (STEPS / 100) !== 0) continue;
    const { user, system } = process.cpuUsage(before);
    seconds.push((user + system) / 1e6);
    collect();
    before = process.cpuUsage();
    if (step < BURN_IN) continue;
    resident.push(Deno.memoryUsage().rss);
    files.push(await openFiles());
  }
  const [first, last] = [resident[0]!, resident.at(-1)!];
  assert(last <= GROWTH * first, `resident memory grew from ${first} to ${last} bytes`);
  const [early, late] = [Math.min(...seconds.slice(5, 30)), Math.min(...seconds.slice(-25))];
  assert(!soaks || late <= SLOWING * early, `a hundredth of the steps took ${early} s early on, ${late} s at the end`);
  const [least, most] = [Math.min(...files), Math.max(...files)];
  assert(!(most - least > PIPES), `there were ${least} to ${most} open files`);
  network.dispose();
  optimizer.dispose();
  mask.dispose();
});

/** NaN where the system does not say. */
async function openFiles(): Promise<number> {
  if (Deno.build.os !== "linux") return NaN;
  const { stdout } = await new Deno.Command("ls", { args: [`/proc/${Deno.pid}/fd`] }).output();
  return new TextDecoder().decode(stdout).trimEnd().split("\n").length;
}

/** The batch cut to its first sample: what a step leaves behind does not depend on how many there are. */
function firstSample(batch: HostBatch): HostBatch {
  const one = <T extends Uint8Array | Float32Array>(of: T) => of.slice(0, of.length / batch.batchSize) as T;
  const { images, targets, landmarks, expressions } = batch;
  return {
    ...batch,
    batchSize: 1,
    images: one(images),
    targets: one(targets),
    landmarks: one(landmarks),
    expressions: one(expressions!),
  };
}

async function* repeat<T>(values: readonly T[]): AsyncGenerator<T> {
  while (true) yield* values;
}
