import type { AnnotatedPhoto } from "@/lib/data/sets/annotated.ts";
import { cropPhoto, imageToCrop } from "@/lib/data/maps/crop.ts";
import {
  type FaceError,
  faceErrors,
  type LandmarkErrors,
  landmarkErrors,
  type LandmarkPair,
  type NmeSummary,
  type ShownFace,
} from "@/lib/evaluate/nme.ts";
import type { ExpressionErrors } from "@/lib/evaluate/expression_errors.ts";
import type { Crop, Photo } from "@/lib/types.ts";

/** A cropped picture and what is true of it. */
export interface LabeledFace {
  /** Square, of the network's image size. */
  readonly image: Photo;
  /** [68, 3], crop pixels; each z NaN where depths are not known. */
  readonly landmarks: Float32Array;
  /** In radians; its sign does not matter. */
  readonly yaw: number;
  /** See {@linkcode ShownFace.person}. */
  readonly person?: ShownFace["person"];
}

/** What is true of a cropped picture. */
export interface PlacedFace extends Pick<LabeledFace, "landmarks" | "yaw" | "person"> {
  readonly image: Pick<Photo, "width">;
}

/** Normalized mean errors of a network in percent, of 68 landmarks. */
export interface Evaluation extends LandmarkErrors {
  /** The same of an answer that does not look: the mean landmarks of the training set. */
  readonly baseline: { readonly nme68_2d: NmeSummary; readonly nme68_3d: NmeSummary };
  /** The errors of the whole surface without the neck, where it is known and the network's own. */
  readonly dense?: { readonly in2d: NmeSummary; readonly in3d: NmeSummary };
  /** Where the network says expressions, and those of the faces are known. */
  readonly expressions?: ExpressionErrors;
}

/** All errors of some faces. */
export interface Measured<Summary = Evaluation> {
  readonly evaluation: Summary;
  /** One for each face, in their order. */
  readonly errors: readonly FaceError[];
}

/** What faces are judged by. */
export interface Answers {
  /** Each [68, 3], crop pixels: the landmarks found in each face. */
  readonly found: readonly Float32Array[];
  /** [68, 3], in crop sides. */
  readonly meanLandmarks: ArrayLike<number>;
}

/** Errors of the landmarks found in all faces, beside the baseline's. */
export function evaluate(faces: readonly PlacedFace[], { found, meanLandmarks }: Answers): Evaluation {
  const mean = faces.map(({ image: { width } }) => Float32Array.from(meanLandmarks, (value) => value * width));
  const { nme68_2d, nme68_3d } = landmarkErrors(landmarkPairs(faces, mean));
  return { ...landmarkErrors(landmarkPairs(faces, found)), baseline: { nme68_2d, nme68_3d } };
}

/** The errors of each face, in their order, of the landmarks found in them. */
export function evaluateEach(faces: readonly PlacedFace[], { found }: Pick<Answers, "found">): FaceError[] {
  return faceErrors(landmarkPairs(faces, found));
}

/** The landmarks found in faces, [68, 3] each, beside the true ones. */
export function landmarkPairs(faces: readonly PlacedFace[], found: readonly Float32Array[]): LandmarkPair[] {
  return faces.map(({ landmarks, yaw, person }, i) => ({ predicted: found[i]!, truth: landmarks, yaw, person }));
}

/** A real photo's face in a crop. */
export function labelPhoto(
  { photo, landmarks, pose }: Pick<AnnotatedPhoto, "photo" | "landmarks" | "pose">,
  { imageSize, crop }: { readonly imageSize: number; readonly crop: Crop },
): LabeledFace {
  return {
    image: cropPhoto(photo, crop, imageSize),
    landmarks: imageToCrop(landmarks, { crop, size: imageSize }),
    yaw: pose.yaw,
  };
}
