import { judge } from "@/tasks/notebooks/judge.ts";
import { codeCells, readNotebook, sourceOf } from "@/tasks/notebooks/notebook.ts";
import { pythonPackages } from "@/tasks/notebooks/python.ts";
import { assert, assertEquals } from "@/tests/support.ts";

const folder = `${import.meta.dirname}/../notebooks`;
const names = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name.endsWith(".ipynb")).sort();
/** Trainings, but for the one that is to learn so much, and what is measured and shown are a fraction of what people have. */
const smaller: Readonly<Record<string, Record<string, string>>> = {
  "02_data.ipynb": { "sampleCount: 6 * config.batchSize": "workers: 1, sampleCount: 3 * config.batchSize" },
  "04_train.ipynb": { "steps: 150,": "steps: 150,\n  batchSize: 8,\n  workers: 1," },
  "05_evaluate.ipynb": {
    "steps: 400,\n  validateEvery: 100,": "steps: 160,\n  batchSize: 8,\n  workers: 1,\n  validateEvery: 80,",
    'countSamples(opened, "test", 64)': 'countSamples(opened, "test", 32)',
    "Math.min(32, sampleCount)": "Math.min(8, sampleCount)",
  },
  "06_reconstruct.ipynb": {
    "turningFace(face, { size: 280, seconds: 3": "turningFace(face, { size: 280, seconds: 1",
    "surface: source.surface }, { size: 280, seconds: 3": "surface: source.surface }, { size: 280, seconds: 1",
  },
  "07_your_own_mesh.ipynb": {
    "steps: 100,\n  validateEvery: 50,": "steps: 60,\n  batchSize: 8,\n  workers: 1,\n  validateEvery: 30,",
  },
};

const packages = await pythonPackages("notebooks", { note() {} }).catch(() => undefined); // without nbclient
/** Is run by tests/tasks/notebooks_test.ts, by the task itself. */
const runByTask = "01_mesh_to_position_map.ipynb";

for (const name of names) {
  const path = `${folder}/${name}`;

  Deno.test(`notebook ${name} says what it shows, how long it takes and what to try, in cells without long functions`, async () => {
    const notebook = await readNotebook(path);
    const [first, last] = [notebook.cells[0]!, notebook.cells.at(-1)!].map((cell) => {
      assertEquals(cell.cell_type, "markdown");
      return sourceOf(cell);
    }) as [string, string];
    assert(/^# .*\b(minute|second)s?\b/s.test(first), first);
    assert(/^#+ What to try\b/.test(last), last);
    for (const source of codeCells(notebook).map(sourceOf)) {
      const longest = Math.max(0, ...source.split(/^(?:async )?function\b/m).slice(1).map(lengthOfFunction));
      assert(longest <= 5, source);
    }
  });

  if (name === runByTask) continue;
  Deno.test({
    name: `notebook ${name} runs in the Deno kernel and shows what it is kept with`,
    ignore: !packages,
    fn: async () => {
      const { complaints } = await judge(path, { packages: packages!, changes: smaller[name] ?? {} }); // types are the gate's business
      assertEquals(complaints, []);
    },
  });
}

/** Lines up to the brace that closes it, which stands where the function starts. */
function lengthOfFunction(text: string): number {
  return text.slice(0, text.search(/^\}/m) + 1).split("\n").length;
}
