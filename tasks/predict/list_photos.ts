import { basename, dirname } from "node:path";
import { InputError, reasonOf } from "@/lib/errors.ts";

const EXTENSIONS = /\.(jpe?g|png|webp)$/i;

/**
 * The photos that these files, folders and patterns (`*` and `?` in a file's name) name, each once, in order. Throws an
 * InputError where one names nothing.
 */
export async function listPhotos(given: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  for (const name of given) {
    const info = await Deno.stat(name).catch(() => undefined);
    if (info?.isFile) {
      found.add(name);
      continue;
    }
    const names = info?.isDirectory
      ? await photosIn(name.replace(/(?<=.)\/+$/, ""), /^/)
      : await photosIn(dirname(name), patternOf(basename(name)));
    if (names.length === 0) {
      throw new InputError(
        info?.isDirectory
          ? `Found no photo in ${name}: JPEG, PNG or WebP files were expected`
          : `Found no photo ${name}: there is no such file or folder`,
      );
    }
    for (const path of names.sort()) found.add(path);
  }
  return [...found];
}

/** Dot files are other programs' own. */
async function photosIn(folder: string, pattern: RegExp): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name, isFile, isSymlink } of Deno.readDir(folder)) {
      const isPhoto = (isFile || isSymlink) && EXTENSIONS.test(name) && !name.startsWith(".");
      if (isPhoto && pattern.test(name)) names.push(folder === "." ? name : `${folder}/${name}`);
    }
  } catch (error) {
    const { NotFound, NotADirectory, NotCapable } = Deno.errors; // the last where no argument names the folder
    if ([NotFound, NotADirectory, NotCapable].some((missing) => error instanceof missing)) return [];
    throw new InputError(`Cannot read the folder ${folder}: ${reasonOf(error)}`);
  }
  return names;
}

function patternOf(name: string): RegExp {
  return new RegExp(`^${RegExp.escape(name).replaceAll("\\*", ".*").replaceAll("\\?", ".")}$`);
}
