// deno task check_docs: what notebooks import from lib says what it is, with its shapes, units and errors.
import { fileURLToPath } from "node:url";
import { InputError } from "@/lib/errors.ts";
import { codeCells, readNotebook, sourceOf } from "@/tasks/notebooks/notebook.ts";
import { runTask, taskCommand } from "@/tasks/run_task.ts";
import { missingDocs } from "@/tasks/testing/missing_docs.ts";

const root = fileURLToPath(new URL("..", import.meta.url)).replace(/\/$/, "");

const command = taskCommand("check_docs")
  .description("Looks for exports without documentation in the files of lib that notebooks import from");

await runTask(command, async (console) => {
  console.stage("Looking for exports without documentation");
  const files = await importedFiles();
  const missing = await missingDocs(files, root);
  console.quiet();
  for (const symbol of missing) console.print(symbol);
  if (missing.length > 0) throw new InputError(`Cannot pass lib: ${missing.length} exports say nothing, see above`);
  console.print(`Checked the documentation of ${files.length} files`);
});

/** Files of lib that notebooks import from: its public side. */
async function importedFiles(): Promise<string[]> {
  const files = new Set<string>();
  for await (const { name } of Deno.readDir(`${root}/notebooks`)) {
    if (!name.endsWith(".ipynb")) continue;
    for (const cell of codeCells(await readNotebook(`${root}/notebooks/${name}`))) {
      for (const [, file] of sourceOf(cell).matchAll(/from "@\/(lib\/[^"]+)"/g)) files.add(file!);
    }
  }
  return [...files].sort();
}
