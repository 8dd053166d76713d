/** A maker of shards of a folder that `writeStandInSet` has written. */
import { list300wLp } from "@/lib/data/sets/300w_lp/listing.ts";
import { photoSource } from "@/lib/data/sets/300w_lp/photo_source.ts";
import { serveShards } from "@/lib/data/store/serve_shards.ts";

serveShards(async (spec) => {
  const { standInModel } = await import("@/tests/data/sets/300w_lp/stand_in.ts"); // which is opened: messages do not wait
  return photoSource(await list300wLp(String(spec.source["path"])), standInModel(), spec);
});
