import * as z from "zod";
import { sourceKind } from "@/lib/data/sources/source.ts";
import { drawnSource } from "@/lib/data/synthetic/drawn_source.ts";
import { loadObjModel } from "@/lib/face/obj/obj_files.ts";

const schema = z.strictObject({
  name: z.literal("obj"),
  path: z.string("--source-path was not given, a folder with a face.json that names the OBJ is wanted"),
});

/** Faces of any mesh with texture coordinates. */
export const objSource = sourceKind(
  schema,
  async ({ path }, options) => drawnSource(await loadObjModel(path), options),
);
