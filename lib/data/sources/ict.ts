import * as z from "zod";
import { findIctDownload } from "@/lib/data/sets/ict_facekit.ts";
import { sourceKind } from "@/lib/data/sources/source.ts";
import { drawnSource } from "@/lib/data/synthetic/drawn_source.ts";
import { InputError } from "@/lib/errors.ts";
import { loadIct } from "@/lib/face/ict/ict.ts";

const schema = z.strictObject({
  name: z.literal("ict"),
  path: z.string().optional(),
});

/** Faces of ICT-FaceKit, of its folder FaceXModel; without one, of what `deno task download ict` has fetched. */
export const ictSource = sourceKind(
  schema,
  async ({ path, name }, options) => {
    const folder = path ?? await findIctDownload();
    if (folder !== undefined) return drawnSource(await loadIct(folder, options), { ...options, license: "MIT" });
    throw new InputError(
      `Cannot open the source ${name}: --source-path was not given, ICT-FaceKit's folder FaceXModel is wanted; ` +
        "`deno task download ict` fetches it to where it is found without",
    );
  },
);
