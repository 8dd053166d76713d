import { basename, dirname, extname } from "node:path";
import { InputError, reasonOf } from "@/lib/errors.ts";

const EXTENSIONS = /\.(jpe?g|png|webp)$/i;
/** What else people keep pictures in: other formats, and cameras' raw files. */
const OTHERS = /\.(gif|heic|heif|avif|jxl|jp2|tiff?|bmp|dng|cr[23]|nef|arw|raf|orf|rw2)$/i;

/**
 * The photos that these files, folders and patterns (`*` and `?` in a file's name) name, each once, in order. Pictures of
 * other formats among them are passed over, and `print` is told how many of which. Throws an InputError where one names
 * nothing.
 */
export async function listPhotos(given: readonly string[], print: (line: string) => void): Promise<string[]> {
  const found = new Set<string>(), others = new Set<string>();
  for (const name of given) {
    const info = await Deno.stat(name).catch(() => undefined);
    if (info?.isFile) {
      found.add(name);
      continue;
    }
    const names = info?.isDirectory
      ? await filesIn(name.replace(/(?<=.)\/+$/, ""), /^/)
      : await filesIn(dirname(name), patternOf(basename(name)));
    const [photos, unread] = [EXTENSIONS, OTHERS].map((kind) => names.filter((path) => kind.test(path)).sort());
    if (photos!.length === 0) {
      const expected = "JPEG, PNG or WebP files were expected";
      throw new InputError(
        unread!.length > 0
          ? `Found no photo in ${name}, but ${kindsOf(unread!)}: ${expected}`
          : info?.isDirectory
          ? `Found no photo in ${name}: ${expected}`
          : `Found no photo ${name}: there is no such file or folder`,
      );
    }
    for (const path of photos!) found.add(path);
    for (const path of unread!) others.add(path);
  }
  if (others.size > 0) {
    print(`passed over: ${kindsOf([...others])}, as JPEG, PNG and WebP pictures are read`);
  }
  return [...found];
}

/** As in "2 GIF and 1 HEIC files". */
function kindsOf(paths: readonly string[]): string {
  const kinds = Map.groupBy(paths, (path) => extname(path).slice(1).toUpperCase());
  const counts = [...kinds].map(([kind, { length }]) => `${length} ${kind}`);
  const list = new Intl.ListFormat("en").format(counts);
  return `${list} file${paths.length === 1 ? "" : "s"}`;
}

/** Dot files are other programs' own. */
async function filesIn(folder: string, pattern: RegExp): Promise<string[]> {
  const names: string[] = [];
  try {
    for await (const { name, isFile, isSymlink } of Deno.readDir(folder)) {
      if (!(isFile || isSymlink) || name.startsWith(".") || !pattern.test(name)) continue;
      names.push(folder === "." ? name : `${folder}/${name}`);
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
