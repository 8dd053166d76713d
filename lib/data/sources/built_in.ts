import * as z from "zod";
import { sourceKind } from "@/lib/data/sources/source.ts";

const schema = z.strictObject({ name: z.literal("built-in") });

/** Faces made of formulas alone. */
export const builtInSource = sourceKind(schema, {
  about: "faces that need no file",
  open: async (_, options) => {
    const { drawnSource } = await import("@/lib/data/synthetic/drawn_source.ts");
    const { keptBuiltInFace } = await import("@/lib/face/kept_built_in.ts");
    return drawnSource(await keptBuiltInFace(), { ...options, license: "MIT" });
  },
});
