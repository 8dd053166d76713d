import { makeKernelFolder } from "@/tasks/notebooks/kernel.ts";
import { type Notebook, parseNotebook } from "@/tasks/notebooks/notebook.ts";

export interface ExecuteOptions {
  /** Folder of Python's packages, with nbclient. */
  readonly packages: string;
  /** What is to stand in the cells in place of what, each of which is there once. */
  readonly changes?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal;
}

export interface Execution {
  /** With its new outputs, up to the first cell that fails. */
  readonly notebook: Notebook;
  readonly seconds: number;
}

/** Runs a notebook's cells in this Deno's own kernel, in the notebook's folder. */
export async function execute(
  path: string,
  { packages, changes = {}, signal }: ExecuteOptions,
): Promise<Execution> {
  const kernels = await makeKernelFolder();
  try {
    const start = performance.now();
    const { success, stdout, stderr } = await new Deno.Command("python3", {
      args: [
        `${import.meta.dirname}/run_notebook.py`,
        path,
        path.replace(/[^/]*$/, "") || ".",
        JSON.stringify(changes),
      ],
      env: { PYTHONPATH: packages, JUPYTER_PATH: kernels, JUPYTER_RUNTIME_DIR: `${kernels}/runtime` },
      ...signal && { signal },
    }).output();
    signal?.throwIfAborted();
    if (!success) throw new Error(new TextDecoder().decode(stderr));
    const seconds = (performance.now() - start) / 1000;
    return { notebook: parseNotebook(new TextDecoder().decode(stdout), path), seconds };
  } finally {
    await Deno.remove(kernels, { recursive: true });
  }
}
