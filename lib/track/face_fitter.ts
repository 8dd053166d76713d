import { type CropOptions, cropPhoto, cropToImage, landmarkCrop } from "@/lib/data/maps/crop.ts";
import { readTexels } from "@/lib/data/maps/position_map.ts";
import { type ReadingTexels, readingTexels } from "@/lib/data/maps/uv_layout.ts";
import type { CropModel, CropPrediction } from "@/lib/model/crop_model.ts";
import { MirroredCropModel } from "@/lib/model/mirrored_crop_model.ts";
import { nme } from "@/lib/evaluate/nme.ts";
import { headLikeness } from "@/lib/face/head_pose.ts";
import { landmarkBox } from "@/lib/face/landmarks.ts";
import { type Detection, keypointMiss } from "@/lib/track/detection.ts";
import { detectionCrop } from "@/lib/track/detection_crop.ts";
import { type FaceFit, LEAST_SCORE } from "@/lib/track/face_tracker.ts";
import type { Crop, Photo } from "@/lib/types.ts";

/** What a fitter must know of its model. */
export interface FittedModel {
  /** Pixels a side that the network sees. */
  readonly imageSize: number;
  /** [vertexCount, 2], where the surface's vertices lie in the map. */
  readonly uv: Float32Array;
  /** [68, 3], a face at rest, model space: what tells a face from what is none where the network does not say it. */
  readonly neutralLandmarks?: Float32Array | undefined;
  /** Names of the amounts that the network says, in order. */
  readonly expressionNames?: readonly string[] | undefined;
}

/** All that the network says of one crop. */
export interface ModelFit extends FaceFit {
  readonly crop: Crop;
  /** [size, size, 3], the position map in crop pixels. */
  readonly map: Float32Array;
}

/** What the network says of a crop and its mirror image together. */
export interface MirroredFit extends ModelFit {
  /** How far the landmarks that it finds in one are from those in the other, 2D NME in percent. */
  readonly mirrorMiss: number;
}

/**
 * How far landmarks may be from those found in the picture's mirror image, in percent of their box, and the least score,
 * where they are near the detector's keypoints and where they are not.
 */
const LIMITS = { near: { miss: 7.5, score: LEAST_SCORE }, far: { miss: 5, score: 0.65 } } as const;
/** The largest miss of keypoints that are near, in percent as well: the less sure the detector is, the smaller. */
const nearKeypoints = (detectorScore: number) => 5 + 40 * (detectorScore - 0.5);

/** The same where the network is less sure, as of a face half cut off, but keypoints and mirror image speak for it. */
const WITNESSED = { miss: 5, score: 0.2 } as const;

/** Fits faces in crops of pictures by a model that ONNX Runtime runs: the same in Deno and in a browser. */
export class FaceFitter {
  readonly #crops: Pick<CropModel, "predict">;
  readonly #mirrored: MirroredCropModel;
  readonly #model: FittedModel;
  readonly #reading: ReadingTexels;

  constructor(crops: Pick<CropModel, "predict">, model: FittedModel) {
    this.#crops = crops;
    this.#mirrored = new MirroredCropModel(crops, model.expressionNames);
    this.#model = model;
    this.#reading = readingTexels(model.uv, model.imageSize);
  }

  async fit(picture: Photo, crop: Crop): Promise<ModelFit> {
    const [prediction] = await this.#crops.predict([cropPhoto(picture, crop, this.#model.imageSize)]);
    return this.#placed(prediction!, { picture, crop });
  }

  /** The mean of what the network finds in the crop and in its mirror image: smaller errors, for twice the time. */
  async fitMirrored(picture: Photo, crop: Crop): Promise<MirroredFit> {
    const [prediction] = await this.#mirrored.predict([cropPhoto(picture, crop, this.#model.imageSize)]);
    const [truth, predicted] = prediction!.found;
    return { ...this.#placed(prediction!, { picture, crop }), mirrorMiss: nme({ predicted, truth }, 2) };
  }

  #placed(
    { map, landmarks: inCrop, expressions, presence }: CropPrediction,
    { picture, crop }: { readonly picture: Photo; readonly crop: Crop },
  ): ModelFit {
    const { imageSize: size, uv } = this.#model;
    const vertices = readTexels(map, this.#reading);
    cropToImage(vertices, { crop, size }, vertices);
    const landmarks = cropToImage(inCrop, { crop, size });
    return {
      crop,
      map: map.positions,
      vertices,
      landmarks,
      expressions,
      score: isExtended(landmarks, crop) ? Math.min(presence ?? 1, this.#likeness(landmarks)) : 0,
      signature: signatureOf(picture, vertices, uv),
    };
  }

  /**
   * A face that a detector has seen, fitted in the crop that it suggests and again in the one around its landmarks. None
   * where that is no face: by its score, or as the mirror image shows another one.
   */
  async fitDetected(
    picture: Photo,
    detection: Detection,
    { margin }: CropOptions,
  ): Promise<ModelFit | undefined> {
    const first = await this.fit(picture, detectionCrop(detection, { margin }));
    if (first.score < WITNESSED.score) return undefined;
    const { mirrorMiss, ...fit } = await this.fitMirrored(picture, landmarkCrop(first.landmarks, { margin }));
    const isNear = keypointMiss(detection, fit.landmarks) < nearKeypoints(detection.score);
    const { miss, score } = LIMITS[isNear ? "near" : "far"];
    const isWitnessed = isNear && mirrorMiss < WITNESSED.miss && Math.min(first.score, fit.score) >= WITNESSED.score;
    const isFace = first.score >= LEAST_SCORE && fit.score >= score && mirrorMiss < miss;
    return isWitnessed || isFace ? fit : undefined;
  }

  #likeness(landmarks: Float32Array): number {
    const { neutralLandmarks } = this.#model;
    return neutralLandmarks ? headLikeness(landmarks, neutralLandmarks) : 1;
  }
}

/** Share of the crop's side: what is smaller is a point, and no face. */
const LEAST_EXTENT = 0.05;

function isExtended(landmarks: Float32Array, { side }: Crop): boolean {
  const { width, height } = landmarkBox(landmarks);
  return landmarks.every(Number.isFinite) && Math.min(width, height) > LEAST_EXTENT * side;
}

/** Cells across one half of the map, and down. */
const [CELLS_ACROSS, CELLS_DOWN] = [3, 6] as const;

/**
 * [3 · CELLS_ACROSS · CELLS_DOWN], the face's colors by place on it: logarithms against the whole face's brightness, so that
 * light drops out, and both sides as one, so that profiles have it too.
 */
function signatureOf({ width, height, rgb }: Photo, vertices: Float32Array, uv: Float32Array): Float32Array {
  const sums = new Float64Array(3 * CELLS_ACROSS * CELLS_DOWN), counts = new Uint32Array(CELLS_ACROSS * CELLS_DOWN);
  const step = Math.max(1, Math.floor(uv.length / 2 / 1500));
  let total = 0, count = 0;
  for (let v = 0; v < uv.length / 2; v += step) {
    const column = Math.floor(vertices[3 * v]!), row = Math.floor(vertices[3 * v + 1]!);
    if (!(column >= 0 && row >= 0 && column < width && row < height)) continue;
    const across = Math.min(0.999, Math.abs(2 * uv[2 * v]! - 1)), down = Math.min(0.999, uv[2 * v + 1]!);
    const cell = Math.floor(down * CELLS_DOWN) * CELLS_ACROSS + Math.floor(across * CELLS_ACROSS);
    counts[cell]!++;
    count++;
    for (let c = 0; c < 3; c++) {
      const value = rgb[3 * (row * width + column) + c]! + 8;
      sums[3 * cell + c]! += value;
      total += value / 3;
    }
  }
  const brightness = total / Math.max(1, count);
  return Float32Array.from(sums, (sum, i) => {
    const cellCount = counts[Math.floor(i / 3)]!;
    return cellCount === 0 ? 0 : Math.log(sum / cellCount / brightness);
  });
}
