import { InputError } from "@/lib/errors.ts";
import { cacheFolder, isFile } from "@/lib/files.ts";

export const TENSORFLOW_VERSION = "2.21.0";

export type LibraryVariant = "cpu" | "gpu";

const fileName = Deno.build.os === "darwin" ? "libtensorflow_cc.2.dylib" : "libtensorflow_cc.so.2";

/** Where set-up unpacks TensorFlow's wheel: the library is `tensorflow/libtensorflow_cc…` in it. */
export async function libraryFolder(variant: LibraryVariant): Promise<string> {
  return `${await cacheFolder()}/tensorflow-${TENSORFLOW_VERSION}-${variant}`;
}

/** The library's file in a folder that set-up filled. */
export function libraryFile(folder: string): string {
  return `${folder}/tensorflow/${fileName}`;
}

/**
 * Path of TensorFlow's library: what TENSORFLOW_LIBRARY names (a file, or the folder that holds it), else the first of
 * these variants that is set up. Throws an InputError where there is none.
 */
export async function findLibrary(variants: readonly LibraryVariant[] = ["gpu", "cpu"]): Promise<string> {
  const named = Deno.env.get("TENSORFLOW_LIBRARY");
  if (named) return await namedLibrary(named);
  for (const variant of variants) {
    const file = libraryFile(await libraryFolder(variant));
    if (await isFile(file)) return file;
  }
  const [missing, flag] = variants.includes("cpu") ? ["cpu", ""] as const : ["gpu", " --gpu"] as const;
  throw new InputError(
    `TensorFlow's library is not in ${await libraryFolder(missing)}: run \`deno task setup${flag}\``,
  );
}

async function namedLibrary(path: string): Promise<string> {
  const names = [fileName, fileName.replace("_cc", "")]; // the second is TensorFlow's C library, packaged by itself
  const candidates = [
    path,
    ...["", "tensorflow/", "lib/"].flatMap((folder) => names.map((n) => `${path}/${folder}${n}`)),
  ];
  for (const candidate of candidates) if (await isFile(candidate)) return candidate;
  throw new InputError(
    `TENSORFLOW_LIBRARY is ${path}, where there is no ${fileName}: name that file or its folder, ` +
      "or unset it and run `deno task setup`",
  );
}
