import * as tf from "@tensorflow/tfjs";
import { InputError } from "@/lib/errors.ts";
import { CheckpointSeries } from "@/lib/formats/checkpoint_series.ts";
import { buildNetwork } from "@/lib/model/network.ts";
import { FusedAdam } from "@/lib/tensorflow/ops/adam.ts";
import { openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import { firstProgress, loadCheckpoint, loadWeights, readCheckpoint, saveCheckpoint } from "@/lib/train/checkpoint.ts";
import { DivergenceError } from "@/lib/train/divergence.ts";
import type { CheckpointStore } from "@/lib/train/interfaces.ts";
import { train } from "@/lib/train/trainer.ts";
import { assertEquals, assertThrows } from "@/tests/support.ts";
import { noiseBatches, temporaryFolder, tinyConfig } from "@/tests/train/tiny.ts";

const tensorFlow = await openTensorFlow({ device: "cpu" });
const config = tinyConfig({ steps: 3 });
const progress = { ...firstProgress(config), step: 3, nextBatch: 3, leastErrors: [4.5, 3.5] };

interface Parts extends Disposable {
  readonly network: tf.LayersModel;
  readonly optimizer: FusedAdam;
}

function openParts(overrides: Parameters<typeof tinyConfig>[0] = {}): Parts {
  const settings = { ...config, ...overrides };
  const network = buildNetwork(settings);
  const optimizer = new FusedAdam(settings.learningRate);
  const dispose = () => {
    network.dispose();
    optimizer.dispose();
  };
  return { network, optimizer, [Symbol.dispose]: dispose };
}

/** A checkpoint after three steps, and what it holds. */
async function trainedCheckpoint(store: CheckpointStore): Promise<Parts> {
  const parts = openParts();
  const mask = tf.ones([64, 64]) as tf.Tensor2D;
  for await (const _ of train({ ...parts, mask, batches: noiseBatches(3) }, { ...config, firstStep: 0 }));
  mask.dispose();
  await saveCheckpoint(store, { ...parts, progress });
  return parts;
}

function weightValues(network: tf.LayersModel): number[][] {
  return network.weights.map((weight) => [...weight.read().dataSync()]);
}

function stateValues(optimizer: FusedAdam): Record<string, number[]> {
  const state = optimizer.state();
  const values = Object.fromEntries(Object.entries(state).map(([name, tensor]) => [name, [...tensor.dataSync()]]));
  tf.dispose(state);
  return values;
}

Deno.test("loadCheckpoint() undoes saveCheckpoint(): weights, moving averages, optimizer, progress", async () => {
  await using folder = await temporaryFolder();
  const store = await CheckpointSeries.open(`${folder.path}/last`);
  const counts = [tf.memory().numTensors, tensorFlow.handleCount];
  assertEquals(await readCheckpoint(store) === undefined, true);
  {
    using empty = openParts({ seed: 8 });
    const initial = weightValues(empty.network);
    await loadWeights(store, empty.network);
    assertEquals(weightValues(empty.network), initial);
    using saved = await trainedCheckpoint(store);
    using loaded = openParts({ seed: 8 });
    const checkpoint = await readCheckpoint(store);
    assertEquals(checkpoint!.progress, progress);
    loadCheckpoint(checkpoint!, { ...loaded, config });
    assertEquals(weightValues(loaded.network), weightValues(saved.network));
    assertEquals(stateValues(loaded.optimizer), stateValues(saved.optimizer));
    using weightsOnly = openParts({ seed: 9 });
    await loadWeights(store, weightsOnly.network);
    assertEquals(weightValues(weightsOnly.network), weightValues(saved.network));
  }
  assertEquals([tf.memory().numTensors, tensorFlow.handleCount], counts);
});

Deno.test("loadCheckpoint() refuses another architecture, other widths and another seed, and changes nothing", async () => {
  await using folder = await temporaryFolder();
  const store = await CheckpointSeries.open(`${folder.path}/last`);
  using _ = await trainedCheckpoint(store);
  const checkpoint = (await readCheckpoint(store))!;
  for (const overrides of [{ architecture: "prnet" }, { width: 8 }] as const) {
    using other = openParts(overrides);
    const before = weightValues(other.network);
    const settings = { ...config, ...overrides };
    const wanted = /Cannot load checkpoint .*\/last-1: it is of another network\. Wanted \S+ of shape \[.*\], found/;
    await assertThrows(() => loadCheckpoint(checkpoint, { ...other, config: settings }), InputError, wanted);
    await assertThrows(() => loadWeights(store, other.network), InputError, wanted);
    assertEquals(weightValues(other.network), before);
  }
  using same = openParts();
  const wanted = /\/last-1: it is of a run of lite with seed 7, wanted lite with seed 8/;
  await assertThrows(() => loadCheckpoint(checkpoint, { ...same, config: { ...config, seed: 8 } }), InputError, wanted);
});

Deno.test("readCheckpoint() refuses a checkpoint that does not say where its run stood", async () => {
  await using folder = await temporaryFolder();
  const store = await CheckpointSeries.open(`${folder.path}/last`);
  await store.save([{ name: "weights", dtype: "float32", shape: [1], values: new Float32Array(1) }]);
  await assertThrows(() => readCheckpoint(store), InputError, /Cannot go on from checkpoint .*last-1: it does not say/);
});

Deno.test("saveCheckpoint() keeps the checkpoint before where a weight is not finite", async () => {
  await using folder = await temporaryFolder();
  const store = await CheckpointSeries.open(`${folder.path}/last`);
  using parts = await trainedCheckpoint(store);
  const good = weightValues(parts.network);
  const weight = parts.network.weights.at(-1)!;
  const nan = tf.fill(weight.shape as number[], NaN);
  weight.write(nan);
  nan.dispose();
  const later = { ...progress, step: 4 };
  await assertThrows(
    () => saveCheckpoint(store, { ...parts, progress: later }),
    DivergenceError,
    /not finite after step 4/,
  );
  const checkpoint = (await readCheckpoint(store))!;
  assertEquals(checkpoint.progress, progress);
  loadCheckpoint(checkpoint, { ...parts, config });
  assertEquals(weightValues(parts.network), good);

  const state = parts.optimizer.state();
  const [name, moment] = Object.entries(state).at(-1)!;
  const infinite = tf.fill(moment.shape, Infinity);
  parts.optimizer.loadState({ ...state, [name]: infinite });
  tf.dispose([state, infinite]);
  await assertThrows(
    () => saveCheckpoint(store, { ...parts, progress: later }),
    DivergenceError,
    /the optimizer's state is not finite after step 4/,
  );
});
