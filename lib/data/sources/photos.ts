import * as z from "zod";
import { sourceKind } from "@/lib/data/sources/source.ts";
import { PhotoStore, photoStoreSource } from "@/lib/data/store/photo_store.ts";

const schema = z.strictObject({
  name: z.literal("photos"),
  path: z.string("--source-path was not given, a folder that `deno task prepare photos` has made is wanted"),
});

/** One's own photos, labeled. */
export const photosSource = sourceKind(
  schema,
  async ({ path }, options) => photoStoreSource(await PhotoStore.open(path), options),
);
