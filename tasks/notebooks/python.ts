import { createHash } from "node:crypto";
import { fileURLToPath } from "node:url";
import { InputError } from "@/lib/errors.ts";
import { cacheFolder, isThere } from "@/lib/files.ts";

/** What of Python's packages a verb needs, by the file in data/ that pins them. */
export type Pins = "notebooks" | "jupyterlab";

export interface PythonOptions {
  /** Called before something takes long. */
  readonly note: (sentence: string) => void;
}

/**
 * The folder in the cache that holds the pinned packages; fetched by pip where it is not there. Throws an InputError
 * where pip cannot.
 */
export async function pythonPackages(pins: Pins, { note }: PythonOptions): Promise<string> {
  const file = fileURLToPath(new URL(`../../data/${pins}.txt`, import.meta.url));
  const digest = createHash("sha256").update(await Deno.readTextFile(file)).digest("hex").slice(0, 16);
  const folder = `${await cacheFolder()}/${pins}-${digest}`;
  if (await isThere(folder)) return folder;
  note(pins === "notebooks" ? "Fetching nbclient with pip" : "Fetching JupyterLab with pip (0.3 GB, half a minute)");
  const partial = `${folder}.${crypto.randomUUID()}`; // a folder that is there is whole
  try {
    const options = ["--quiet", "--disable-pip-version-check", "--only-binary=:all:", "--retries=1", "--timeout=20"];
    options.push("--no-compile"); // Python compiles what it imports, which is a small part
    await run("-m", "pip", "install", ...options, "--target", partial, "--requirement", file);
    await Deno.rename(partial, folder);
  } catch (error) {
    await Deno.remove(partial, { recursive: true }).catch(() => {});
    if (!await isThere(folder)) { // else another process was first
      throw new InputError(`Cannot fetch Python's packages for notebooks: ${lastLine(error)}`);
    }
  }
  return folder;
}

async function run(...args: string[]): Promise<void> {
  const { success, stderr } = await new Deno.Command("python3", { args }).output();
  if (!success) throw new Error(new TextDecoder().decode(stderr));
}

function lastLine(error: unknown): string {
  const lines = (error instanceof Error ? error.message : String(error)).trim().split("\n");
  return lines.findLast((line) => /ERROR|No module/.test(line)) ?? lines.at(-1)!;
}
