import { type BatchOptions, openBatches } from "@/lib/data/batches/batches.ts";
import { counted } from "@/lib/counted.ts";
import { decodePositions, readLandmarks } from "@/lib/data/maps/position_map.ts";
import type { LabeledFace } from "@/lib/evaluate/evaluate.ts";
import { yawOfLandmarks } from "@/lib/evaluate/nme.ts";
import { InputError } from "@/lib/errors.ts";
import { keptBuiltInFace } from "@/lib/face/kept_built_in.ts";
import { LANDMARK_COUNT, valuesAt } from "@/lib/face/landmarks.ts";
import { type FaceSurface, meshLandmarks } from "@/lib/face/morphable_model.ts";
import type { ProgressListener } from "@/lib/progress.ts";
import type { PositionMap } from "@/lib/types.ts";

/** A face of which the whole map is known, drawn or of a photo. */
export interface MappedFace extends LabeledFace {
  readonly map: PositionMap;
  /** 0 to 1 for each of the source's expressions, where they were asked for. */
  readonly expressions?: Float32Array;
}

export interface MappedFaceOptions extends BatchOptions {
  readonly sampleCount: number;
  readonly onProgress?: ProgressListener | undefined;
}

/**
 * The first `sampleCount` faces of a split, made anew from the seed, but for those whose photos cannot be used. Throws an
 * InputError where none can.
 */
export async function mappedFaces({ onProgress, ...options }: MappedFaceOptions): Promise<MappedFace[]> {
  const { encoding, sampleCount } = options;
  const workers = options.opened && sampleCount <= SAMPLES_PER_WORKER
    ? 0
    : Math.min(options.workers, Math.ceil(sampleCount / SAMPLES_PER_WORKER));
  using batches = openBatches({ ...options, workers });
  const neutral = options.opened?.facts().neutralLandmarks ?? await builtInNeutral();
  const faces: MappedFace[] = [];
  const tell = () => onProgress?.(faces.length / sampleCount);
  for (let batch; (batch = await batches.next(tell));) {
    const { batchSize, imageSize: size, images, targets, landmarks, expressions, presence, people } = batch;
    const length = size * size * 3;
    const { expressionCount = 0 } = options;
    for (let i = 0; i < batchSize; i++) {
      if (presence![i] === 0) continue; // there is nothing to judge
      const points = landmarks.slice(i * LANDMARK_COUNT * 3, (i + 1) * LANDMARK_COUNT * 3);
      faces.push({
        image: { width: size, height: size, rgb: images.slice(i * length, (i + 1) * length) },
        map: { size, positions: decodePositions(targets.slice(i * length, (i + 1) * length), { size, encoding }) },
        landmarks: points,
        yaw: yawOfLandmarks(points, neutral),
        ...people![i]! >= 0 && { person: people![i]! },
        ...expressionCount > 0 && { expressions: expressions!.slice(i * expressionCount, (i + 1) * expressionCount) },
      });
    }
  }
  tell();
  if (faces.length === 0) {
    throw new InputError(
      `Cannot measure on ${options.split} faces: of ${counted(sampleCount, "photo")}, none can be used`,
    );
  }
  return faces;
}

/** [68, 3], of a face at rest like any: where the source's own is not at hand, yaws are found by it, too. */
async function builtInNeutral(): Promise<Float32Array> {
  const face = await keptBuiltInFace();
  return valuesAt(meshLandmarks(face), face.mean);
}

/** A worker takes about as long to start as to make these. */
const SAMPLES_PER_WORKER = 16;

/** Such a face, and what a network says of it. */
export interface JudgedFace extends MappedFace {
  readonly prediction: PositionMap;
  /** What it says of the source's expressions, where it was asked. */
  readonly foundExpressions?: Float32Array;
}

/** [68, 3] of each face, in crop pixels, as the network finds them. */
export function foundLandmarks(faces: readonly JudgedFace[], surface: FaceSurface): Float32Array[] {
  return faces.map(({ prediction }) => readLandmarks(prediction, surface));
}

/** Faces that have something in common, such as their pose. */
export interface FaceGroup {
  readonly label: string;
  readonly faces: readonly JudgedFace[];
}
