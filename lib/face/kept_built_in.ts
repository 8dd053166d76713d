import { readdir } from "node:fs/promises";
import { InputError } from "@/lib/errors.ts";
import { builtInFace } from "@/lib/face/built_in.ts";
import { fingerprint, keptModel } from "@/lib/face/model_file.ts";
import type { MorphableModel } from "@/lib/face/morphable_model.ts";
import { drawnModel, setDrawnModel } from "@/lib/face/openness.ts";
import { cacheFolder } from "@/lib/files.ts";

let opening: Promise<MorphableModel> | undefined;

/**
 * As `builtInFace()`, from the cache folder, with what `drawnModel` makes of it: to make both takes each process, and each of
 * its threads, the better part of a second. They are made anew where other code has made them, and each time where nothing
 * can be kept there.
 */
export function keptBuiltInFace(): Promise<MorphableModel> {
  return opening ??= open();
}

async function open(): Promise<MorphableModel> {
  const stamp = await codeStamp();
  const face = await kept("built-in", { stamp, make: builtInFace });
  setDrawnModel(face, await kept("built-in-drawn", { stamp, make: () => drawnModel(face) }));
  return face;
}

async function kept(
  name: string,
  { stamp, make }: { readonly stamp: string; readonly make: () => MorphableModel },
): Promise<MorphableModel> {
  try {
    return await keptModel(`${await cacheFolder()}/${name}.model`, { stamp, make: () => Promise.resolve(make()) });
  } catch (error) {
    if (error instanceof InputError) return make();
    throw error;
  }
}

/** Fingerprint of all code in the checkout that the face's numbers depend on, and of V8's version: sines are V8's. */
export async function codeStamp(checkout = new URL("../../", import.meta.url)): Promise<string> {
  const folders = ["lib/face/", "lib/geometry/"];
  const names = await Promise.all(folders.map(async (folder) => {
    const all = await readdir(new URL(folder, checkout), { recursive: true });
    return all.filter((name) => name.endsWith(".ts")).map((name) => folder + name);
  }));
  const paths = [...names.flat().toSorted(), "lib/random.ts", "deno.json"];
  const texts = await Promise.all(paths.map((path) => Deno.readTextFile(new URL(path, checkout))));
  return fingerprint(JSON.stringify([Deno.version.v8, paths, texts]));
}
