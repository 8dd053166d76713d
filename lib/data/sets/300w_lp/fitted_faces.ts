import { CROP_MARGIN, imageToCropPlacement, landmarkCrop } from "@/lib/data/maps/crop.ts";
import { MapShaper } from "@/lib/data/maps/map_shaper.ts";
import type { UvLayout } from "@/lib/data/maps/uv_layout.ts";
import type { Label } from "@/lib/data/sample.ts";
import { type FittedFace, fittedPlacement } from "@/lib/data/sets/300w_lp/fitted_face.ts";
import { FaceShaper } from "@/lib/face/face_shaper.ts";
import { valuesAt } from "@/lib/face/landmarks.ts";
import { type FaceCoefficients, meshLandmarks, type MorphableModel } from "@/lib/face/morphable_model.ts";
import { placeInImage } from "@/lib/geometry/transforms.ts";
import { pointsAt } from "@/lib/geometry/vectors.ts";
import type { Crop } from "@/lib/types.ts";

interface Deviations {
  /** [199], what amounts in files are divided by to be those of the model's modes. */
  readonly identityDeviations: ArrayLike<number>;
  /** [29]. */
  readonly expressionDeviations: ArrayLike<number>;
}

/** The model that 300W-LP's photos were fitted with: the Basel Face Model with expressions. */
export interface FittedModel extends Deviations {
  /** In micrometers. */
  readonly model: MorphableModel;
}

function coefficientsOf(
  { identity, expression }: FittedFace,
  { identityDeviations, expressionDeviations }: Deviations,
): FaceCoefficients {
  return {
    identity: identity.map((amount, k) => amount / identityDeviations[k]!),
    expression: expression.map((amount, k) => amount / expressionDeviations[k]!),
  };
}

/** Makes the vertices of fitted faces. */
export class FittedFaces {
  readonly #shaper: FaceShaper;
  readonly #deviations: Deviations;

  constructor({ model, ...deviations }: FittedModel) {
    this.#shaper = new FaceShaper(model, (vertices) => pointsAt(vertices, model.surfaceVertices));
    this.#deviations = deviations;
  }

  /** The surface's vertices, [surface vertexCount, 3], in the pixels of a photo of this height. */
  place(fit: FittedFace, photoHeight: number): Float32Array {
    const shape = this.#shaper.shape(coefficientsOf(fit, this.#deviations));
    return placeInImage(shape, fittedPlacement(fit, photoHeight), new Float32Array(shape.length));
  }
}

/** Makes the labels of fitted faces. */
export class FittedLabels {
  readonly #layout: UvLayout;
  readonly #maps: MapShaper;
  readonly #landmarks: FaceShaper;
  readonly #deviations: Deviations;

  constructor({ model, ...deviations }: FittedModel, layout: UvLayout) {
    const points = meshLandmarks(model);
    this.#layout = layout;
    this.#maps = new MapShaper(model, layout);
    this.#landmarks = new FaceShaper(model, (vertices) => valuesAt(points, vertices));
    this.#deviations = deviations;
  }

  /** The crop about the face of a photo of this height, and its label there. Throws a RangeError where its box has no finite size. */
  label(fit: FittedFace, photoHeight: number): { readonly crop: Crop; readonly label: Label } {
    const { size } = this.#layout;
    const face = coefficientsOf(fit, this.#deviations), inPhoto = fittedPlacement(fit, photoHeight);
    const shape = this.#landmarks.shape(face);
    const landmarks = placeInImage(shape, inPhoto, new Float32Array(shape.length));
    const crop = landmarkCrop(landmarks, { margin: CROP_MARGIN });
    const inCrop = imageToCropPlacement(inPhoto, { crop, size });
    const { map, farthest } = this.#maps.map(face, inCrop);
    placeInImage(shape, inCrop, landmarks);
    for (let i = 2; i < landmarks.length; i += 3) landmarks[i]! -= farthest;
    return { crop, label: { map, landmarks } };
  }
}
