import { readAnnotatedPhoto } from "@/lib/data/sets/aflw2000.ts";
import { cropPhoto, landmarkCrop } from "@/lib/data/maps/crop.ts";
import { decodePhoto } from "@/lib/data/files/images.ts";
import { InputError } from "@/lib/errors.ts";
import { Predictor } from "@/lib/model/predictor.ts";
import type { TrainedModel } from "@/lib/model/trained_model.ts";
import type { Crop, Photo } from "@/lib/types.ts";
import type { TrackedFace } from "@/lib/track/tracked_face.ts";

/** Pixels a side of the crop that is shown, at most; the network sees its own size. */
const MOST_SHOWN = 512;

/** What a trained model sees in the part of a photo that this crop cuts out. */
export function trackFace(photo: Photo, crop: Crop, { network, description }: TrainedModel): TrackedFace {
  using predictor = new Predictor(network, description);
  const { imageSize, surface } = description;
  const [map] = predictor.predict([cropPhoto(photo, crop, imageSize)]);
  const shownSize = Math.max(imageSize, Math.min(MOST_SHOWN, Math.round(crop.side)));
  return { photo: cropPhoto(photo, crop, shownSize), map: map!, surface };
}

/**
 * A photo and where its face is: by the landmarks in a `.mat` of AFLW2000-3D beside a `.jpg`, as evaluation has it; a
 * square photo is taken as a whole. Throws an InputError where the photo cannot be read, or tells neither.
 */
export async function openFacePhoto(
  path: string,
  { margin }: { readonly margin: number },
): Promise<{ readonly photo: Photo; readonly crop: Crop }> {
  const [, folder = ".", name] = /^(?:(.*)\/)?([^/]+)\.jpg$/.exec(path) ?? [];
  if (name !== undefined && await isFile(`${folder}/${name}.mat`)) {
    const { photo, landmarks } = await readAnnotatedPhoto(folder, name);
    return { photo, crop: landmarkCrop(landmarks, { margin }) };
  }
  const photo = await decodePhoto(path);
  if (photo.width === photo.height) return { photo, crop: { left: 0, top: 0, side: photo.width } };
  throw new InputError(
    `Cannot tell where the face is in ${path} (${photo.width} × ${photo.height} pixels), as there is no detector: ` +
      "crop the photo to a square about the face, or name the square by --crop left,top,side",
  );
}

async function isFile(path: string): Promise<boolean> {
  return await Deno.stat(path).then((found) => found.isFile, () => false);
}
