import * as z from "zod";
import { notGiven, pathSetting, sourceKind } from "@/lib/data/sources/source.ts";
import { InputError } from "@/lib/errors.ts";

const schema = z.strictObject({
  name: z.literal("ict"),
  path: pathSetting(
    "ICT-FaceKit's folder FaceXModel",
    "; `deno task download ict` fetches it to where it is found without",
  ).optional(),
});

/** Faces of ICT-FaceKit, of its folder FaceXModel; without one, of what `deno task download ict` has fetched. */
export const ictSource = sourceKind(schema, {
  about: "ICT-FaceKit's",
  open: async ({ path, name }, options) => {
    const { findIctDownload } = await import("@/lib/data/sets/ict_facekit.ts");
    const folder = path ?? await findIctDownload();
    if (folder === undefined) {
      throw new InputError(`Cannot open the source ${name}: ${notGiven("path", ictSource.settings["path"]!)}`);
    }
    const { drawnSource } = await import("@/lib/data/synthetic/drawn_source.ts");
    const { loadIct } = await import("@/lib/face/ict/ict.ts");
    return drawnSource(await loadIct(folder, options), { ...options, license: "MIT" });
  },
});
