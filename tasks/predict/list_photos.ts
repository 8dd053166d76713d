import { basename, dirname, resolve } from "node:path";
import { InputError, reasonOf } from "@/lib/errors.ts";
import { passedOver, photosAmong } from "@/lib/data/files/photo_names.ts";

/**
 * The photos that these files, folders and patterns (`*` and `?` in a file's name) name, each once, in order. Pictures of
 * other formats among them are passed over, and `print` says how many of which. Throws an InputError where one names
 * nothing.
 */
export async function listPhotos(given: readonly string[], print: (line: string) => void): Promise<string[]> {
  const found = new Map<string, string>(), passed = new Set<string>();
  const add = (path: string) => found.has(resolve(path)) || found.set(resolve(path), path);
  for (const name of given) {
    const info = await Deno.stat(name).catch(() => undefined);
    if (info?.isFile) {
      add(name);
      continue;
    }
    const names = info?.isDirectory
      ? await filesIn(name.replace(/(?<=.)\/+$/, ""), /^/)
      : await filesIn(dirname(name), patternOf(basename(name)));
    if (names.length === 0 && !info) {
      throw new InputError(`Found no photo ${name}: there is no such file or folder`);
    }
    const { photos, others } = photosAmong(names, name);
    for (const path of photos) add(path);
    for (const path of others) passed.add(path);
  }
  if (passed.size > 0) print(passedOver([...passed]));
  return [...found.values()];
}

/** Dot files are other programs' own. */
async function filesIn(folder: string, pattern: RegExp): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name, isFile, isSymlink } of Deno.readDir(folder)) {
      if (!(isFile || isSymlink) || name.startsWith(".") || !pattern.test(name)) continue;
      const path = folder === "." ? name : `${folder}/${name}`;
      if (isFile || await isPhotoLink(path)) names.push(path);
    }
  } catch (error) {
    const { NotFound, NotADirectory, NotCapable } = Deno.errors; // the last where no argument names the folder
    if ([NotFound, NotADirectory, NotCapable].some((missing) => error instanceof missing)) return [];
    throw new InputError(`Cannot read the folder ${folder}: ${reasonOf(error)}`);
  }
  return names;
}

/** Not one to a folder; one that leads nowhere is named where it cannot be read. */
async function isPhotoLink(path: string): Promise<boolean> {
  return await Deno.stat(path).then(({ isDirectory }) => !isDirectory, () => true);
}

function patternOf(name: string): RegExp {
  return new RegExp(`^${RegExp.escape(name).replaceAll("\\*", ".*").replaceAll("\\?", ".")}$`);
}
