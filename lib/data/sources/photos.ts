import * as z from "zod";
import { pathSetting, sourceKind } from "@/lib/data/sources/source.ts";

const schema = z.strictObject({
  name: z.literal("photos"),
  path: pathSetting("a folder that `deno task prepare photos` has made"),
});

/** One's own photos, labeled. */
export const photosSource = sourceKind(schema, {
  about: "photos of one's own, labeled",
  open: async ({ path }, options) => {
    const { PhotoStore, photoStoreSource } = await import("@/lib/data/store/photo_store.ts");
    return photoStoreSource(await PhotoStore.open(path), options);
  },
});
