import { dirname } from "node:path";
import { InputError } from "@/lib/errors.ts";

/** Throws an InputError where one of these files of one folder is there already, or the folder is not. */
export async function refuseExisting(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    const isThere = await Deno.lstat(path).then(() => true, (error) => {
      if (error instanceof Deno.errors.NotFound) return false;
      throw new InputError(`Cannot write ${path}: ${error.message}`);
    });
    if (isThere) throw new InputError(`Cannot write ${path}: it is there already; name another by --out`);
  }
  const folder = dirname(paths[0]!);
  if (await Deno.stat(folder).then((found) => found.isDirectory, () => false)) return;
  throw new InputError(`Cannot write ${paths[0]}: there is no folder ${folder}`);
}
