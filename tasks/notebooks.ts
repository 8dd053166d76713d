// deno task notebooks [names...]: runs notebooks, checks all that they show; --open shows them in JupyterLab.
import { fileURLToPath } from "node:url";
import { InputError } from "@/lib/errors.ts";
import { writeFileAtomic } from "@/lib/files.ts";
import { checkCells } from "@/tasks/notebooks/check_cells.ts";
import { hasFailed } from "@/tasks/notebooks/check_outputs.ts";
import { judge } from "@/tasks/notebooks/judge.ts";
import { readNotebook } from "@/tasks/notebooks/notebook.ts";
import { openLab } from "@/tasks/notebooks/open_lab.ts";
import { type Pins, pythonPackages } from "@/tasks/notebooks/python.ts";
import { runTask, taskCommand } from "@/tasks/run_task.ts";

const folder = fileURLToPath(new URL("../notebooks", import.meta.url));

interface Options {
  readonly write?: boolean;
  readonly open?: boolean;
  readonly browser: boolean;
}

const command = taskCommand("notebooks")
  .description("Runs notebooks without a browser, and checks that every cell shows what it should")
  .argument("[names...]", "01_mesh_to_position_map, or its beginning, 01 (default: all)")
  .option("--write", "keep the new outputs in the notebooks")
  .option("--open", "start JupyterLab on the notebooks instead")
  .option("--no-browser", "with --open, only print the address");

await runTask(command, async (console) => {
  const { write = false, open = false, browser } = command.opts<Options>();
  if (open && (write || command.args.length > 0)) {
    throw new InputError("Cannot open JupyterLab with names or --write: it shows all notebooks, and saves them itself");
  }
  const note = (sentence: string) => console.print(sentence);
  const packagesOf = async (pins: Pins) => {
    const packages = await pythonPackages(pins, { note: (sentence) => void console.stage(sentence) });
    console.quiet();
    return packages;
  };
  if (open) return await openLab({ packages: await packagesOf("jupyterlab"), browser, signal: console.signal });

  const notebooks = await Promise.all(
    (await chooseNames(command.args)).map(async (name) => ({ name, notebook: await readNotebook(pathOf(name)) })),
  );
  console.stage("Type-checking the cells");
  await checkCells(notebooks, { note });
  const packages = await packagesOf("notebooks");
  let complaintCount = 0;
  for (const { name } of notebooks) {
    console.stage(`Running ${name}`);
    const options = { packages, signal: console.signal, isWritten: write };
    const { notebook, text, seconds, complaints } = await judge(pathOf(name), options);
    console.quiet();
    if (write && !hasFailed(notebook)) await writeFileAtomic(pathOf(name), text);
    globalThis.console.log(
      `${name.padEnd(32)} ${seconds.toFixed(0).padStart(3)} s  ${(text.length / 1e6).toFixed(2)} MB`,
    );
    for (const complaint of complaints) note(`  ${complaint}`);
    complaintCount += complaints.length;
  }
  if (complaintCount > 0) {
    throw new InputError("Cannot pass the notebooks: some do not show what they should, see above");
  }
});

/** The notebooks with these names or beginnings of names, in their order; all where none is given. */
async function chooseNames(wanted: readonly string[]): Promise<string[]> {
  const names: string[] = [];
  for await (const { name } of Deno.readDir(folder)) {
    if (name.endsWith(".ipynb")) names.push(name.replace(/\.ipynb$/, ""));
  }
  names.sort();
  for (const beginning of wanted) {
    if (names.some((name) => name.startsWith(beginning))) continue;
    throw new InputError(`Cannot run the notebook "${beginning}": the notebooks are ${names.join(", ")}`);
  }
  return names.filter((name) => wanted.length === 0 || wanted.some((beginning) => name.startsWith(beginning)));
}

function pathOf(name: string): string {
  return `${folder}/${name}.ipynb`;
}
