import type { Config } from "@/lib/config.ts";
import { needManifest } from "@/lib/data/store/manifest.ts";

/** What trainings on a store have of it: where it is, and the size of its maps. Throws an InputError where there is none. */
export async function storeSettings(folder: string): Promise<Pick<Config, "source" | "imageSize">> {
  const { plan: { imageSize } } = await needManifest(folder);
  return { source: { name: "store", path: folder }, imageSize: imageSize as Config["imageSize"] };
}
