import { list300wLp } from "@/lib/data/sets/300w_lp/listing.ts";
import { type PhotoSource, photoSource } from "@/lib/data/sets/300w_lp/photo_source.ts";
import { type BuildOptions, buildStore } from "@/lib/data/store/build_store.ts";
import type { StoreContent } from "@/lib/data/store/manifest.ts";
import type { SourceSpec } from "@/lib/data/sources/source.ts";
import { standInModel } from "@/tests/data/sets/300w_lp/stand_in.ts";

export function standInSpec(set: string): SourceSpec {
  return { seed: 7, source: { name: "300w-lp", path: set }, imageSize: 64, augment: false };
}

export async function openStandInSet(set: string, changes: Partial<SourceSpec> = {}): Promise<PhotoSource> {
  return photoSource(await list300wLp(set), standInModel(), { ...standInSpec(set), ...changes });
}

/** A store in this folder of a set that `writeStandInSet` has written. */
export async function buildStandInStore(
  folder: string,
  { set, ...options }: Partial<BuildOptions> & { readonly set: string },
): Promise<StoreContent> {
  return await buildStore(folder, {
    source: await openStandInSet(set),
    spec: standInSpec(set),
    workers: 1,
    photosPerShard: 3,
    workerUrl: new URL("./stand_in_worker.ts", import.meta.url),
    ...options,
  });
}

if (import.meta.main) await buildStandInStore(Deno.args[1]!, { set: Deno.args[0]! });
