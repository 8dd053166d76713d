// deno task check_notebooks: type-checks the cells of every notebook, each notebook as one module.
import { InputError } from "@/lib/errors.ts";
import { runTask } from "@/tasks/run_task.ts";

interface Notebook {
  readonly cells: readonly { readonly cell_type: string; readonly source: string | readonly string[] }[];
}

await runTask(async () => {
  const folder = new URL("../notebooks/", import.meta.url);
  const modules = await Deno.makeTempDir({ prefix: "posmap-cells-" });
  try {
    const paths: string[] = [];
    for await (const { name } of Deno.readDir(folder)) {
      if (!name.endsWith(".ipynb")) continue;
      const notebook: Notebook = JSON.parse(await Deno.readTextFile(new URL(name, folder)));
      const path = `${modules}/${name.replace(/\.ipynb$/, ".ts")}`;
      await Deno.writeTextFile(path, cellsAsModule(notebook));
      paths.push(path);
    }
    const config = new URL("../deno.json", import.meta.url).pathname;
    const { success } = await new Deno.Command(Deno.execPath(), {
      args: ["check", "--quiet", `--config=${config}`, ...paths],
    }).output().then(async (output) => {
      await Deno.stderr.write(output.stderr);
      return output;
    });
    if (!success) throw new InputError(`Cannot pass the notebooks: the cells of some do not type-check, see above`);
    console.error(`Checked the cells of ${paths.length} notebook${paths.length === 1 ? "" : "s"}`);
  } finally {
    await Deno.remove(modules, { recursive: true });
  }
});

function cellsAsModule({ cells }: Notebook): string {
  return cells
    .filter(({ cell_type }) => cell_type === "code")
    .map(({ source }, index) => `// cell ${index + 1}\n${typeof source === "string" ? source : source.join("")}\n`)
    .join("\n");
}
