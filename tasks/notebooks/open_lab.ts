import { fileURLToPath } from "node:url";
import { InputError } from "@/lib/errors.ts";
import { makeKernelFolder } from "@/tasks/notebooks/kernel.ts";

export interface LabOptions {
  /** Folder of Python's packages, with JupyterLab. */
  readonly packages: string;
  /** Opens the page in the browser. */
  readonly browser: boolean;
  /** Ends JupyterLab. */
  readonly signal: AbortSignal;
}

/** Starts JupyterLab on the notebooks and waits until it ends, by the signal or from its own menu. */
export async function openLab({ packages, browser, signal }: LabOptions): Promise<void> {
  const kernels = await makeKernelFolder();
  try {
    await silenceNews(kernels);
    const environment = {
      PYTHONPATH: packages,
      JUPYTER_DATA_DIR: `${packages}/data`, // what is trusted, beside the packages and not in the user's own
    };
    await trustNotebooks(environment);
    const root = fileURLToPath(new URL("../../", import.meta.url));
    await using lab = new Deno.Command("python3", {
      args: [
        ...["-m", "jupyterlab", "-y", "--log-level=WARN", `--ServerApp.root_dir=${root}`],
        ...["--LabApp.default_url=/lab/tree/notebooks", "--MultiKernelManager.default_kernel_name=deno"],
        ...["--KernelSpecManager.ensure_native_kernel=False", "--KernelSpecManager.allowed_kernelspecs=deno"],
        ...["--ServerApp.ip=127.0.0.1", ...browser ? [] : ["--no-browser"]],
        ...Deno.uid() === 0 ? ["--allow-root"] : [],
      ],
      env: {
        ...environment,
        JUPYTER_PATH: `${kernels}:${packages}/share/jupyter`,
        JUPYTER_CONFIG_PATH: kernels,
        JUPYTERLAB_DIR: `${packages}/share/jupyter/lab`,
      },
      signal,
    }).spawn();
    const { success, code } = await lab.status;
    if (!success && !signal.aborted) throw new InputError(`JupyterLab ended with status ${code}, see above`);
  } finally {
    await Deno.remove(kernels, { recursive: true });
  }
}

/** Else JupyterLab asks whether it may look for news. */
async function silenceNews(folder: string): Promise<void> {
  await Deno.mkdir(`${folder}/labconfig`);
  const config = { disabledExtensions: { "@jupyterlab/apputils-extension:announcements": true } };
  await Deno.writeTextFile(`${folder}/labconfig/page_config.json`, JSON.stringify(config));
}

/** This copy's notebooks as they are now: JupyterLab shows no SVG that a cell has not made before its eyes, otherwise. */
async function trustNotebooks(env: Record<string, string>): Promise<void> {
  const folder = fileURLToPath(new URL("../../notebooks/", import.meta.url));
  const names = [...Deno.readDirSync(folder)].map(({ name }) => name).filter((name) => name.endsWith(".ipynb"));
  const { success, stderr } = await new Deno.Command("python3", {
    args: ["-c", "from nbformat.sign import main; main()", ...names.map((name) => folder + name)],
    env,
  }).output();
  if (!success) throw new InputError(`Cannot open the notebooks: ${new TextDecoder().decode(stderr).trim()}`);
}
