import * as z from "zod";
import { sourceKind } from "@/lib/data/sources/source.ts";
import { drawnSource } from "@/lib/data/synthetic/drawn_source.ts";
import { readPreparedFace } from "@/lib/face/prepared_face.ts";

const schema = z.strictObject({
  name: z.literal("model"),
  path: z.string("--source-path was not given, a face model that deno task prepare has made is wanted"),
});

/** Faces of a model in a file, as `deno task prepare` writes them. */
export const modelSource = sourceKind(schema, async ({ path }, options) => {
  const { model, license } = await readPreparedFace(path);
  return drawnSource(model, { ...options, ...license && { license } });
});
