import { createHash } from "node:crypto";
import { cacheFolder, isThere } from "@/lib/files.ts";

const environment = Deno.env.get("VIRTUAL_ENV");

/** The active virtual environment's Python; by its path, as npx puts Node's folder first on the PATH. */
export const pythonProgram = environment ? `${environment}/bin/python3` : "python3";

/** Runs a script with arguments and gives what it prints. Throws with its standard error where it fails. */
export type Python = (script: string, ...scriptArguments: string[]) => Promise<string>;

/** Python as it is. */
export const plainPython: Python = (script, ...rest) => run(["-c", script, ...rest]);

/** Whether Python as it is has these modules. */
export async function hasModules(...names: readonly string[]): Promise<boolean> {
  const script = "import sys; from importlib.util import find_spec; sys.exit(None in map(find_spec, sys.argv[1:]))";
  return await plainPython(script, ...names).then(() => true, () => false); // some take seconds to be imported
}

/**
 * Python with packages of PyPI, pinned as "name==version" and with all that they need of others: fetched by pip into
 * the cache folder, once. Undefined where there is no Python, no pip or no network, so that tests can be skipped.
 */
export async function pythonWith(...packages: readonly string[]): Promise<Python | undefined> {
  const folder = `${await cacheFolder()}/python-${folderName(packages)}`;
  const python: Python = (script, ...rest) => run(["-c", script, ...rest], { PYTHONPATH: folder });
  if (await isThere(folder)) return python;
  const partial = `${folder}.${crypto.randomUUID()}`;
  try {
    const options = ["--quiet", "--no-deps", "--only-binary=:all:", "--retries=1", "--timeout=20", "--target", partial];
    await run(["-m", "pip", "install", ...options, ...packages]);
    await Deno.rename(partial, folder);
  } catch {
    await Deno.remove(partial, { recursive: true }).catch(() => {});
    if (!await isThere(folder)) return undefined; // else another process was first
  }
  return python;
}

/** The packages, or where they are too many for the name of a folder, a digest of them. */
function folderName(packages: readonly string[]): string {
  const name = packages.join("-");
  return name.length <= 100 ? name : createHash("sha256").update(name).digest("hex").slice(0, 16);
}

async function run(args: string[], env: Record<string, string> = {}): Promise<string> {
  const { success, stdout, stderr } = await new Deno.Command(pythonProgram, { args, env }).output();
  const decoder = new TextDecoder();
  if (!success) throw new Error(decoder.decode(stderr));
  return decoder.decode(stdout);
}
