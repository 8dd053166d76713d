import { dirname } from "node:path";
import { InputError, reasonOf } from "@/lib/errors.ts";
import { fileAbove, isFile } from "@/lib/files.ts";

/**
 * As {@linkcode refuseExisting} of a face model's file and of those beside it, but that a model of `deno task prepare` may be
 * there, with them.
 */
export async function refuseOthers(out: string, beside: readonly string[] = []): Promise<void> {
  const { isPreparedFace } = await import("@/lib/face/prepared_face.ts"); // slow to load
  if (!await isPreparedFace(out)) await refuseExisting([out, ...beside]);
}

/** Throws an InputError where a path ends as a folder's. */
export function refuseFolderName(path: string): void {
  if (["", ".", ".."].includes(path.split("/").at(-1)!)) {
    throw new InputError(`Cannot write "${path}": a file's name is wanted, not a folder's`);
  }
}

/** Throws an InputError where what is to be a folder, or to be in one, is a file or in one. */
export async function refuseFileAsFolder(path: string): Promise<void> {
  if (path === "") throw new InputError('Cannot write to "": the name of a folder is wanted');
  const file = await isFile(path) ? path : await fileAbove(path);
  if (file === undefined) return;
  throw new InputError(
    `Cannot write to ${path}: ${file === path ? "it" : file} is a file, not a folder; name another place by --out`,
  );
}

/** Throws an InputError where one of these files of one folder is there already, or the folder is not. */
export async function refuseExisting(paths: readonly string[]): Promise<void> {
  for (const path of paths) {
    refuseFolderName(path);
    const isThere = await Deno.lstat(path).then(() => true, (error) => {
      if (error instanceof Deno.errors.NotFound) return false;
      throw new InputError(`Cannot write ${path}: ${reasonOf(error)}`);
    });
    if (isThere) throw new InputError(`Cannot write ${path}: it is there already; name another by --out`);
  }
  const folder = dirname(paths[0]!);
  if (await Deno.stat(folder).then((found) => found.isDirectory, () => false)) return;
  throw new InputError(`Cannot write ${paths[0]}: there is no folder ${folder}`);
}
