import type { Config } from "@/lib/config.ts";
import { runRanks } from "@/tests/tensorflow/collectives/together.ts";
import { assert, assertEquals, FLOAT32_TOLERANCE } from "@/tests/support.ts";
import { saveTinyModel } from "@/tests/tasks/tiny_model.ts";
import { temporaryFolder, tinyConfig } from "@/tests/train/tiny.ts";

const script = new URL("./train_rank.ts", import.meta.url);

/** The weights that ranks have in the end, moving statistics too: of each of the settings in turn, those of each rank. */
async function trained(count: number, ...configs: Config[]): Promise<Float32Array[]> {
  await using folder = await temporaryFolder();
  await runRanks(script, count, JSON.stringify(configs), `${folder.path}/weights`);
  const files = configs.flatMap((_, i) => Array.from({ length: count }, (_, rank) => `weights.${i}.${rank}`));
  return files.map((name) => new Float32Array(Deno.readFileSync(`${folder.path}/${name}`).buffer));
}

/** The largest difference of two runs' weights. */
function difference(a: Float32Array, b: Float32Array): number {
  return a.reduce((most, value, i) => Math.max(most, Math.abs(value - b[i]!)), 0);
}

const settings: Partial<Config> = { learningRate: 0.01, loss: "mse", augment: false };
const config = (overrides: Partial<Config>) => tinyConfig({ ...settings, ...overrides });
// covered faces at three times the rate let a rounding of 6e-8 after the first step grow to 3e-4
const synchronizing = config({ steps: 20, batchSize: 8 });
await using folder = await temporaryFolder();
await saveTinyModel(folder.path);
const accumulating = config({ steps: 3, batchSize: 8, gradAccumulate: 2, teacher: folder.path });
// all that one process trains, and all that two do, for both tests
const [start, alone, accumulatedAlone, once] = await trained(
  1,
  config({ batchSize: 1, steps: 1, learningRate: 1e-30 }), // untrained
  { ...synchronizing, batchSize: 16 },
  accumulating,
  { ...accumulating, batchSize: 16, gradAccumulate: 1 },
);
const [first, second, apart, , firstAccumulated, secondAccumulated] = await trained(
  2,
  { ...synchronizing, syncBatchNorm: true },
  synchronizing,
  { ...accumulating, batchSize: 4, syncBatchNorm: true },
);

Deno.test("2 ranks of batch 8 with synchronized statistics train as 1 rank of batch 16, and to the same bits; without them they do not", () => {
  assertEquals(difference(first!, second!), 0);
  const [synchronized, moved] = [difference(first!, alone!), difference(start!, alone!)];
  assert(synchronized <= FLOAT32_TOLERANCE && moved > 1000 * FLOAT32_TOLERANCE, `${synchronized} of ${moved}`);
  const unsynchronized = difference(apart!, alone!);
  assert(unsynchronized > 10 * FLOAT32_TOLERANCE, `${unsynchronized}`);
});

Deno.test("2 ranks that accumulate gradients train as 1 rank does on the same faces", () => {
  assertEquals(difference(firstAccumulated!, secondAccumulated!), 0);
  const accumulated = difference(firstAccumulated!, accumulatedAlone!);
  assert(accumulated <= FLOAT32_TOLERANCE, `${accumulated}`);
  assert(difference(once!, accumulatedAlone!) > 10 * FLOAT32_TOLERANCE);
});
