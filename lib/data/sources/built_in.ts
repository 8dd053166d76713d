import * as z from "zod";
import { sourceKind } from "@/lib/data/sources/source.ts";
import { drawnSource } from "@/lib/data/synthetic/drawn_source.ts";
import { builtInFace } from "@/lib/face/built_in.ts";
import type { MorphableModel } from "@/lib/face/morphable_model.ts";

const schema = z.strictObject(
  { name: z.literal("built-in") },
  "it needs no files, and has no settings (--source-path was given)",
);

let face: MorphableModel | undefined;

/** Faces made of formulas alone, which each thread takes a moment for, once. */
export const builtInSource = sourceKind(
  schema,
  (_, options) => Promise.resolve(drawnSource(face ??= builtInFace(), { ...options, license: "MIT" })),
);
