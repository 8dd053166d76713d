import { z } from "zod";
import { type Config, parseSourceName } from "@/lib/config.ts";
import { readAnnotated } from "@/lib/data/sets/annotated.ts";
import { openSource } from "@/lib/data/sources/open_source.ts";
import { countSamples } from "@/lib/data/sources/source.ts";
import { readLandmarks } from "@/lib/data/maps/position_map.ts";
import { evaluate, type Evaluation, type LabeledFace, labelPhoto } from "@/lib/evaluate/evaluate.ts";
import { makeFaces, predictFaces } from "@/lib/evaluate/held_out.ts";
import { partProgress, type ProgressListener } from "@/lib/progress.ts";
import type { ModelDescription } from "@/lib/model/description.ts";
import type { TrainedModel } from "@/lib/model/trained_model.ts";

/** What is needed to draw anew the faces that a model's training has not shown. */
const heldOutSchema = z.looseObject({ source: z.string().transform(parseSourceName), seed: z.int() });

/** Which faces a model was trained on, without the place of their files; undefined where its summary does not say. */
export function trainedOn({ summary }: Pick<ModelDescription, "summary">): Pick<Config, "source" | "seed"> | undefined {
  const { data } = heldOutSchema.safeParse(summary);
  return data && { source: { name: data.source }, seed: data.seed };
}

export interface HeldOutOptions extends Pick<Config, "source" | "seed" | "workers"> {
  readonly sampleCount: number;
  /** Told how much of the source's files is converted, where they are new. */
  readonly onConversion?: (done: number) => void;
  readonly onProgress?: ProgressListener | undefined;
}

/** Errors on faces of people that the training has not shown. Throws an InputError where the source cannot be read. */
export async function evaluateHeldOut(
  model: TrainedModel,
  { onConversion, onProgress, ...spec }: HeldOutOptions,
): Promise<Evaluation> {
  const { imageSize, encoding } = model.description;
  const pictures = { ...spec, imageSize, augment: false };
  // here before in the workers: they take what it has converted
  const source = await openSource(pictures, { onProgress: onConversion });
  const faces = await makeFaces({
    ...pictures,
    encoding,
    batchSize: 16,
    overfitBatches: 0,
    split: "test",
    sampleCount: countSamples(source, "test", spec.sampleCount),
    onProgress: partProgress(onProgress, 0, MAKING_SHARE),
  });
  return measure(model, faces, partProgress(onProgress, MAKING_SHARE, 1));
}

/** Share of the time to measure that making faces takes. */
const MAKING_SHARE = 0.8;

/** Errors on a folder of AFLW2000-3D, or in 2D alone of 300W-LP, each photo cropped by its true landmarks' box. */
export async function evaluatePhotos(
  model: TrainedModel,
  folder: string,
  { onProgress }: { readonly onProgress?: ProgressListener | undefined } = {},
): Promise<Evaluation> {
  const faces: LabeledFace[] = [];
  for await (const photo of readAnnotated(folder)) {
    faces.push(labelPhoto(photo, model.description));
    onProgress?.(0);
  }
  return measure(model, faces, partProgress(onProgress, 0, 1));
}

function measure(
  { network, description }: TrainedModel,
  faces: readonly LabeledFace[],
  onProgress: ProgressListener,
): Evaluation {
  const maps = predictFaces(network, faces, { ...description, onProgress });
  const found = maps.map((map) => readLandmarks(map, description.surface));
  return evaluate(faces, { found, meanLandmarks: description.meanLandmarks });
}
