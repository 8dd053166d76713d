import * as z from "zod";
import { pathSetting, sourceKind } from "@/lib/data/sources/source.ts";

const schema = z.strictObject({
  name: z.literal("obj"),
  path: pathSetting("a folder with a face.json that names the OBJ"),
});

/** Faces of any mesh with texture coordinates. */
export const objSource = sourceKind(schema, {
  about: "any mesh with UVs",
  open: async ({ path }, options) => {
    const { drawnSource } = await import("@/lib/data/synthetic/drawn_source.ts");
    const { loadObjModel } = await import("@/lib/face/obj/obj_files.ts");
    return drawnSource(await loadObjModel(path), options);
  },
});
