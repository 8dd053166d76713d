import * as z from "zod";
import { sourceKind } from "@/lib/data/sources/source.ts";
import { openStore } from "@/lib/data/store/store_source.ts";

const schema = z.strictObject({
  name: z.literal("store"),
  path: z.string("--source-path was not given, a folder that `deno task prepare 300w-lp` has made is wanted"),
});

/** Photos with maps that were made before. */
export const storeSource = sourceKind(schema, ({ path }, options) => openStore(path, options));
