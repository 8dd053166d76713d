import type { Config } from "@/lib/config.ts";
import { countSamples } from "@/lib/data/sources/source.ts";
import { coverableParts } from "@/lib/data/synthetic/cover.ts";
import { evaluate, evaluateEach, type Evaluation } from "@/lib/evaluate/evaluate.ts";
import { judgeCovered, judgeFaces, meanLoss, predictExpressions } from "@/lib/evaluate/held_out.ts";
import { foundLandmarks, type JudgedFace, type MappedFace, mappedFaces } from "@/lib/evaluate/mapped_faces.ts";
import { mean } from "@/lib/numbers.ts";
import { denseErrors, summarizeDense } from "@/lib/evaluate/region_errors.ts";
import { expressionErrors } from "@/lib/evaluate/expression_errors.ts";
import { followTalkingFace } from "@/lib/evaluate/talking_face.ts";
import { expressionCountOf, type Parts } from "@/lib/experiment/parts.ts";
import { partProgress, type ProgressListener } from "@/lib/progress.ts";
import { type ErrorPictures, pictureErrors } from "@/lib/view/evaluation/error_pictures.ts";

/** The errors of the validation faces. */
export interface Validation {
  readonly loss: number;
  /** In percent. */
  readonly nme68_2d: number;
  readonly nme68_3d: number;
}

/** A validation, and what it is the mean of. */
export interface Validated {
  readonly validation: Validation;
  /** Error of each face's 68 points in 2D, in percent. */
  readonly errors: readonly number[];
}

/** The errors of one network on faces that training has not shown, in numbers and in pictures. */
export interface Measurement {
  readonly evaluation: Evaluation;
  readonly pictures: ErrorPictures;
}

/** The faces that a run is validated or tested on; of one that overfits, those of its own batches. */
export async function makeHeldOut(
  { config, source, onRefused }: Parts,
  split: "validation" | "test",
  onProgress?: ProgressListener,
): Promise<MappedFace[]> {
  const expressionCount = expressionCountOf({ config, source });
  const sampleCount = heldOutCount({ config, source }, split);
  if (config.overfitBatches > 0) {
    return await mappedFaces({ ...config, split: "train", sampleCount, expressionCount, onRefused, onProgress });
  }
  const options = { ...config, split, augment: false, sampleCount, expressionCount, opened: source };
  return await mappedFaces({ ...options, onRefused, onProgress });
}

/** How many these are: as many as the settings say, or all that are held out where these are fewer. */
export function heldOutCount(
  { config, source }: Pick<Parts, "config" | "source">,
  split: "validation" | "test",
): number {
  return config.overfitBatches > 0
    ? config.overfitBatches * config.batchSize
    : countSamples(source, split, config[`${split}Samples`]);
}

export async function validate(
  { config, mask, source: { surface } }: Parts,
  faces: readonly JudgedFace[],
  onProgress?: ProgressListener,
): Promise<Validated> {
  const loss = await meanLoss(faces, { ...config, mask, onProgress });
  const errors = evaluateEach(faces, { found: foundLandmarks(faces, surface) });
  const in2d = errors.map(({ nme68_2d }) => nme68_2d);
  const validation = { loss, nme68_2d: mean(in2d), nme68_3d: mean(errors.map(({ nme68_3d }) => nme68_3d)) };
  return { validation, errors: in2d };
}

/** What the network, as it is, makes of faces, also where they are covered in part. */
export async function measure(
  parts: Parts,
  faces: readonly MappedFace[],
  onProgress?: ProgressListener,
): Promise<Measurement> {
  const { config, network, source: { surface, model, expressionNames = [] } } = parts;
  const part = (from: number, to: number) => ({ onProgress: partProgress(onProgress, from, to) });
  const saysExpressions = expressionCountOf(parts) > 0;
  const judged = await judgeFaces(network, faces, { ...config, saysExpressions, ...part(0, 0.25) });
  const groups = await judgeCovered(network, faces.slice(0, COVERED), { ...config, ...part(0.25, 0.5) });
  const pictures = await pictureErrors(judged, { surface, groups, ...part(0.5, saysExpressions ? 0.9 : 1) });
  const evaluation = errorsOf(parts, judged);
  if (!saysExpressions) return { evaluation, pictures };
  const expressions = expressionErrors({
    names: expressionNames,
    found: judged.map(({ foundExpressions }) => foundExpressions!),
    truth: faces.map(({ expressions }) => expressions!),
  });
  const video = await followTalkingFace({
    ...config,
    model,
    faceCount: faces.length,
    names: expressionNames,
    say: (crops, onProgress) => predictExpressions(network, crops, { ...config, onProgress }),
    ...part(0.9, 1),
  });
  return { evaluation: { ...evaluation, expressions: { ...expressions, ...video && { video } } }, pictures };
}

/** Faces that are covered in part, to see what becomes of them. */
const COVERED = 64;

/** Bytes of faces and their maps, true and predicted, as {@linkcode measure} has them all at once. */
export function measuredBytes(faceCount: number, { imageSize }: Pick<Config, "imageSize">): number {
  const image = 3 * imageSize ** 2, map = 4 * image;
  const covered = Math.min(COVERED, faceCount) * coverableParts.length;
  return faceCount * (image + 2 * map) + covered * (image + map);
}

function errorsOf(
  { source: { surface }, meanLandmarks }: Pick<Parts, "source" | "meanLandmarks">,
  faces: readonly JudgedFace[],
): Evaluation {
  const dense = faces.map(({ map: truth, prediction, landmarks }) =>
    denseErrors({ truth, prediction, landmarks }, surface)
  );
  return {
    ...evaluate(faces, { found: foundLandmarks(faces, surface), meanLandmarks }),
    dense: summarizeDense(dense, faces),
  };
}
