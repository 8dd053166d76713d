import { keptBuiltInFace } from "@/lib/face/kept_built_in.ts";
import type { MorphableModel } from "@/lib/face/morphable_model.ts";

const face = await keptBuiltInFace();

/** The built-in face from the cache folder: to make it takes each process most of half a second. */
export function builtInFace(): MorphableModel {
  return face;
}
