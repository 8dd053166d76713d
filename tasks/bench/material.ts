import { fileURLToPath } from "node:url";
import { InputError } from "@/lib/errors.ts";
import { cacheFolder, isThere } from "@/lib/files.ts";

/** ICT-FaceKit's FaceXModel: the one given, POSMAP_ICT's, or the one that tests have unpacked. */
export async function findIct(given: string | undefined): Promise<string | undefined> {
  const named = given ?? (Deno.env.get("POSMAP_ICT") || undefined); // set but empty is as if not set
  const unpacked = `${await cacheFolder()}/test-data/ict-facekit/FaceXModel`;
  return await findFolder({ named, fallback: unpacked, wanted: "generic_neutral_mesh.obj" });
}

/** A folder of .mat files: the one given, or AFLW2000-3D's samples where they lie beside the repository. */
export async function findMat(given: string | undefined): Promise<string | undefined> {
  const samples = fileURLToPath(new URL("../../../shared/data/aflw2000-3d/samples", import.meta.url));
  return await findFolder({ named: given, fallback: samples, wanted: "" });
}

async function findFolder(
  { named, fallback, wanted }: { named: string | undefined; fallback: string; wanted: string },
): Promise<string | undefined> {
  const folder = named ?? fallback;
  if (await isThere(`${folder}/${wanted}`)) return folder;
  if (named === undefined) return undefined;
  throw new InputError(`Cannot measure with ${named}: ${wanted || "the folder"} is not there`);
}
