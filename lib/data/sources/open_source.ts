import { source300wLp } from "@/lib/data/sources/300w_lp.ts";
import { builtInSource } from "@/lib/data/sources/built_in.ts";
import { ictSource } from "@/lib/data/sources/ict.ts";
import { modelSource } from "@/lib/data/sources/model.ts";
import { objSource } from "@/lib/data/sources/obj.ts";
import { photosSource } from "@/lib/data/sources/photos.ts";
import type { OpenOptions, Source, SourceKind, SourceSpec } from "@/lib/data/sources/source.ts";
import { storeSource } from "@/lib/data/sources/store.ts";
import { InputError } from "@/lib/errors.ts";

/** Every kind of source by its name. A new one is a file beside this one, and an entry here. */
export const sourceKinds: Readonly<Record<string, SourceKind>> = {
  "built-in": builtInSource,
  ict: ictSource,
  model: modelSource,
  obj: objSource,
  "300w-lp": source300wLp,
  store: storeSource,
  photos: photosSource,
};

/**
 * The same samples for the same spec, in any thread. Throws an InputError where there is no such source, or its files
 * are missing or broken.
 */
export async function openSource(spec: SourceSpec, options: OpenOptions = {}): Promise<Source> {
  const { name } = spec.source;
  const names = Object.keys(sourceKinds);
  if (!names.includes(name)) {
    throw new InputError(`Cannot open the source "${name}": the sources are ${names.join(", ")}`);
  }
  return await sourceKinds[name]!.open(spec, options);
}
