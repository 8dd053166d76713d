// deno task check_notebooks [folder]: type-checks the cells of every notebook, each notebook as one module.
import { InputError } from "@/lib/errors.ts";
import { runTask, taskCommand } from "@/tasks/run_task.ts";

interface Notebook {
  readonly cells: readonly { readonly cell_type: string; readonly source: string | readonly string[] }[];
}

const root = `${import.meta.dirname}/..`;

await runTask(async () => {
  const [folder] = taskCommand("check_notebooks")
    .description("Type-checks the cells of notebooks")
    .argument("[folder]", "where the notebooks are", `${root}/notebooks`)
    .parse(Deno.args, { from: "user" })
    .processedArgs as [string];
  const notebooks = await readNotebooks(folder);
  if (notebooks.length > 0) await check(notebooks);
  console.error(`Checked the cells of ${notebooks.length} notebook${notebooks.length === 1 ? "" : "s"}`);
});

/** Source code by cell. */
interface Cells {
  readonly name: string;
  readonly cells: readonly string[];
}

async function readNotebooks(folder: string): Promise<Cells[]> {
  const notebooks: Cells[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) {
      if (!name.endsWith(".ipynb")) continue;
      notebooks.push({ name, cells: codeCells(await Deno.readTextFile(`${folder}/${name}`), `${folder}/${name}`) });
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) throw error;
    throw new InputError(`Cannot check the notebooks in ${folder}: it is not a folder`);
  }
  return notebooks;
}

function codeCells(text: string, path: string): string[] {
  try {
    const { cells }: Notebook = JSON.parse(text);
    const code = cells.filter(({ cell_type }) => cell_type === "code");
    return code.map(({ source }) => typeof source === "string" ? source : source.join(""));
  } catch {
    throw new InputError(`Cannot check ${path}: it is not a notebook, JSON with cells`);
  }
}

async function check(notebooks: readonly Cells[]): Promise<void> {
  const modules = await Deno.makeTempDir({ prefix: "posmap-cells-" });
  try {
    const paths = notebooks.map((_, index) => `${modules}/${index}.ts`);
    await Promise.all(
      notebooks.map(({ cells }, index) => Deno.writeTextFile(paths[index]!, cells.map((cell) => `${cell}\n`).join(""))),
    );
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["check", "--quiet", `--config=${root}/deno.json`, ...paths],
    }).output();
    if (success) return;
    const place = new RegExp(`file://${modules}/(\\d+)\\.ts:(\\d+)`, "g");
    console.error(
      new TextDecoder().decode(stderr).replaceAll(place, (_, index, line) => placeInCells(notebooks[index]!, line)),
    );
    throw new InputError("Cannot pass the notebooks: the cells of some do not type-check, see above");
  } finally {
    await Deno.remove(modules, { recursive: true });
  }
}

/** Where a line of the module is in the notebook, both counted from 1. */
function placeInCells({ name, cells }: Cells, line: number): string {
  let before = 0;
  for (const [index, cell] of cells.entries()) {
    const lineCount = cell.split("\n").length;
    if (line <= before + lineCount) return `${name}, cell ${index + 1}, line ${line - before}`;
    before += lineCount;
  }
  return name;
}
