import { type Config, defaults } from "@/lib/config.ts";
import { nearestCorner, readingTexels, type UvLayout } from "@/lib/data/maps/uv_layout.ts";
import { landmarkUv } from "@/lib/face/landmarks.ts";
import { type FaceSurface, regionNames } from "@/lib/face/morphable_model.ts";

/** How much an error counts in each region, and in the texels that a landmark is read from. */
export type RegionWeights = Readonly<Config["maskWeights"]>;

/** PRNet, section 3.3: landmarks : eyes, nose, mouth : face : neck. */
export const publishedWeights: RegionWeights = defaults.maskWeights;

/**
 * The loss's weight of each texel, [size, size]: its region's, which is that of the nearest corner of its triangle, or
 * the landmarks' weight where one of the 68 is read from it; 0 where the map has no face.
 *
 * @param surface what the layout was made from
 */
export function weightMask(
  layout: UvLayout,
  surface: Pick<FaceSurface, "uv" | "landmarks" | "regions">,
  regionWeights: RegionWeights = publishedWeights,
): Float32Array {
  const { size, valid } = layout;
  const mask = weightsOfRegions(layout, surface, regionWeights);
  for (const first of readingTexels(landmarkUv(surface), size).texel) {
    for (const texel of [first, first + 1, first + size, first + size + 1]) {
      if (valid[texel]) mask[texel] = regionWeights.landmarks;
    }
  }
  return mask;
}

/**
 * [size, size], 1 in regions that have a weight, 0 elsewhere: what a picture of a map shows. A landmark below the jaw is
 * learned too, but its texels would be dots apart from the face.
 *
 * @param surface what the layout was made from
 */
export function weightedRegions(
  layout: UvLayout,
  surface: Pick<FaceSurface, "regions">,
  regionWeights: RegionWeights = publishedWeights,
): Uint8Array {
  return Uint8Array.from(weightsOfRegions(layout, surface, regionWeights), (weight) => weight > 0 ? 1 : 0);
}

function weightsOfRegions(
  layout: UvLayout,
  { regions }: Pick<FaceSurface, "regions">,
  regionWeights: RegionWeights,
): Float32Array {
  const { size, triangle, reading } = layout;
  if (regions.length !== reading.texel.length) {
    throw new TypeError(
      `Cannot weight a map of ${reading.texel.length} vertices by the regions of ${regions.length} vertices`,
    );
  }
  const mask = new Float32Array(size * size);
  for (let texel = 0; texel < mask.length; texel++) {
    if (triangle[texel]! < 0) continue;
    mask[texel] = regionWeights[regionNames[regions[nearestCorner(layout, texel)]!]!];
  }
  return mask;
}
