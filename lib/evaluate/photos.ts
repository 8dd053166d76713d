import { cropToImage, landmarkCrop } from "@/lib/data/maps/crop.ts";
import {
  type AnnotatedFiles,
  type AnnotatedPhoto,
  type Annotation,
  listAnnotated,
  readAnnotatedPhoto,
} from "@/lib/data/sets/annotated.ts";
import { subjectOf } from "@/lib/data/sets/300w_lp/listing.ts";
import type { DenseErrors } from "@/lib/evaluate/aflw2000/dense_judge.ts";
import {
  evaluate,
  evaluateEach,
  type Evaluation,
  labelPhoto,
  type Measured,
  type PlacedFace,
} from "@/lib/evaluate/evaluate.ts";
import type { MeasuredModel } from "@/lib/evaluate/trained.ts";
import type { ProgressListener } from "@/lib/progress.ts";
import type { Crop, PositionMap } from "@/lib/types.ts";

/** An annotated photo, and what a model finds in it. */
export interface FittedPhoto extends Annotation {
  readonly name: string;
  /** Undefined where no face was found. */
  readonly found: FoundInPhoto | undefined;
}

/** What a model finds in a crop. */
export interface FoundInPhoto {
  readonly crop: Crop;
  /** [68, 3], the photo's pixels. */
  readonly landmarks: Float32Array;
  /** What is true in the crop: landmarks in its pixels, yaw, its width in the photo. */
  readonly face: PlacedFace;
  /** [68, 3], crop pixels. */
  readonly inCrop: Float32Array;
  /** Errors of the whole face, where it was judged. */
  readonly dense?: DenseErrors;
}

/** A photo with its files, and what was found in it. */
export interface JudgedPhoto extends AnnotatedPhoto, AnnotatedFiles {
  /** In crop pixels. */
  readonly map: PositionMap;
  readonly crop: Crop;
}

/** Where a photo's face is looked for; undefined where it is not found. */
export type CropFinder = (photo: AnnotatedPhoto) => Crop | undefined | Promise<Crop | undefined>;

export interface PhotoOptions {
  /** Compares what was found with the whole face, where that is known. */
  readonly judge?: ((photo: JudgedPhoto) => Promise<DenseErrors>) | undefined;
  /** The box of the true landmarks unless given, as the papers have it. */
  readonly cropOf?: CropFinder | undefined;
  readonly onProgress?: ProgressListener | undefined;
}

/** Fits a folder of AFLW2000-3D or 300W-LP, by name. Throws an InputError where a photo or its annotation is broken. */
export async function fitPhotos(
  { crops, description: { imageSize, crop: { margin } } }: MeasuredModel,
  folder: string,
  { cropOf = ({ landmarks }) => landmarkCrop(landmarks, { margin }), judge, onProgress }: PhotoOptions = {},
): Promise<FittedPhoto[]> {
  const files = await listAnnotated(folder);
  const fitted: FittedPhoto[] = [];
  while (fitted.length < files.length) {
    const photos: AnnotatedPhoto[] = [];
    for (const file of files.slice(fitted.length, fitted.length + FITTED_AT_ONCE)) {
      photos.push(await readAnnotatedPhoto(file));
      onProgress?.(fitted.length / files.length);
    }
    const faces = await Promise.all(photos.map(async (photo) => {
      const crop = await cropOf(photo);
      return crop && { crop, ...labelPhoto(photo, { imageSize, crop }) };
    }));
    const shown = faces.filter((face) => face !== undefined);
    const predictions = shown.length > 0 ? await crops.predict(shown.map(({ image }) => image)) : [];
    for (const [i, photo] of photos.entries()) {
      const { name, landmarks, pose, marked } = photo, face = faces[i];
      const annotation = { name, landmarks, pose, ...marked && { marked } };
      const prediction = face && predictions[shown.indexOf(face)]!;
      const person = subjectOf(name);
      const judged = { ...photo, ...files[fitted.length]!, ...prediction, crop: face?.crop };
      const dense = prediction && await judge?.(judged as JudgedPhoto);
      fitted.push({
        ...annotation,
        found: prediction && { ...found({ ...face, person }, prediction.landmarks), ...dense && { dense } },
      });
    }
  }
  return fitted;
}

/** So that memory does not grow with the number of faces. */
const FITTED_AT_ONCE = 16;

function found({ crop, image: { width }, ...face }: PlacedFace & { readonly crop: Crop }, inCrop: Float32Array) {
  const landmarks = cropToImage(inCrop, { crop, size: width });
  return { crop, landmarks, inCrop: inCrop.slice(), face: { ...face, image: { width } } };
}

/** Errors of the faces that were found. */
export function measureFitted(
  photos: readonly FittedPhoto[],
  { meanLandmarks }: Pick<MeasuredModel["description"], "meanLandmarks">,
): Measured {
  const all = photos.flatMap(({ found }) => found ?? []);
  const faces = all.map(({ face }) => face), found = all.map(({ inCrop }) => inCrop);
  return { evaluation: evaluate(faces, { found, meanLandmarks }), errors: evaluateEach(faces, { found }) };
}

/** Errors on a folder of AFLW2000-3D, or in 2D alone of 300W-LP; see {@linkcode fitPhotos}. */
export async function evaluatePhotos(
  model: MeasuredModel,
  folder: string,
  options: PhotoOptions = {},
): Promise<Evaluation> {
  return measureFitted(await fitPhotos(model, folder, options), model.description).evaluation;
}
