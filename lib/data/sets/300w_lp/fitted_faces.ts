import { labelAround } from "@/lib/data/label_around.ts";
import type { UvLayout } from "@/lib/data/maps/uv_layout.ts";
import type { Label } from "@/lib/data/sample.ts";
import { type FittedFace, fittedPlacement } from "@/lib/data/sets/300w_lp/fitted_face.ts";
import { FaceShaper } from "@/lib/face/face_shaper.ts";
import { landmarksOf, type MeshPoints, valuesAt } from "@/lib/face/landmarks.ts";
import type { MorphableModel } from "@/lib/face/morphable_model.ts";
import { placeInImage } from "@/lib/geometry/transforms.ts";
import type { Crop } from "@/lib/types.ts";

/** The model that 300W-LP's photos were fitted with: the Basel Face Model with expressions. */
export interface FittedModel {
  /** In micrometers. */
  readonly model: MorphableModel;
  /** [199], what amounts in files are divided by to be those of the model's modes. */
  readonly identityDeviations: ArrayLike<number>;
  /** [29]. */
  readonly expressionDeviations: ArrayLike<number>;
}

/** Makes the labels of fitted photos. */
export class FittedFaces {
  readonly #layout: UvLayout;
  readonly #shaper: FaceShaper;
  readonly #landmarks: MeshPoints;
  readonly #deviations: Pick<FittedModel, "identityDeviations" | "expressionDeviations">;
  readonly #positions: Float32Array;

  constructor({ model, ...deviations }: FittedModel, layout: UvLayout) {
    this.#layout = layout;
    this.#shaper = new FaceShaper(model, model.surfaceVertices);
    this.#landmarks = landmarksOf(model.surface.landmarks);
    this.#deviations = deviations;
    this.#positions = new Float32Array(3 * model.surfaceVertices.length);
  }

  /** The crop about the face of a photo of this height, and its label there. */
  label(fit: FittedFace, photoHeight: number): { readonly crop: Crop; readonly label: Label } {
    const positions = this.place(fit, photoHeight);
    const landmarks = valuesAt(this.#landmarks, positions);
    return labelAround(landmarks, { positions, layout: this.#layout });
  }

  /** The surface's vertices, [surface vertexCount, 3], in the pixels of a photo of this height; the next call overwrites them. */
  place(fit: FittedFace, photoHeight: number): Float32Array {
    const { identityDeviations, expressionDeviations } = this.#deviations;
    const shape = this.#shaper.shape({
      identity: fit.identity.map((amount, k) => amount / identityDeviations[k]!),
      expression: fit.expression.map((amount, k) => amount / expressionDeviations[k]!),
    });
    return placeInImage(shape, fittedPlacement(fit, photoHeight), this.#positions);
  }
}
