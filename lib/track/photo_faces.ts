import { cropMiddle, landmarkCrop } from "@/lib/data/maps/crop.ts";
import { landmarkBox } from "@/lib/face/landmarks.ts";
import type { FaceDetector } from "@/lib/track/blazeface.ts";
import { boxOverlap, type Detection } from "@/lib/track/detection.ts";
import type { FaceFitter, ModelFit } from "@/lib/track/face_fitter.ts";
import type { Crop, Photo } from "@/lib/types.ts";

/** A face in a photo. */
export interface PhotoFace {
  readonly fit: ModelFit;
  /** None where the user said where the face is. */
  readonly detection?: Detection;
}

export interface PhotoFacesOptions {
  /** The crop's side over the longer side of the landmarks' box, as the network was trained. */
  readonly margin: number;
  /** Where the one face is, in place of a detector's word: any fit that is not all in one place counts. */
  readonly crop?: Crop;
  /** Whether the crop is taken as it is, in place of one around the landmarks that are found in it. */
  readonly isExact?: boolean;
}

/** Pixels of a photo's shorter side from which parts of it are looked at too, for small faces. */
const LARGE = 900;
/** Share of the shorter side. */
const PART = 0.5;
/** Landmarks' boxes that overlap more are of one face. */
const SAME_FACE = 0.5;

/**
 * The faces of a photo from the image's left to its right: each found by the detector, fitted in the crop that it suggests,
 * and again in the crop around its landmarks and that one's mirror image. Where nothing is found, parts of the photo are looked at.
 */
export async function findFaces(
  photo: Photo,
  { detector, fitter }: {
    readonly detector: Pick<FaceDetector, "detect">;
    readonly fitter: Pick<FaceFitter, "fit" | "fitMirrored" | "fitDetected">;
  },
  { margin, crop, isExact = false }: PhotoFacesOptions,
): Promise<PhotoFace[]> {
  if (crop) {
    const first = isExact ? undefined : await fitter.fit(photo, crop);
    if (first?.score === 0) return [];
    const fit = await fitter.fitMirrored(photo, first ? landmarkCrop(first.landmarks, { margin }) : crop);
    return fit.score > 0 ? [{ fit }] : [];
  }
  const isLarge = Math.min(photo.width, photo.height) >= LARGE;
  let detections = await detector.detect(photo, isLarge ? { parts: PART } : {});
  if (detections.length === 0 && !isLarge) detections = await detector.detect(photo, { parts: PART });
  const faces: PhotoFace[] = [];
  for (const detection of detections) {
    const fit = await fitter.fitDetected(photo, detection, { margin });
    if (!fit) continue;
    const box = landmarkBox(fit.landmarks);
    if (faces.some((other) => boxOverlap(landmarkBox(other.fit.landmarks), box) > SAME_FACE)) continue;
    faces.push({ fit, detection });
  }
  const middle = ({ fit: { crop } }: PhotoFace) => cropMiddle(crop)[0];
  return faces.toSorted((a, b) => middle(a) - middle(b));
}
