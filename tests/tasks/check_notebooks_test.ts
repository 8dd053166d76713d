import { assert, assertEquals } from "@/tests/support.ts";
import { untimed } from "@/tests/tasks/children.ts";

const task = `${import.meta.dirname}/../../tasks/check_notebooks.ts`;

async function checkNotebooks(files: Record<string, string>): Promise<{ code: number; stderr: string }> {
  const folder = await Deno.makeTempDir({ prefix: "posmap notebooks " });
  try {
    for (const [name, text] of Object.entries(files)) await Deno.writeTextFile(`${folder}/${name}`, text);
    return await run(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

async function run(folder: string): Promise<{ code: number; stderr: string }> {
  const { code, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--no-check", "--allow-read", "--allow-write", "--allow-env", "--allow-run", task, folder],
    env: { NO_COLOR: "1" },
  }).output();
  return { code, stderr: untimed(new TextDecoder().decode(stderr)) };
}

/** With a cell of text before each of code. */
function notebook(...codeCells: readonly string[]): string {
  const cells = codeCells.flatMap((source) => [
    { cell_type: "markdown", source: ["# not code: :\n"] },
    { cell_type: "code", source: source.split(/(?<=\n)/), outputs: [] },
  ]);
  return JSON.stringify({ cells, nbformat: 4, nbformat_minor: 5 });
}

const importCell = 'import { Random } from "@/lib/random.ts";';

Deno.test("check_notebooks passes cells that use lib and each other's names", async () => {
  const good = notebook(
    importCell,
    "const value: number = new Random(7).next();",
    "await Promise.resolve(value);\nvalue",
  );
  assertEquals(await checkNotebooks({ "1 good.ipynb": good, "2.ipynb": good, "notes.txt": "const" }), {
    code: 0,
    stderr: "Type-checking the notebooks' cells\nChecked the cells of 2 notebooks\n",
  });
});

Deno.test("check_notebooks names the notebook, the cell and the line of a wrong type, and of an import of what lib does not export", async () => {
  const { code, stderr } = await checkNotebooks({
    "good.ipynb": notebook(importCell),
    "wrong.ipynb": notebook(
      `${importCell}\nconst random = new Random(7);`,
      "// why\nconst text: string = random.next();",
    ),
    "missing.ipynb": notebook(importCell, 'import { Randon } from "@/lib/random.ts";'),
  });
  assertEquals(code, 2);
  assert(/TS2322.*\n.*\n.*\n +at wrong\.ipynb, cell 2, line 2:7\n/.test(stderr), stderr);
  assert(/'Randon'[^]*?at missing\.ipynb, cell 2, line 1:/.test(stderr), stderr);
  assert(/\nCannot pass the notebooks: .*\n$/.test(stderr), stderr);
});

Deno.test("check_notebooks finds code that does not parse", async () => {
  const torn = await checkNotebooks({ "torn.ipynb": notebook("const a = 1;", "const b = (;") });
  assert(torn.code === 2 && /torn\.ipynb, cell 2, line 1:/.test(torn.stderr), torn.stderr);
});

Deno.test("check_notebooks of a folder without notebooks checks nothing; of no folder or no notebook it says so", async () => {
  assertEquals(await checkNotebooks({}), {
    code: 0,
    stderr: "Type-checking the notebooks' cells\nChecked the cells of 0 notebooks\n",
  });
  assertEquals(await run("/nowhere"), {
    code: 2,
    stderr: "Cannot check the notebooks in /nowhere: it is not a folder\n",
  });
  const { code, stderr } = await checkNotebooks({ "cut.ipynb": '{"cells": [' });
  assert(code === 2 && /^Cannot check .*cut\.ipynb: it is not a notebook, JSON with cells\n$/.test(stderr), stderr);
});
