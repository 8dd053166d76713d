import * as tf from "@tensorflow/tfjs";
import { InputError } from "@/lib/errors.ts";
import { buildNetwork } from "@/lib/model/network.ts";
import { FusedAdam } from "@/lib/tensorflow/ops/adam.ts";
import { openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import { firstProgress, hasCheckpoint, loadCheckpoint, loadWeights, saveCheckpoint } from "@/lib/train/checkpoint.ts";
import { DivergenceError } from "@/lib/train/divergence.ts";
import { train } from "@/lib/train/trainer.ts";
import { assert, assertEquals, assertThrows } from "@/tests/support.ts";
import { noiseBatches, temporaryFolder, tinyConfig } from "@/tests/train/tiny.ts";

const tensorFlow = await openTensorFlow({ device: "cpu" });
const config = tinyConfig({ steps: 3 });
const progress = { ...firstProgress(config), step: 3, nextBatch: 3, bestNme: 4.5 };

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
async function trainedCheckpoint(prefix: string): Promise<Parts> {
  const parts = openParts();
  const mask = tf.ones([64, 64]) as tf.Tensor2D;
  for await (const _ of train({ ...parts, mask, batches: noiseBatches(3) }, { ...config, firstStep: 0 }));
  mask.dispose();
  await saveCheckpoint(prefix, { ...parts, progress });
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
  const prefix = `${folder.path}/last`;
  const counts = [tf.memory().numTensors, tensorFlow.handleCount];
  assert(!await hasCheckpoint(prefix));
  {
    using saved = await trainedCheckpoint(prefix);
    assert(await hasCheckpoint(prefix));
    using loaded = openParts({ seed: 8 });
    assertEquals(await loadCheckpoint(prefix, { ...loaded, config }), progress);
    assertEquals(weightValues(loaded.network), weightValues(saved.network));
    assertEquals(stateValues(loaded.optimizer), stateValues(saved.optimizer));
    using weightsOnly = openParts({ seed: 9 });
    await loadWeights(prefix, weightsOnly.network);
    assertEquals(weightValues(weightsOnly.network), weightValues(saved.network));
  }
  assertEquals([tf.memory().numTensors, tensorFlow.handleCount], counts);
});

Deno.test("loadCheckpoint() refuses another architecture, other widths and another seed, and changes nothing", async () => {
  await using folder = await temporaryFolder();
  const prefix = `${folder.path}/last`;
  using _ = await trainedCheckpoint(prefix);
  for (const overrides of [{ model: "prnet" }, { width: 8 }] as const) {
    using other = openParts(overrides);
    const before = weightValues(other.network);
    const settings = { ...config, ...overrides };
    const wanted = /Cannot load checkpoint .*\/last: it is of another network\. Wanted \S+ of shape \[.*\], found/;
    await assertThrows(() => loadCheckpoint(prefix, { ...other, config: settings }), InputError, wanted);
    await assertThrows(() => loadWeights(prefix, other.network), InputError, wanted);
    assertEquals(weightValues(other.network), before);
  }
  using same = openParts();
  const wanted = /\/last: it is of a run of lite with seed 7, wanted lite with seed 8/;
  await assertThrows(() => loadCheckpoint(prefix, { ...same, config: { ...config, seed: 8 } }), InputError, wanted);
});

Deno.test("loadCheckpoint() names the file that is damaged, cut or missing", async () => {
  await using folder = await temporaryFolder();
  const prefix = `${folder.path}/last`;
  using parts = await trainedCheckpoint(prefix);
  const files = [...Deno.readDirSync(folder.path)].map(({ name }) => `${folder.path}/${name}`);
  assertEquals(files.length, 3);
  for (const file of files) {
    const whole = await Deno.readFile(file);
    const flipped = whole.slice();
    flipped[whole.length >> 1]! ^= 1;
    for (const damaged of [flipped, whole.subarray(0, whole.length >> 1), new Uint8Array(0)]) {
      await Deno.writeFile(file, damaged);
      const error = await assertThrows(() => loadCheckpoint(prefix, { ...parts, config }), InputError, /^Cannot/);
      assert(error.message.includes(folder.path), error.message);
    }
    if (!file.endsWith(".json")) {
      await Deno.remove(file);
      await assertThrows(() => loadCheckpoint(prefix, { ...parts, config }), InputError, /there is no .*last/);
    }
    await Deno.writeFile(file, whole);
  }
  await loadCheckpoint(prefix, { ...parts, config });
});

Deno.test("saveCheckpoint() keeps the checkpoint before where a weight is not finite", async () => {
  await using folder = await temporaryFolder();
  const prefix = `${folder.path}/last`;
  using parts = await trainedCheckpoint(prefix);
  const good = weightValues(parts.network);
  const weight = parts.network.weights.at(-1)!;
  const nan = tf.fill(weight.shape as number[], NaN);
  weight.write(nan);
  nan.dispose();
  const later = { ...progress, step: 4 };
  await assertThrows(
    () => saveCheckpoint(prefix, { ...parts, progress: later }),
    DivergenceError,
    /not finite after step 4/,
  );
  assertEquals(await loadCheckpoint(prefix, { ...parts, config }), progress);
  assertEquals(weightValues(parts.network), good);
});
