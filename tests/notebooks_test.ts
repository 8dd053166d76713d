import { pythonWith } from "@/tests/python.ts";
import { assert, assertEquals } from "@/tests/support.ts";

const folder = `${import.meta.dirname}/../notebooks`;
const names = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name.endsWith(".ipynb")).sort();

/** nbclient, which runs notebooks without a browser, with what it needs. */
const python = await pythonWith(
  "nbclient==0.10.2",
  "nbformat==5.11.1",
  "jupyter-client==8.10.0",
  "jupyter-core==5.9.1",
  "traitlets==5.16.1",
  "python-dateutil==4.0.0",
  "pyzmq==27.3.0",
  "tornado==6.6.1",
  "fastjsonschema==2.22.3",
  "platformdirs==4.14.7",
  "typing-extensions==4.16.0",
  "jsonschema==2.6.0", // of those that nbformat takes, the last that needs no other package
);

interface Notebook {
  readonly cells: readonly Cell[];
}

interface Cell {
  readonly cell_type: "markdown" | "code";
  readonly source: string | readonly string[];
  readonly outputs?: readonly { readonly output_type: string; readonly data?: Record<string, unknown> }[];
}

/** What each cell of code shows: its kinds of output, with their media types. */
function kindsShown({ cells }: Notebook): string[][] {
  return cells.filter(({ cell_type }) => cell_type === "code").map(({ outputs }) => [
    ...new Set(outputs!.flatMap(({ output_type, data }) => [output_type, ...Object.keys(data ?? {}).sort()])),
  ]);
}

/** Runs a notebook's cells in this Deno's own kernel; throws with the first cell's error. */
async function execute(python: NonNullable<Awaited<ReturnType<typeof pythonWith>>>, path: string): Promise<Notebook> {
  const kernels = await Deno.makeTempDir({ prefix: "posmap-kernels-" });
  try {
    await Deno.mkdir(`${kernels}/kernels/deno`, { recursive: true });
    const argv = [Deno.execPath(), "jupyter", "--kernel", "--conn", "{connection_file}"];
    const kernel = { argv, display_name: "Deno", language: "typescript" };
    await Deno.writeTextFile(`${kernels}/kernels/deno/kernel.json`, JSON.stringify(kernel));
    const script = await Deno.readTextFile(`${import.meta.dirname}/run_notebook.py`);
    return JSON.parse(await python(script, path, folder, kernels));
  } finally {
    await Deno.remove(kernels, { recursive: true });
  }
}

for (const name of names) {
  const path = `${folder}/${name}`;

  Deno.test(`notebook ${name} says what it shows and what to try, and is kept with its outputs`, async () => {
    const text = await Deno.readTextFile(path);
    assert(text.length < 1_500_000, `It has ${text.length} characters`);
    const notebook: Notebook = JSON.parse(text);
    const [first, last] = [notebook.cells[0]!, notebook.cells.at(-1)!].map(({ cell_type, source }) => {
      assertEquals(cell_type, "markdown");
      return typeof source === "string" ? source : source.join("");
    }) as [string, string];
    assert(/^# .*\b(minute|second)s?\b/s.test(first), first);
    assert(/^#+ What to try\b/.test(last), last);
    const kinds = kindsShown(notebook).flat();
    assert(kinds.length > 0 && !kinds.includes("error"));
  });

  Deno.test({
    name: `notebook ${name} runs in the Deno kernel and shows what it is kept with`,
    ignore: !python,
    fn: async () => {
      const kept: Notebook = JSON.parse(await Deno.readTextFile(path));
      assertEquals(kindsShown(await execute(python!, path)), kindsShown(kept));
    },
  });
}
