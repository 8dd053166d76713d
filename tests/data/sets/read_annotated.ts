import { type AnnotatedPhoto, listAnnotated, readAnnotatedPhoto } from "@/lib/data/sets/annotated.ts";

/** The photos of a folder of AFLW2000-3D or 300W-LP one after the other, by name. */
export async function* readAnnotated(folder: string): AsyncGenerator<AnnotatedPhoto> {
  for (const files of await listAnnotated(folder)) yield await readAnnotatedPhoto(files);
}
