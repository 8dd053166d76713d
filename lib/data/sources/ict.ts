import { z } from "zod";
import { sourceKind } from "@/lib/data/sources/source.ts";
import { drawnSource } from "@/lib/data/synthetic/drawn_source.ts";
import { loadIct } from "@/lib/face/ict/ict.ts";

const schema = z.strictObject({
  name: z.literal("ict"),
  path: z.string("--source-path was not given, ICT-FaceKit's folder FaceXModel is wanted"),
});

/** Faces of ICT-FaceKit. */
export const ictSource = sourceKind(
  schema,
  async ({ path }, options) => drawnSource(await loadIct(path, options), { ...options, license: "MIT" }),
);
