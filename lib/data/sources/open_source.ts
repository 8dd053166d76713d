import type { OpenOptions, Source, SourceKind, SourceSpec } from "@/lib/data/sources/source.ts";
import { InputError } from "@/lib/errors.ts";

interface Entry {
  /** For a list of sources to choose from. */
  readonly about: string;
  readonly load: () => Promise<SourceKind>;
}

/** Every kind of source by its name. A new one is a file beside this one, and an entry here. */
export const sourceKinds: Readonly<Record<string, Entry>> = {
  "built-in": {
    about: "faces that need no file",
    load: async () => (await import("@/lib/data/sources/built_in.ts")).builtInSource,
  },
  ict: { about: "ICT-FaceKit's", load: async () => (await import("@/lib/data/sources/ict.ts")).ictSource },
  model: {
    about: "a model's that deno task prepare has made",
    load: async () => (await import("@/lib/data/sources/model.ts")).modelSource,
  },
  obj: { about: "any mesh with UVs", load: async () => (await import("@/lib/data/sources/obj.ts")).objSource },
  "300w-lp": {
    about: "photos with fitted parameters",
    load: async () => (await import("@/lib/data/sources/300w_lp.ts")).source300wLp,
  },
  store: {
    about: "photos with maps made before",
    load: async () => (await import("@/lib/data/sources/store.ts")).storeSource,
  },
  photos: {
    about: "photos of one's own, labeled",
    load: async () => (await import("@/lib/data/sources/photos.ts")).photosSource,
  },
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
  return await (await sourceKinds[name]!.load()).open(spec, options);
}
