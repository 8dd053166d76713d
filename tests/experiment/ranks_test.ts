import type { Config } from "@/lib/config.ts";
import { InputError } from "@/lib/errors.ts";
import { checkSame } from "@/lib/experiment/ranks.ts";
import type { RunNote } from "@/lib/train/run_note.ts";
import { runRanks } from "@/tests/tensorflow/collectives/together.ts";
import { assert, assertEquals, assertThrows, FLOAT32_TOLERANCE } from "@/tests/support.ts";
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
const synchronizing = config({ steps: 10, batchSize: 8 });
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

Deno.test("checkSame() passes what rank 0 has noted, and names what is otherwise: the faces, their source or the teacher", async () => {
  const first = { source: "model", fingerprint: "0123", landmarks: "300w-lp", teacher: "4567" };
  checkSame({ ...first }, first);
  const faces = (source: string) => new RegExp(`: the faces of the source ${source} here are not those of rank 0$`);
  const { teacher: _, ...untaught } = first;
  const cases: [RunNote, RegExp][] = [
    [{ ...first, source: "built-in" }, faces("built-in")],
    [{ ...first, fingerprint: "0124" }, faces("model")],
    [{ ...first, landmarks: "outline" }, faces("model")],
    [{ ...first, teacher: "4568" }, /: the teacher here is not that of rank 0$/],
    [untaught, /: the teacher here is not that of rank 0$/],
  ];
  for (const [here, sentence] of cases) await assertThrows(() => checkSame(here, first), InputError, sentence);
});
