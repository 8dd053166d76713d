import { bakeTexels } from "@/lib/data/maps/position_map.ts";
import type { UvLayout } from "@/lib/data/maps/uv_layout.ts";
import { FaceShaper } from "@/lib/face/face_shaper.ts";
import type { FaceCoefficients, MorphableModel } from "@/lib/face/morphable_model.ts";
import { pointsAt } from "@/lib/geometry/vectors.ts";
import { placeInImage, type Placement } from "@/lib/geometry/transforms.ts";
import type { PositionMap } from "@/lib/types.ts";

/**
 * Makes the position maps of many faces of one model, as `bakePositionMap` does of their vertices. Baking is linear, and keeps
 * similarities: so the mean and the modes are baked once, and faces are summed up where the texels are, not the vertices.
 */
export class MapShaper {
  readonly #layout: UvLayout;
  readonly #shaper: FaceShaper;
  /** [validCount, 3], room for the valid texels in their order. */
  readonly #placed: Float32Array;
  /** [size, size], the place among these that each texel shows. */
  readonly #shown: Uint32Array;

  constructor(
    model: Pick<MorphableModel, "mean" | "identityModes" | "expressionModes" | "surfaceVertices">,
    layout: UvLayout,
  ) {
    const { valid, nearest } = layout;
    const texels = Uint32Array.from(valid.keys()).filter((texel) => valid[texel]);
    const places = new Uint32Array(valid.length);
    texels.forEach((texel, place) => places[texel] = place);
    this.#layout = layout;
    this.#shown = nearest.map((texel) => places[texel]!);
    this.#placed = new Float32Array(3 * texels.length);
    this.#shaper = new FaceShaper(
      model,
      (vertices) => pointsAt(bakeTexels(layout, pointsAt(vertices, model.surfaceVertices)).positions, texels),
    );
  }

  /** The map of a face that is placed in the crop's pixels, and what its z was before its farthest vertex, as it is read, was at 0. */
  map(face: FaceCoefficients, placement: Placement): { readonly map: PositionMap; readonly farthest: number } {
    const { size, reading: { texel, weights } } = this.#layout;
    placeInImage(this.#shaper.shape(face), placement, this.#placed);
    const positions = pointsAt(this.#placed, this.#shown);
    const down = 3 * size;
    let farthest = Infinity;
    for (let v = 0, w = 0; v < texel.length; v++, w += 4) {
      const z = 3 * texel[v]! + 2;
      const read = weights[w]! * positions[z]! + weights[w + 1]! * positions[z + 3]! +
        weights[w + 2]! * positions[z + down]! + weights[w + 3]! * positions[z + down + 3]!;
      if (read < farthest) farthest = read;
    }
    for (let z = 2; z < positions.length; z += 3) positions[z]! -= farthest;
    return { map: { size, positions }, farthest };
  }
}
