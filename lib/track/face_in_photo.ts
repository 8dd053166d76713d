import { readAnnotation } from "@/lib/data/sets/annotated.ts";
import { cropPhoto, landmarkCrop } from "@/lib/data/maps/crop.ts";
import { decodePhoto } from "@/lib/data/files/images.ts";
import { OtherFormatError } from "@/lib/data/files/mat.ts";
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

export interface FacePhotoOptions {
  /** Of {@linkcode CropOptions}. */
  readonly margin: number;
  /** Where the face is, in the pixels of the photo's file, where that is known. */
  readonly crop?: Crop | undefined;
}

/**
 * A photo and where its face is, in the photo's pixels: as given; or by the landmarks in a `.mat` of AFLW2000-3D or
 * 300W-LP beside it, as evaluation has it; or else a square photo is taken as a whole. Throws an InputError where the
 * photo cannot be read, the crop lies beside it, or nothing tells where the face is.
 */
export async function openFacePhoto(
  path: string,
  { margin, crop: given }: FacePhotoOptions,
): Promise<{ readonly photo: Photo; readonly crop: Crop }> {
  const crop = given ?? await annotatedCrop(path, margin);
  const photo = await decodePhoto(path);
  if (crop) {
    const { left, top, side } = crop;
    const { fileWidth, fileHeight } = photo;
    if (left >= fileWidth || top >= fileHeight || left + side <= 0 || top + side <= 0) {
      throw new InputError(
        `Cannot crop ${path} to ${left},${top},${side}: that lies beside the photo, which is ${fileWidth} × ${fileHeight} pixels`,
      );
    }
    const scale = photo.width / fileWidth;
    return { photo, crop: { left: left * scale, top: top * scale, side: side * scale } };
  }
  if (photo.width === photo.height) return { photo, crop: { left: 0, top: 0, side: photo.width } };
  throw new InputError(
    `Cannot tell where the face is in ${path} (${photo.fileWidth} × ${photo.fileHeight} pixels), as there is no detector: ` +
      "crop the photo to a square about the face, or name the square by --crop left,top,side",
  );
}

/** Undefined where no `.mat` is beside the photo, or one that has nothing to do with faces. */
async function annotatedCrop(photoPath: string, margin: number): Promise<Crop | undefined> {
  for (const extension of [".mat", ".MAT"]) {
    const path = photoPath.replace(/\.[^./]*$/, extension);
    if (path === photoPath || !await isFile(path)) continue;
    const annotation = await readAnnotation(path).catch((error): undefined => {
      if (!(error instanceof OtherFormatError)) throw error;
    });
    return annotation && landmarkCrop(annotation.landmarks, { margin });
  }
  return undefined;
}

async function isFile(path: string): Promise<boolean> {
  return await Deno.stat(path).then((found) => found.isFile, () => false);
}
