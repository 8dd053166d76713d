/** Drawn photos whose landmarks are known. */
import { encodeJpeg } from "@/lib/data/files/images.ts";
import { type Labeler, landmarkLabeler } from "@/lib/data/sets/own_photos/labeler.ts";
import { openLandmarkFiles } from "@/lib/data/sets/own_photos/landmark_files.ts";
import { drawnSource } from "@/lib/data/synthetic/drawn_source.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

export const model = builtInFace();
const drawn = drawnSource(model, { seed: 7, imageSize: 64, augment: false });

/** A folder of drawn photos with landmarks; of each, what is drawn is in the middle. */
export async function photoFolder(names: readonly string[]) {
  const folder = await temporaryFolder();
  const truths = new Map<string, Float32Array>();
  for (const [i, name] of names.entries()) {
    const { image, landmarks } = drawn.sample(8 * i, "train");
    await Deno.writeFile(`${folder.path}/${name}.jpg`, await encodeJpeg(image));
    const rows = Array.from({ length: 68 }, (_, k) => [...landmarks.subarray(3 * k, 3 * k + 2)]);
    await Deno.writeTextFile(`${folder.path}/${name}.json`, JSON.stringify(rows));
    truths.set(`${name}.jpg`, landmarks);
  }
  return { path: folder.path, truths, [Symbol.asyncDispose]: () => folder[Symbol.asyncDispose]() };
}

export async function labelerOf(folder: string): Promise<Labeler> {
  const convention = "300w-lp";
  return landmarkLabeler(model, { files: await openLandmarkFiles(folder, convention), convention, imageSize: 64 });
}
