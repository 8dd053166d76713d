import { InputError } from "@/lib/errors.ts";
import { isThere } from "@/lib/files.ts";
import type { MorphableModel } from "@/lib/face/morphable_model.ts";

/**
 * A face model by what the user calls it: built-in, ICT-FaceKit's folder FaceXModel, or a folder with a `face.json`. Throws
 * an InputError where there is none.
 */
export async function openFaceModel(name: string): Promise<MorphableModel> {
  if (name === "built-in") return await (await import("@/lib/face/kept_built_in.ts")).keptBuiltInFace();
  const found = await Deno.stat(name).catch(() => undefined);
  if (!found?.isDirectory) {
    throw new InputError(`Cannot open the face model ${name}: there is no such folder; "built-in" needs none`);
  }
  const isManifest = await isThere(`${name}/face.json`);
  return isManifest
    ? await (await import("@/lib/face/obj/obj_files.ts")).loadObjModel(name)
    : await (await import("@/lib/face/ict/ict.ts")).loadIct(name);
}
