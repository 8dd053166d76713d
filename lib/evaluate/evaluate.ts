import type { AnnotatedPhoto } from "@/lib/data/aflw2000.ts";
import { CROP_MARGIN, cropPhoto, imageToCrop, landmarkCrop } from "@/lib/data/crop.ts";
import { type LandmarkErrors, landmarkErrors, type LandmarkPair, type NmeSummary } from "@/lib/evaluate/nme.ts";
import type { Photo } from "@/lib/types.ts";

/** A cropped picture and what is true of it. */
export interface LabeledFace {
  /** Square, of the network's image size. */
  readonly image: Photo;
  /** [68, 3], crop pixels. */
  readonly landmarks: Float32Array;
  /** In radians; its sign does not matter. */
  readonly yaw: number;
}

/** What is measured: anything that finds landmarks, [68, 3] in crop pixels, in pictures. */
export type LandmarkFinder = (images: readonly Photo[]) => readonly Float32Array[];

export interface Evaluation extends LandmarkErrors {
  /** The same of an answer that does not look: the mean landmarks of the training set. */
  readonly baseline: { readonly nme68_2d: NmeSummary; readonly nme68_3d: NmeSummary };
}

export interface EvaluationOptions {
  readonly findLandmarks: LandmarkFinder;
  /** [68, 3], in crop sides. */
  readonly meanLandmarks: ArrayLike<number>;
}

/** Errors of the landmarks found in all faces, beside the baseline's. */
export function evaluate(
  faces: readonly LabeledFace[],
  { findLandmarks, meanLandmarks }: EvaluationOptions,
): Evaluation {
  const found: Float32Array[] = [];
  for (let start = 0; start < faces.length; start += BATCH) {
    found.push(...findLandmarks(faces.slice(start, start + BATCH).map(({ image }) => image)));
  }
  const pair = (landmarksOf: (i: number) => Float32Array): LandmarkPair[] =>
    faces.map(({ landmarks, yaw }, i) => ({ predicted: landmarksOf(i), truth: landmarks, yaw }));
  const blind = landmarkErrors(pair((i) => Float32Array.from(meanLandmarks, (v) => v * faces[i]!.image.width)));
  return {
    ...landmarkErrors(pair((i) => found[i]!)),
    baseline: { nme68_2d: blind.nme68_2d, nme68_3d: blind.nme68_3d },
  };
}

/** How many pictures the network sees at a time. */
const BATCH = 16;

/** A real photo cropped by its true landmarks' box, as the papers have it. */
export function labelPhoto({ photo, landmarks, pose }: AnnotatedPhoto, imageSize: number): LabeledFace {
  const crop = landmarkCrop(landmarks, { margin: CROP_MARGIN });
  return {
    image: cropPhoto(photo, crop, imageSize),
    landmarks: imageToCrop(landmarks, { crop, size: imageSize }),
    yaw: pose.yaw,
  };
}
