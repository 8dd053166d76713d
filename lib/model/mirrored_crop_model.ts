import { Matrix, solve } from "ml-matrix";
import { mirroredLandmarks } from "@/lib/face/landmarks.ts";
import { mirrorExpressions } from "@/lib/face/mirror.ts";
import { meanOf } from "@/lib/geometry/vectors.ts";
import type { CropModel, CropPrediction } from "@/lib/model/crop_model.ts";
import type { Photo } from "@/lib/types.ts";

/** What a model says of a crop and its mirror image together. */
export interface MirroredPrediction extends CropPrediction {
  /** [68, 3] each, crop pixels: as found in the crop, and in its mirror image. They differ much where there is no face. */
  readonly found: readonly [own: Float32Array, mirrored: Float32Array];
}

/**
 * A trained model that sees each crop twice, as it is and mirrored, and answers with the mean: in twice the time with smaller
 * errors. Landmarks' means say how the map is moved and bent, by an affine map of space, as texels have partners only where a
 * surface's texture coordinates are symmetric to a fraction of a texel. The chance of a face is that of the crop as it is.
 */
export class MirroredCropModel {
  readonly #model: Pick<CropModel, "predict">;
  readonly #otherExpressions: Uint32Array | undefined;

  /** @param expressionNames as the model says them; without, or of principal components, the amounts are those of the crop as it is */
  constructor(model: Pick<CropModel, "predict">, expressionNames?: readonly string[]) {
    this.#model = model;
    this.#otherExpressions = expressionNames && mirrorExpressions(expressionNames);
  }

  /** See {@linkcode CropModel.predict}. */
  async predict(crops: readonly Photo[]): Promise<MirroredPrediction[]> {
    const predictions = await this.#model.predict(crops.flatMap((crop) => [crop, mirrorPhoto(crop)]));
    return crops.map(({ width }, i) => this.#mean(predictions[2 * i]!, predictions[2 * i + 1]!, width));
  }

  #mean(own: CropPrediction, other: CropPrediction, size: number): MirroredPrediction {
    const mirrored = mirrorLandmarks(other.landmarks, size);
    const found = [own.landmarks, mirrored] as const;
    if (!found.every((landmarks) => landmarks.every(Number.isFinite))) return { ...own, found };
    const bend = affineBend(own.landmarks, mirrored.map((value, i) => (value - own.landmarks[i]!) / 2));
    const { expressions } = own, others = this.#otherExpressions;
    return {
      ...own,
      found,
      map: { ...own.map, positions: bend(own.map.positions) },
      landmarks: bend(own.landmarks),
      expressions: others ? expressions.map((own, i) => (own + other.expressions[others[i]!]!) / 2) : expressions,
    };
  }
}

/** Moves points, [n, 3], as the affine map of space that comes nearest to moving these points by these steps, [m, 3] each. */
function affineBend(points: Float32Array, steps: Float32Array): (others: Float32Array) => Float32Array {
  const count = points.length / 3;
  const middle = meanOf(points);
  const rows = Array.from({ length: count }, (_, i) => [1, ...middle.map((of, axis) => points[3 * i + axis]! - of)]);
  const wanted = Array.from({ length: count }, (_, i) => Array.from(steps.subarray(3 * i, 3 * i + 3)));
  const a = new Matrix(rows);
  const linear = solve(a.transpose().mmul(a), a.transpose().mmul(new Matrix(wanted)), true).to2DArray();
  return (others) =>
    Float32Array.from(others, (value, i) => {
      const axis = i % 3, first = i - axis;
      const step = linear.reduce(
        (sum, row, j) => sum + row[axis]! * (j === 0 ? 1 : others[first + j - 1]! - middle[j - 1]!),
        0,
      );
      return value + step;
    });
}

/** [68, 3], crop pixels of a crop's mirror image to the crop's own, and back. */
function mirrorLandmarks(landmarks: Float32Array, size: number): Float32Array {
  return Float32Array.from(landmarks, (_, i) => {
    const value = landmarks[3 * mirroredLandmarks[Math.floor(i / 3)]! + i % 3]!;
    return i % 3 === 0 ? size - value : value;
  });
}

function mirrorPhoto({ width, height, rgb }: Photo): Photo {
  const mirrored = new Uint8Array(rgb.length);
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      const from = 3 * (y * width + x);
      mirrored.set(rgb.subarray(from, from + 3), 3 * (y * width + width - 1 - x));
    }
  }
  return { width, height, rgb: mirrored };
}
