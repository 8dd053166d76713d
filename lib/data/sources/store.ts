import * as z from "zod";
import { pathSetting, sourceKind } from "@/lib/data/sources/source.ts";

const schema = z.strictObject({
  name: z.literal("store"),
  path: pathSetting("a folder that `deno task prepare 300w-lp` has made"),
});

/** Photos with maps that were made before. */
export const storeSource = sourceKind(schema, {
  about: "photos with maps made before",
  open: async ({ path }, options) => {
    const { openStore } = await import("@/lib/data/store/store_source.ts");
    return await openStore(path, options);
  },
});
