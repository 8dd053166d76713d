import { glob } from "node:fs/promises";
import { InputError } from "@/lib/errors.ts";

const EXTENSIONS = /\.(jpe?g|png|webp)$/i;

/**
 * The photos that these files, folders and patterns name, each once, in order. Throws an InputError where one names
 * nothing.
 */
export async function listPhotos(given: readonly string[]): Promise<string[]> {
  const found = new Set<string>();
  for (const name of given) {
    const info = await Deno.stat(name).catch(() => undefined);
    if (info?.isFile) {
      found.add(name);
      continue;
    }
    const names: string[] = [];
    if (info?.isDirectory) {
      for await (const entry of Deno.readDir(name)) {
        if (entry.isFile && isPhoto(entry.name)) names.push(`${name.replace(/\/+$/, "")}/${entry.name}`);
      }
      if (names.length === 0) throw new InputError(`Found no photo in ${name}: JPEG, PNG or WebP files were expected`);
    } else {
      for await (const path of glob(name)) if (isPhoto(path)) names.push(path);
      if (names.length === 0) throw new InputError(`Found no photo ${name}: there is no such file or folder`);
    }
    for (const path of names.sort()) found.add(path);
  }
  return [...found];
}

/** Dot files are other programs' own. */
function isPhoto(path: string): boolean {
  return EXTENSIONS.test(path) && !/(^|\/)\.[^/]*$/.test(path);
}
