import { openSource } from "@/lib/data/sources/open_source.ts";
import type { TrackedFace } from "@/lib/track/tracked_face.ts";

/** A built-in face with its true map; the same at each call. */
export async function builtInFaceSample(imageSize: 64 | 128 = 64): Promise<TrackedFace> {
  const source = await openSource({ source: { name: "built-in" }, seed: 4, imageSize, augment: false });
  const { image, map } = await source.sample(0, "test");
  return { photo: image, map, surface: source.surface };
}
