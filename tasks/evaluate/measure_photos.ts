import { landmarkCrop } from "@/lib/data/maps/crop.ts";
import { Aflw2000Annotations } from "@/lib/data/sets/aflw2000.ts";
import { readFittedFace } from "@/lib/data/sets/300w_lp/fitted_face.ts";
import { readFittedModel } from "@/lib/data/sources/300w_lp.ts";
import { InputError } from "@/lib/errors.ts";
import { type DenseErrors, DenseJudge } from "@/lib/evaluate/aflw2000/dense_judge.ts";
import { aflw2000Protocol, type Protocol } from "@/lib/evaluate/aflw2000/protocol.ts";
import type { Evaluation, Measured } from "@/lib/evaluate/evaluate.ts";
import {
  type CropFinder,
  fitPhotos,
  type FittedPhoto,
  type JudgedPhoto,
  measureFitted,
} from "@/lib/evaluate/photos.ts";
import type { MeasuredModel } from "@/lib/evaluate/trained.ts";
import type { ModelDescription } from "@/lib/model/description.ts";
import type { ProgressListener } from "@/lib/progress.ts";
import type { FaceDetector } from "@/lib/track/blazeface.ts";
import { boxOverlap } from "@/lib/track/detection.ts";
import { detectionCrop } from "@/lib/track/detection_crop.ts";
import { poseOfLandmarks } from "@/lib/face/head_pose.ts";
import { openDetector } from "@/tasks/predict/open_faces.ts";

/** Where faces are looked for: in the true landmarks' box, in the detector's, or where 3DDFA's network is shown them. */
export type BoxKind = "truth" | "detector" | "3ddfa";

export interface PhotoSet {
  readonly photos: string;
  /** The folder of 3DDFA's annotations of AFLW2000-3D. */
  readonly annotations?: string | undefined;
  /** The file of the Basel Face Model that `deno task prepare bfm` makes: with it, the whole face is measured. */
  readonly faceModel?: string | undefined;
  readonly boxes: BoxKind;
}

/**
 * Errors on photos and, where their landmarks have depths, as AFLW2000-3D's do, or more than their landmarks is known, all of
 * that set's protocol.
 */
export interface PhotoEvaluation extends Evaluation {
  readonly boxes: BoxKind;
  readonly protocol?: Protocol;
}

/** Throws an InputError where a file is missing or broken, or annotations are of other photos. */
export async function measurePhotos(
  model: MeasuredModel,
  { photos: folder, annotations: annotationFolder, faceModel, boxes }: PhotoSet,
  onProgress: ProgressListener,
): Promise<Measured<PhotoEvaluation>> {
  const { margin } = model.description.crop;
  const annotations = annotationFolder === undefined ? undefined : await Aflw2000Annotations.read(annotationFolder);
  const moreOf = (name: string, landmarks: Float32Array) => {
    const more = annotations?.find(landmarks);
    if (more || !annotations) return more;
    throw new InputError(
      `Cannot use the annotations in ${annotationFolder}: ${folder}/${name} is none of their photos`,
    );
  };
  const finders: Record<BoxKind, () => CropFinder | Promise<CropFinder>> = {
    truth: () => ({ landmarks }) => landmarkCrop(landmarks, { margin }),
    detector: async () => detecting(await openDetector(), margin),
    "3ddfa": () => ({ name, landmarks }) => moreOf(name, landmarks)!.crop,
  };
  const judge = faceModel === undefined ? undefined : await denseJudge(faceModel, model.description);
  const photos = await fitPhotos(model, folder, { cropOf: await finders[boxes](), judge, onProgress });
  const { evaluation: summary, errors } = measureFitted(photos, model.description), evaluation = { boxes, ...summary };
  const isOf300wLp = photos.some(({ landmarks }) => Number.isNaN(landmarks[2]));
  if (isOf300wLp && !annotations && !judge) return { evaluation, errors };
  const faces = photos.map(({ name, found, ...truth }) => ({
    truth,
    more: moreOf(name, truth.landmarks),
    found: found && { landmarks: found.landmarks, pose: poseOf(found, model.description), dense: found.dense },
  }));
  return { evaluation: { ...evaluation, protocol: aflw2000Protocol(faces) }, errors };
}

/** Throws an InputError where the file is not of the model that the photos were fitted with. */
async function denseJudge(
  path: string,
  { surface }: ModelDescription,
): Promise<(photo: JudgedPhoto) => Promise<DenseErrors>> {
  const judge = new DenseJudge(await readFittedModel(path), surface);
  return async ({ matPath, photo, ...found }) =>
    judge.judge(await readFittedFace(matPath), { ...found, photoHeight: photo.height });
}

function poseOf({ landmarks }: NonNullable<FittedPhoto["found"]>, { neutralLandmarks }: ModelDescription) {
  if (!neutralLandmarks) return undefined;
  try {
    return poseOfLandmarks(landmarks, neutralLandmarks);
  } catch (error) {
    if (error instanceof RangeError) return undefined; // all in one place
    throw error;
  }
}

/** What the detector's box and the true landmarks' must have in common to be of one face. */
const SAME_FACE = 0.2;

function detecting(detector: FaceDetector, margin: number): CropFinder {
  return async ({ photo, box }) => {
    const detections = await detector.detect(photo);
    const [best] = detections.toSorted((a, b) => boxOverlap(b.box, box) - boxOverlap(a.box, box));
    return best && boxOverlap(best.box, box) > SAME_FACE ? detectionCrop(best, { margin }) : undefined;
  };
}
