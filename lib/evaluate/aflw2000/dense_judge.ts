import { cropToImage } from "@/lib/data/maps/crop.ts";
import { readVertices } from "@/lib/data/maps/position_map.ts";
import type { FittedFace } from "@/lib/data/sets/300w_lp/fitted_face.ts";
import { FittedFaces, type FittedModel } from "@/lib/data/sets/300w_lp/fitted_faces.ts";
import { faceSize, landmarkDistances } from "@/lib/evaluate/nme.ts";
import { mean } from "@/lib/numbers.ts";
import { isSameLayout } from "@/lib/evaluate/region_errors.ts";
import { eyeCornerDistance } from "@/lib/face/landmarks.ts";
import { type FaceSurface, NECK } from "@/lib/face/morphable_model.ts";
import { alignByNearest, meanDistance } from "@/lib/geometry/icp.ts";
import { NearestPoints } from "@/lib/geometry/nearest_points.ts";
import { transformPoints3D } from "@/lib/geometry/procrustes.ts";
import { meanOf } from "@/lib/geometry/vectors.ts";
import type { Crop, PositionMap } from "@/lib/types.ts";

/** Errors of a whole face without the neck. */
export interface DenseErrors {
  /** In percent of the face's size, of vertices that both surfaces have; undefined where the model has a surface of its own. */
  readonly paired?: { readonly in2d: number; readonly in3d: number; readonly in3dAsIs: number };
  /**
   * The mean distance of what was found from the nearest points of the truth, after it was aligned by these, in percent of
   * the distance between the outer corners of the eyes (PRNet, section 4.3): for surfaces of any model.
   */
  readonly nearest: number;
}

/** What was found in a photo, and where. */
export interface FoundSurface {
  /** In crop pixels. */
  readonly map: PositionMap;
  readonly crop: Crop;
  /** [68, 3], the true ones, in the photo's pixels. */
  readonly landmarks: Float32Array;
  readonly photoHeight: number;
}

/** Compares maps with the surfaces that 300W-LP's and AFLW2000-3D's fits are of. */
export class DenseJudge {
  readonly #faces: FittedFaces;
  readonly #truth: FaceSurface;
  readonly #found: FaceSurface;
  readonly #isPaired: boolean;

  /** @param found the surface that maps are of */
  constructor(fitted: FittedModel, found: FaceSurface) {
    this.#truth = fitted.model.surface;
    this.#faces = new FittedFaces(fitted);
    this.#found = found;
    this.#isPaired = isSameLayout(this.#truth, found);
  }

  judge(fit: FittedFace, { map, crop, landmarks, photoHeight }: FoundSurface): DenseErrors {
    const { size } = map;
    const predicted = pointsOffNeck(cropToImage(readVertices(map, this.#found), { crop, size }), this.#found);
    const truth = pointsOffNeck(this.#faces.place(fit, photoHeight), this.#truth);
    const nearest = 100 * nearestDistance(predicted, truth) / eyeCornerDistance(landmarks);
    if (!this.#isPaired) return { nearest };
    const error = (dimensions: 2 | 3, alignsDepth = true) =>
      mean(landmarkDistances({ predicted, truth }, dimensions, { alignsDepth, size: faceSize(landmarks) }));
    return { nearest, paired: { in2d: error(2), in3d: error(3), in3dAsIs: error(3, false) } };
  }
}

function pointsOffNeck(points: Float32Array, { regions }: FaceSurface): Float32Array {
  return points.filter((_, i) => regions[Math.floor(i / 3)] !== NECK);
}

/** After alignment, which begins at equal mean depths: a map's begin anywhere. */
function nearestDistance(found: Float32Array, truth: Float32Array): number {
  const offset = meanOf(truth)[2] - meanOf(found)[2];
  const near = found.map((value, i) => i % 3 === 2 ? value + offset : value);
  const target = new NearestPoints(truth);
  return meanDistance(aligned(near, truth, target), truth, target);
}

function aligned(points: Float32Array, truth: Float32Array, target: NearestPoints): Float32Array {
  try {
    return transformPoints3D(points, alignByNearest(points, truth, target));
  } catch (error) {
    if (error instanceof RangeError) return points; // all on a line, as one has them that has learned nothing
    throw error;
  }
}
