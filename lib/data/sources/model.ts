import * as z from "zod";
import { pathSetting, sourceKind } from "@/lib/data/sources/source.ts";

const schema = z.strictObject({
  name: z.literal("model"),
  path: pathSetting("a face model that deno task prepare has made"),
});

/** Faces of a model in a file, as `deno task prepare` writes them. */
export const modelSource = sourceKind(schema, {
  about: "a model's that deno task prepare has made",
  open: async ({ path }, options) => {
    const { drawnSource } = await import("@/lib/data/synthetic/drawn_source.ts");
    const { readPreparedFace } = await import("@/lib/face/prepared_face.ts");
    const { model, license } = await readPreparedFace(path);
    return drawnSource(model, { ...options, ...license && { license } });
  },
});
