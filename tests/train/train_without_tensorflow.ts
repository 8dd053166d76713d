// Run by other_backend_test.ts in a process of its own, which opens no library: train_without_tensorflow.ts RUN.
// Trains on tfjs's plain CPU backend, logs, saves, and goes on from what it saved; prints the weights at the end.
import * as tf from "@tensorflow/tfjs";
import type { HostBatch } from "@/lib/data/batches/batches.ts";
import { firstProgress, loadCheckpoint, readCheckpoint, saveCheckpoint, type Trained } from "@/lib/train/checkpoint.ts";
import { DivergenceError } from "@/lib/train/divergence.ts";
import type { Optimizer } from "@/lib/train/interfaces.ts";
import { RunFolder } from "@/lib/train/run_folder.ts";
import { RunLog } from "@/lib/train/run_log.ts";
import { train } from "@/lib/train/trainer.ts";
import { assert, assertEquals, assertThrows } from "@/tests/support.ts";
import { tinyConfig } from "@/tests/train/tiny.ts";

Deno.dlopen = () => {
  throw new Error("a library was opened");
};
await tf.setBackend("cpu");

/** Gradient descent with momentum. */
class Momentum implements Optimizer {
  #learningRate = 0;
  readonly #velocities = new Map<string, tf.Tensor>();

  setLearningRate(learningRate: number): void {
    this.#learningRate = learningRate;
  }

  applyGradients(gradients: tf.NamedTensorMap): void {
    for (const [name, gradient] of Object.entries(gradients)) {
      const place = this.#place(name);
      const before = this.#velocities.get(place);
      const velocity = tf.keep(before ? tf.add(tf.mul(before, 0.9), gradient) : gradient.clone());
      before?.dispose();
      this.#velocities.set(place, velocity);
      const variable = tf.engine().registeredVariables[name]!;
      variable.assign(tf.sub(variable, tf.mul(velocity, this.#learningRate)));
    }
  }

  state(): tf.NamedTensorMap {
    return Object.fromEntries([...this.#velocities].map(([place, velocity]) => [place, velocity.clone()]));
  }

  loadState(tensors: tf.NamedTensorMap): void {
    for (const [name, tensor] of Object.entries(tensors)) {
      if (name.startsWith("momentum/")) this.#velocities.set(name, tf.keep(tensor.clone()));
    }
  }

  /** A network that is built again has other names. */
  #place(name: string): string {
    return `momentum/${name.split("_")[0]}`;
  }
}

const SIZE = 8;
const config = tinyConfig({ steps: 6, learningRate: 0.5, schedule: "halve" });
const mask = tf.ones<tf.Rank.R2>([SIZE, SIZE]);
const [run] = Deno.args as [string];

function build(seed: number): Trained {
  const kernelInitializer = tf.initializers.glorotNormal({ seed });
  const layer = tf.layers.conv2d({
    inputShape: [SIZE, SIZE, 3],
    filters: 3,
    kernelSize: 3,
    padding: "same",
    kernelInitializer,
    name: "layer",
  });
  return { network: tf.sequential({ layers: [layer] }), optimizer: new Momentum() };
}

async function* batches(first: number, scale = 1): AsyncGenerator<HostBatch> {
  const length = SIZE * SIZE * 3;
  for (let index = first;; index++) {
    const images = Uint8Array.from({ length }, (_, i) => (i * 37 + index * 11) % 256);
    const targets = Float32Array.from(images, (value) => scale * value / 255);
    yield { index, imageSize: SIZE, batchSize: 1, images, targets, landmarks: new Float32Array(68 * 3) };
  }
}

function weights({ network }: Trained): number[] {
  return network.getWeights().flatMap((weight) => [...weight.dataSync()]);
}

async function trainOn(parts: Trained, { from, to }: { from: number; to: number }): Promise<number[]> {
  const reports = train({ ...parts, mask, batches: batches(from) }, { ...config, steps: to, firstStep: from });
  return (await Array.fromAsync(reports)).map(({ loss }) => loss);
}

using folder = await RunFolder.create(run, config);
const store = folder.checkpoints.last;
const parts = build(1);
const losses = await trainOn(parts, { from: 0, to: 3 });
const tensorCount = tf.memory().numTensors;
{
  using log = await RunLog.open(folder, 0);
  for (const [i, loss] of losses.entries()) await log.scalars({ step: i + 1, "train/loss": loss });
  await log.weights(parts.network, 3);
  await log.images("pictures", [{ width: 2, height: 1, rgb: Uint8Array.of(255, 0, 0, 0, 0, 255) }], 3);
  await saveCheckpoint(store, { ...parts, progress: { ...firstProgress(config), step: 3, nextBatch: 3 } });
}
assertEquals(tf.memory().numTensors, tensorCount);

const resumed = build(2);
const checkpoint = (await readCheckpoint(store))!;
loadCheckpoint(checkpoint, { ...resumed, config });
const [rest, resumedRest] = [await trainOn(parts, { from: 3, to: 6 }), await trainOn(resumed, { from: 3, to: 6 })];
assertEquals(resumedRest, rest);
assertEquals(weights(resumed), weights(parts));
assert(rest.at(-1)! < losses[0]!, `the loss went from ${losses[0]} to ${rest.at(-1)}`);
const counts = tf.memory().numTensors;
await trainOn(parts, { from: 0, to: 2 });
assertEquals(tf.memory().numTensors, counts);

const infinite = train({ ...parts, mask, batches: batches(0, Infinity) }, { ...config, firstStep: 0 });
await assertThrows(() => infinite.next(), DivergenceError, /the loss is not finite at step 1/);
console.log(JSON.stringify(losses));
