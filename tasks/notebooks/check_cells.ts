import { InputError } from "@/lib/errors.ts";
import { codeCells, type Notebook, sourceOf } from "@/tasks/notebooks/notebook.ts";

const root = `${import.meta.dirname}/../..`;

export interface NamedNotebook {
  readonly name: string;
  readonly notebook: Notebook;
}

/**
 * Type-checks the cells of every notebook, each notebook as one module. Throws an InputError after handing on what
 * the compiler says, with its places in the notebooks.
 */
export async function checkCells(
  notebooks: readonly NamedNotebook[],
  { note }: { readonly note: (complaints: string) => void },
): Promise<void> {
  if (notebooks.length === 0) return;
  const cells = notebooks.map(({ notebook }) => codeCells(notebook).map(sourceOf));
  const modules = await Deno.makeTempDir({ prefix: "posmap-cells-" });
  try {
    const paths = notebooks.map((_, index) => `${modules}/${index}.ts`);
    await Promise.all(
      paths.map((path, index) => Deno.writeTextFile(path, cells[index]!.map((cell) => `${cell}\n`).join(""))),
    );
    const { success, stderr } = await new Deno.Command(Deno.execPath(), {
      args: ["check", "--quiet", `--config=${root}/deno.json`, ...paths],
    }).output();
    if (success) return;
    const place = new RegExp(`file://${modules}/(\\d+)\\.ts:(\\d+)`, "g");
    note(
      new TextDecoder().decode(stderr).replaceAll(
        place,
        (_, index, line) => placeInCells(notebooks[index]!.name, cells[index]!, line),
      ),
    );
    throw new InputError("Cannot pass the notebooks: the cells of some do not type-check, see above");
  } finally {
    await Deno.remove(modules, { recursive: true });
  }
}

/** Where a line of the module is in the notebook, both counted from 1. */
function placeInCells(name: string, cells: readonly string[], line: number): string {
  let before = 0;
  for (const [index, cell] of cells.entries()) {
    const lineCount = cell.split("\n").length;
    if (line <= before + lineCount) return `${name}, cell ${index + 1}, line ${line - before}`;
    before += lineCount;
  }
  return name;
}
