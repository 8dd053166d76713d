import * as z from "zod";
import { type Config, parseSourceName } from "@/lib/config.ts";
import { openSource } from "@/lib/data/sources/open_source.ts";
import { countSamples, type OpenOptions, type Source } from "@/lib/data/sources/source.ts";
import { evaluate, evaluateEach, type Evaluation, type Measured } from "@/lib/evaluate/evaluate.ts";
import { type MappedFace, mappedFaces } from "@/lib/evaluate/mapped_faces.ts";
import { expressionErrors } from "@/lib/evaluate/expression_errors.ts";
import { followTalkingFace } from "@/lib/evaluate/talking_face.ts";
import { denseErrors, hasLayoutOf, summarizeDense } from "@/lib/evaluate/region_errors.ts";
import { partProgress, type ProgressListener } from "@/lib/progress.ts";
import type { CropModel } from "@/lib/model/crop_model.ts";
import type { ModelDescription } from "@/lib/model/description.ts";

/** What is needed to draw anew the faces that a model's training has not shown. */
const heldOutSchema = z.looseObject({ source: z.string().transform(parseSourceName), seed: z.int() });

/** Which faces a model was trained on, without the place of their files; undefined where its summary does not say. */
export function trainedOn({ summary }: Pick<ModelDescription, "summary">): Pick<Config, "source" | "seed"> | undefined {
  const { data } = heldOutSchema.safeParse(summary);
  return data && { source: { name: data.source }, seed: data.seed };
}

/** A finished model, as ONNX Runtime runs it. */
export interface MeasuredModel {
  readonly crops: Pick<CropModel, "predict">;
  readonly description: ModelDescription;
}

export interface HeldOutOptions extends Pick<Config, "source" | "seed" | "workers"> {
  readonly sampleCount: number;
  /** Called with the share of the source's files that is converted, where they are new. */
  readonly onConversion?: (done: number) => void;
  /** Called for files of the source that cannot be used; see {@linkcode OpenOptions.onRefused}. */
  readonly onRefused?: OpenOptions["onRefused"];
  readonly onProgress?: ProgressListener | undefined;
}

/** Errors on faces of people that the training has not shown. Throws an InputError where the source cannot be read. */
export async function evaluateHeldOut(model: MeasuredModel, options: HeldOutOptions): Promise<Evaluation> {
  return (await measureHeldOut(model, options)).evaluation;
}

/** {@linkcode evaluateHeldOut} with each face's error: of the same settings, models' are of the same faces. */
export async function measureHeldOut(
  model: MeasuredModel,
  { onConversion, onRefused, onProgress, ...spec }: HeldOutOptions,
): Promise<Measured> {
  const { imageSize, encoding } = model.description;
  const pictures = { ...spec, imageSize, augment: false };
  // here before in the workers: they take what it has converted
  const source = await openSource(pictures, { onProgress: onConversion, onRefused });
  const faces = await mappedFaces({
    ...pictures,
    opened: source,
    onRefused,
    encoding,
    batchSize: 16,
    overfitBatches: 0,
    split: "test",
    sampleCount: countSamples(source, "test", spec.sampleCount),
    expressionCount: source.expressionNames?.length ?? 0,
    onProgress: partProgress(onProgress, 0, MAKING_SHARE),
  });
  const { evaluation, errors } = await measure(
    model,
    faces,
    source,
    partProgress(onProgress, MAKING_SHARE, MEASURED_SHARE),
  );
  if (!evaluation.expressions) return { evaluation, errors };
  const video = await followTalkingFace({
    ...pictures,
    model: source.model,
    faceCount: faces.length,
    names: model.description.expressionNames!,
    say: (crops, onProgress) =>
      Array.fromAsync(crops, async (crop, i) => {
        onProgress(i / crops.length);
        return (await model.crops.predict([crop]))[0]!.expressions;
      }),
    onProgress: partProgress(onProgress, MEASURED_SHARE, 1),
  });
  const expressions = { ...evaluation.expressions, ...video && { video } };
  return { evaluation: { ...evaluation, expressions }, errors };
}

/** Shares of the time after which faces are made, and measured. */
const [MAKING_SHARE, MEASURED_SHARE] = [0.75, 0.9];

async function measure(
  { crops, description: { meanLandmarks, surface, expressionNames = [] } }: MeasuredModel,
  faces: readonly MappedFace[],
  source: Pick<Source, "layout" | "surface" | "expressionNames">,
  onProgress: ProgressListener,
): Promise<Measured> {
  const isOwn = hasLayoutOf(surface, source);
  const found: Float32Array[] = [], amounts: Float32Array[] = [];
  const dense: ReturnType<typeof denseErrors>[] = [];
  while (found.length < faces.length) {
    const some = faces.slice(found.length, found.length + PREDICTED_AT_ONCE);
    const predictions = await crops.predict(some.map(({ image }) => image));
    predictions.forEach(({ landmarks, expressions, map: prediction }, i) => {
      found.push(landmarks);
      amounts.push(expressions);
      const { map: truth, landmarks: trueLandmarks } = some[i]!;
      const pair = { truth, prediction, landmarks: trueLandmarks };
      if (isOwn) dense.push(denseErrors(pair, source.surface));
    });
    onProgress(found.length / faces.length);
  }
  const errors = evaluateEach(faces, { found });
  const evaluation = {
    ...evaluate(faces, { found, meanLandmarks }),
    ...expressionsOf(faces, { found: amounts, said: expressionNames, known: source.expressionNames ?? [] }),
  };
  return { evaluation: { ...evaluation, ...isOwn && { dense: summarizeDense(dense, faces) } }, errors };
}

interface SaidExpressions {
  /** Each [said]. */
  readonly found: readonly Float32Array[];
  readonly said: readonly string[];
  /** Names of the amounts that the faces were made with. */
  readonly known: readonly string[];
}

/** Errors of those expressions that the network says and the faces are made of; nothing where there are none. */
function expressionsOf(
  faces: readonly MappedFace[],
  { found, said, known }: SaidExpressions,
): Pick<Evaluation, "expressions"> {
  const names = said.filter((name) => known.includes(name));
  if (names.length === 0) return {};
  const pick = (amounts: Float32Array, from: readonly string[]) =>
    Float32Array.from(names, (name) => amounts[from.indexOf(name)]!);
  const truth = faces.map(({ expressions }) => pick(expressions!, known));
  return { expressions: expressionErrors({ names, found: found.map((one) => pick(one, said)), truth }) };
}

/** So that memory does not grow with the number of faces. */
const PREDICTED_AT_ONCE = 16;
