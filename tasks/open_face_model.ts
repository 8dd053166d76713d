import { InputError, reasonOf } from "@/lib/errors.ts";
import { isThere } from "@/lib/files.ts";
import type { MorphableModel } from "@/lib/face/morphable_model.ts";

/** The built-in face, ICT-FaceKit, a file that deno task prepare has made, and an OBJ with its face.json. */
export const faceKinds = ["built-in", "ict", "model", "obj"] as const;
export type FaceKind = (typeof faceKinds)[number];

export interface OpenFaceOptions {
  /** What is there; looked for unless given. */
  readonly kind?: FaceKind;
  /** See `IctOptions`. */
  readonly onProgress?: (done: number) => void;
}

/** What a face model is named by, for the help of flags. */
export const faceModelNames =
  "built-in, a file that deno task prepare has made, ICT-FaceKit's FaceXModel, or a folder " +
  "with a face.json";

/** The face model of {@linkcode faceModelNames}. Throws an InputError where there is none, or a damaged one. */
export async function openFaceModel(
  name: string,
  { kind, ...options }: OpenFaceOptions = {},
): Promise<MorphableModel> {
  switch (kind ?? await faceKindOf(name)) {
    case "built-in":
      return await (await import("@/lib/face/kept_built_in.ts")).keptBuiltInFace();
    case "ict":
      return await (await import("@/lib/face/ict/ict.ts")).loadIct(name, options);
    case "model":
      return (await (await import("@/lib/face/prepared_face.ts")).readPreparedFace(name)).model;
    case "obj":
      return await (await import("@/lib/face/obj/obj_files.ts")).loadObjModel(name);
  }
}

/** What kind of face model a name is that of. Throws an InputError where it is of none. */
export async function faceKindOf(name: string): Promise<FaceKind> {
  if (name === "built-in") return "built-in";
  const refuse = (reason: string): never => {
    throw new InputError(`Cannot open the face model ${name}: ${reason}; wanted ${faceModelNames}`);
  };
  const { isDirectory } = await Deno.stat(name).catch((error) => refuse(reasonOf(error)));
  if (isDirectory) {
    if (await isThere(`${name}/face.json`)) return "obj";
    const { findIctFolder } = await import("@/lib/face/ict/ict.ts");
    return await findIctFolder(name)
      ? "ict"
      : refuse("neither a face.json nor ICT-FaceKit's meshes are in that folder");
  }
  if (/\.json$/i.test(name)) return "obj";
  const { isPreparedFace } = await import("@/lib/face/prepared_face.ts");
  const isPrepared = /\.model$/i.test(name) || await isPreparedFace(name); // a damaged one is said to be damaged
  return isPrepared ? "model" : refuse("that file is none (deno task prepare mesh makes one of a head)");
}
