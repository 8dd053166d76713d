// deno task check_notebooks [folder]: type-checks the cells of every notebook, each notebook as one module.
import { counted } from "@/lib/counted.ts";
import { InputError } from "@/lib/errors.ts";
import { checkCells, type NamedNotebook } from "@/tasks/notebooks/check_cells.ts";
import { readNotebook } from "@/tasks/notebooks/notebook.ts";
import { runTask, taskCommand } from "@/tasks/run_task.ts";

const command = taskCommand("check_notebooks")
  .description("Type-checks the cells of notebooks")
  .argument("[folder]", "where the notebooks are", `${import.meta.dirname}/../notebooks`);

await runTask(command, async (console) => {
  const notebooks = await readNotebooks(command.processedArgs[0]);
  console.stage("Type-checking the notebooks' cells");
  await checkCells(notebooks, { note: (complaints) => console.print(complaints) });
  console.quiet();
  console.print(`Checked the cells of ${counted(notebooks.length, "notebook")}`);
});

async function readNotebooks(folder: string): Promise<NamedNotebook[]> {
  const notebooks: NamedNotebook[] = [];
  try {
    for await (const { name } of Deno.readDir(folder)) {
      if (!name.endsWith(".ipynb")) continue;
      notebooks.push({ name, notebook: await readNotebook(`${folder}/${name}`) });
    }
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound || error instanceof Deno.errors.NotADirectory)) throw error;
    throw new InputError(`Cannot check the notebooks in ${folder}: it is not a folder`);
  }
  return notebooks;
}
