import { cropPhoto, cropToImage } from "@/lib/data/maps/crop.ts";
import { readTexels } from "@/lib/data/maps/position_map.ts";
import { type ReadingTexels, readingTexels } from "@/lib/data/maps/uv_layout.ts";
import type { CropModel } from "@/lib/model/crop_model.ts";
import type { FaceFit } from "@/lib/track/face_tracker.ts";
import { landmarkBox } from "@/lib/face/landmarks.ts";
import { headLikeness } from "@/lib/track/head_pose.ts";
import type { Crop, Photo } from "@/lib/types.ts";

/** What a fitter must know of its model. */
export interface FittedModel {
  /** Pixels a side that the network sees. */
  readonly imageSize: number;
  /** [vertexCount, 2], where the surface's vertices lie in the map. */
  readonly uv: Float32Array;
  /** [68, 3], a face at rest, model space: what tells a face from what is none where the network does not say it. */
  readonly neutralLandmarks?: Float32Array | undefined;
}

/** All that the network says of one crop. */
export interface ModelFit extends FaceFit {
  readonly crop: Crop;
  /** [size, size, 3], the position map in crop pixels. */
  readonly map: Float32Array;
}

/** Fits faces in crops of pictures by a model that ONNX Runtime runs: the same in Deno and in a browser. */
export class FaceFitter {
  readonly #crops: Pick<CropModel, "predict">;
  readonly #model: FittedModel;
  readonly #reading: ReadingTexels;

  constructor(crops: Pick<CropModel, "predict">, model: FittedModel) {
    this.#crops = crops;
    this.#model = model;
    this.#reading = readingTexels(model.uv, model.imageSize);
  }

  async fit(picture: Photo, crop: Crop): Promise<ModelFit> {
    const [fit] = await this.fitAll([{ picture, crop }]);
    return fit!;
  }

  /** Several crops at once, which takes less time than one after the other. */
  async fitAll(crops: readonly { readonly picture: Photo; readonly crop: Crop }[]): Promise<ModelFit[]> {
    const { imageSize: size, uv } = this.#model;
    const predictions = await this.#crops.predict(crops.map(({ picture, crop }) => cropPhoto(picture, crop, size)));
    return predictions.map(({ map, landmarks: inCrop, expressions, presence }, i) => {
      const { picture, crop } = crops[i]!;
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
    });
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
