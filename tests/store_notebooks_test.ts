import { codeCells, readNotebook, sourceOf } from "@/tasks/notebooks/notebook.ts";
import { standInModel, writeStandInSet } from "@/tests/data/sets/300w_lp/stand_in.ts";
import { buildStandInStore } from "@/tests/data/store/stand_in_store.ts";
import { assert, assertEquals } from "@/tests/support.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

/** Stands for the kernel: what a cell shows is asked how it looks, and its kinds are printed. */
const kernel = `
const shownKinds = [];
const show = async (value) => shownKinds.push(...Object.keys(await value[Symbol.for("Jupyter.display")]()));
`;

/** A notebook's cells as a program, with other values for some of its settings; it prints the kinds of what they show. */
async function programOf(name: string, settings: Readonly<Record<string, string>>): Promise<string> {
  let cells = codeCells(await readNotebook(`${import.meta.dirname}/../notebooks/${name}.ipynb`)).map(sourceOf);
  for (const [before, after] of Object.entries(settings)) {
    assertEquals([before, cells.filter((cell) => cell.includes(before)).length], [before, 1]);
    cells = cells.map((cell) => cell.replace(before, after));
  }
  const programs = cells.map((cell) => {
    const last = cell.lastIndexOf(";\n") + 1; // what follows is shown, unless it is a statement
    cell = cell.replaceAll("Deno.jupyter.display", "show");
    return /[;}]$/.test(cell) ? cell : `${cell.slice(0, last)}\nawait show(${cell.slice(last)});`;
  });
  const imports = programs.flatMap((program) => program.match(/^import .*$/gm) ?? []);
  return [
    ...imports,
    kernel,
    ...programs.map((program) => program.replace(/^import .*$/gm, "")),
    "console.log(shownKinds.join());\n",
  ]
    .join("\n");
}

async function run(path: string, program: string): Promise<string[]> {
  await Deno.writeTextFile(path, program);
  const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "--allow-all", `--config=${import.meta.dirname}/../deno.json`, path],
  }).output();
  const decoder = new TextDecoder();
  assert(success, decoder.decode(stderr));
  return decoder.decode(stdout).trim().split("\n").at(-1)!.split(",");
}

Deno.test("the notebooks show, train on and judge the photos of a store, and a run on it, where they are given these", async () => {
  await using folder = await temporaryFolder();
  const [set, store, kept] = [`${folder.path}/set`, `${folder.path}/store`, `${folder.path}/run`];
  await writeStandInSet(set, standInModel(), { subjects: 12, rotations: 5, side: 96 });
  await buildStandInStore(store, { set, photosPerShard: 8 });
  const given = { 'const store: string = "";': `const store: string = ${JSON.stringify(store)};` };
  const data = await run(`${folder.path}/data.ts`, await programOf("02_data", given));
  assertEquals(data.filter((kind) => kind.startsWith("image/")).length, 7);
  const trained = await run(
    `${folder.path}/train.ts`,
    await programOf("04_train", {
      ...given,
      'await Deno.makeTempDir({ prefix: "posmap-" })': JSON.stringify(kept),
      "steps: 150,": 'steps: 6, batchSize: 4, device: "cpu",',
      "validateEvery: 25,": "validateEvery: 3,",
      "step === 75": "step === 3",
      "0.85 * baseline.nme68_2d.mean": "Infinity", // so short a training learns little
    }),
  );
  assert(trained.includes("image/png") || trained.includes("image/jpeg"), `${trained}`);
  const evaluation = await programOf("05_evaluate", {
    ...given,
    'const trainedRun = "";': `const trainedRun = ${JSON.stringify(kept)};`,
    "evaluation.baseline.nme68_2d.mean": "Infinity",
  });
  const counting =
    "console.log([shownKinds.length, faces.length, new Set(faces.map((face) => `${face.image.rgb}`)).size].join());";
  const [shown, faceCount, distinct] = (await run(`${folder.path}/evaluate.ts`, evaluation + counting)).map(Number);
  assert(shown! > 5, `${shown}`);
  assertEquals(faceCount, distinct); // the store has few: each once
});
