import * as tf from "@tensorflow/tfjs";
import type { Config } from "@/lib/config.ts";
import { coverableParts, coverPart } from "@/lib/data/synthetic/cover.ts";
import { encodePositions } from "@/lib/data/maps/position_map.ts";
import type { LabeledFace } from "@/lib/evaluate/evaluate.ts";
import type { FaceGroup, JudgedFace, MappedFace } from "@/lib/evaluate/mapped_faces.ts";
import { EXPRESSIONS } from "@/lib/model/heads.ts";
import { Predictor } from "@/lib/model/predictor.ts";
import { hostWeights } from "@/lib/tensorflow/backend/host_tensors.ts";
import { positionLoss } from "@/lib/train/loss.ts";
import { partProgress, type ProgressListener } from "@/lib/progress.ts";
import type { Photo, PositionMap } from "@/lib/types.ts";

interface JudgeOptions extends Pick<Config, "encoding"> {
  readonly onProgress?: ProgressListener | undefined;
}

interface FacesOptions extends JudgeOptions {
  readonly saysExpressions?: boolean;
}

/** The faces, each with the map that the network sees in it and, where they are asked for, the expressions. */
export async function judgeFaces(
  network: tf.LayersModel,
  faces: readonly MappedFace[],
  options: FacesOptions,
): Promise<JudgedFace[]> {
  using predictor = await openPredictor(network, options);
  return await judgeBy(predictor, faces, options);
}

async function judgeBy(
  predictor: Predictor,
  faces: readonly MappedFace[],
  { saysExpressions = false, onProgress }: Omit<FacesOptions, "encoding">,
): Promise<JudgedFace[]> {
  const predict = async (crops: readonly Photo[]) => {
    const found = saysExpressions ? await predictor.predictHead(EXPRESSIONS, crops) : [];
    return (await predictor.predict(crops)).map((prediction, i) => ({
      prediction,
      ...found[i] && { foundExpressions: found[i] },
    }));
  };
  const said = await inChunks(faces, { predict, onProgress });
  return faces.map((face, i) => ({ ...face, ...said[i]! }));
}

/** The amounts of its expressions that the network sees in each crop. */
export async function predictExpressions(
  network: tf.LayersModel,
  crops: readonly Photo[],
  options: JudgeOptions,
): Promise<Float32Array[]> {
  using predictor = await openPredictor(network, options);
  const pictured = crops.map((image) => ({ image }));
  return await inChunks(pictured, { ...options, predict: (some) => predictor.predictHead(EXPRESSIONS, some) });
}

/** The same faces with one part of each covered, for every part that can be. */
export async function judgeCovered(
  network: tf.LayersModel,
  faces: readonly MappedFace[],
  { onProgress, ...options }: JudgeOptions,
): Promise<FaceGroup[]> {
  using predictor = await openPredictor(network, options);
  const share = 1 / coverableParts.length;
  const groups: FaceGroup[] = [];
  for (const [i, part] of coverableParts.entries()) {
    const covered = faces.map((face) => ({ ...face, image: coverPart(face, part) }));
    const listener = partProgress(onProgress, i * share, (i + 1) * share);
    groups.push({ label: `${part} covered`, faces: await judgeBy(predictor, covered, { onProgress: listener }) });
  }
  return groups;
}

type Pictured = Pick<LabeledFace, "image">;

/** The maps that a network sees in faces. */
export async function predictFaces(
  network: tf.LayersModel,
  faces: readonly Pictured[],
  options: JudgeOptions,
): Promise<PositionMap[]> {
  using predictor = await openPredictor(network, options);
  return await inChunks(faces, { ...options, predict: (crops) => predictor.predict(crops) });
}

/** Whoever opens it disposes it: for all that the network is asked as it is now, to be compiled once. */
async function openPredictor(network: tf.LayersModel, options: JudgeOptions): Promise<Predictor> {
  await hostWeights(network);
  return new Predictor(network, options);
}

/** What a network sees in faces, a few at a time, so that memory does not grow with their number. */
async function inChunks<T>(
  faces: readonly Pictured[],
  { predict, onProgress }: Pick<JudgeOptions, "onProgress"> & {
    readonly predict: (crops: readonly Photo[]) => Promise<T[]>;
  },
): Promise<T[]> {
  const atOnce = Math.min(PREDICTED_AT_ONCE, faces.length);
  const results: T[] = [];
  for (let start = 0; start < faces.length; start += atOnce) {
    // always as many, the last ones again: another count would be compiled anew
    const chunk = Array.from({ length: atOnce }, (_, i) => faces[Math.min(start + i, faces.length - 1)]!.image);
    results.push(...await predict(chunk));
    onProgress?.(Math.min(1, results.length / faces.length));
  }
  return results.slice(0, faces.length);
}

const PREDICTED_AT_ONCE = 16;

/** The training's loss of these predictions, mean over the faces. */
export async function meanLoss(
  faces: readonly JudgedFace[],
  { mask, encoding, onProgress, ...kind }:
    & JudgeOptions
    & { readonly mask: tf.Tensor2D }
    & Pick<Config, "loss" | "depthWeight">,
): Promise<number> {
  const encoded = ({ size, positions }: PositionMap) =>
    tf.tensor4d(encodePositions(positions, { size, encoding }), [1, size, size, 3]);
  let sum = 0;
  for (const [i, { map, prediction }] of faces.entries()) {
    onProgress?.(i / faces.length);
    const value = tf.tidy(() => positionLoss(encoded(prediction), encoded(map), mask, kind));
    sum += (await value.data())[0]!;
    value.dispose();
  }
  return sum / faces.length;
}
