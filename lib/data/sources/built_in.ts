import * as z from "zod";
import { sourceKind } from "@/lib/data/sources/source.ts";
import { drawnSource } from "@/lib/data/synthetic/drawn_source.ts";
import { keptBuiltInFace } from "@/lib/face/kept_built_in.ts";

const schema = z.strictObject({ name: z.literal("built-in") });

/** Faces made of formulas alone. */
export const builtInSource = sourceKind(
  schema,
  async (_, options) => drawnSource(await keptBuiltInFace(), { ...options, license: "MIT" }),
);
