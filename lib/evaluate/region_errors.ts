import { gridSurface } from "@/lib/data/maps/grid_surface.ts";
import { readVertices } from "@/lib/data/maps/position_map.ts";
import type { Source } from "@/lib/data/sources/source.ts";
import { type FaceError, faceSize, type NmeSummary, type ShownFace, summarizeErrors } from "@/lib/evaluate/nme.ts";
import { mean } from "@/lib/numbers.ts";
import { landmarkParts, landmarksOfPart } from "@/lib/face/landmarks.ts";
import { type FaceSurface, NECK, type RegionName, regionNames } from "@/lib/face/morphable_model.ts";
import { meanOf, pointAt } from "@/lib/geometry/vectors.ts";
import type { PositionMap } from "@/lib/types.ts";

/** The mean error of one part of the face over many faces, in percent of the face's size. */
export interface RegionError {
  readonly name: string;
  readonly error: number;
}

/** The 68 landmarks by the part of the face that they are of, in 2D. */
export function landmarkErrorsByPart(errors: readonly FaceError[]): RegionError[] {
  return landmarkParts.map((name) => {
    const numbers = landmarksOfPart(name);
    return { name, error: mean(errors.flatMap(({ landmarks }) => numbers.map((number) => landmarks[number]!))) };
  });
}

/** A map and what it should be. */
export interface MapPair {
  readonly truth: PositionMap;
  readonly prediction: PositionMap;
  /** [68, 3], the true landmarks in the map's pixels. */
  readonly landmarks: Float32Array;
}

/**
 * [vertexCount], the distance in 3D of each of the surface's points from where it is, in percent of the face's size; mean
 * depths, without the neck, are made equal first, as `nme` makes those of landmarks.
 */
export function vertexErrors(pair: MapPair, surface: UvRegions): Float32Array {
  const offsets = vertexOffsets(pair, surface);
  return Float32Array.from({ length: offsets.length / 3 }, (_, v) => Math.hypot(...pointAt(offsets, v)));
}

/** The means of {@linkcode vertexErrors} and of such distances in 2D, both without the neck, which the loss gives no weight. */
export function denseErrors(pair: MapPair, surface: UvRegions): [in2d: number, in3d: number] {
  const offsets = vertexOffsets(pair, surface);
  let in2d = 0, in3d = 0, count = 0;
  for (let v = 0; v < offsets.length / 3; v++) {
    if (surface.regions[v] === NECK) continue;
    const [x, y, z] = pointAt(offsets, v);
    in2d += Math.hypot(x, y);
    in3d += Math.hypot(x, y, z);
    count++;
  }
  return [in2d / count, in3d / count];
}

type UvRegions = Pick<FaceSurface, "uv" | "regions">;

/** [vertexCount, 3], from where each point is to where it was found, in percent of the face's size; mean depths are made equal. */
function vertexOffsets({ truth, prediction, landmarks }: MapPair, { uv, regions }: UvRegions): Float32Array {
  if (truth.size !== prediction.size) {
    throw new TypeError(`Cannot compare a map of ${prediction.size} texels a side with one of ${truth.size}`);
  }
  const [found, wanted] = [prediction, truth].map((map) => readVertices(map, { uv })) as [Float32Array, Float32Array];
  const face = Array.from(regions.keys()).filter((v) => regions[v] !== NECK);
  const shift = meanOf(found, face)[2] - meanOf(wanted, face)[2];
  const scale = 100 / faceSize(landmarks);
  return found.map((value, i) => scale * (value - wanted[i]! - (i % 3 === 2 ? shift : 0)));
}

/** What faces' {@linkcode denseErrors} come to. */
export function summarizeDense(
  errors: readonly (readonly [in2d: number, in3d: number])[],
  faces: readonly ShownFace[],
): { readonly in2d: NmeSummary; readonly in3d: NmeSummary } {
  return {
    in2d: summarizeErrors(errors.map(([in2d]) => in2d), faces),
    in3d: summarizeErrors(errors.map(([, in3d]) => in3d), faces),
  };
}

/** Whether maps of two surfaces have the same points at the same texels. */
export function isSameLayout({ uv }: FaceSurface, { uv: other }: FaceSurface): boolean {
  return uv.length === other.length && uv.every((value, i) => value === other[i]);
}

/** Whether a network's maps have the layout of a source's: its surface is the source's own, or that layout's texels. */
export function hasLayoutOf(found: FaceSurface, { layout, surface }: Pick<Source, "layout" | "surface">): boolean {
  return isSameLayout(found, surface) || isSameLayout(found, gridSurface(layout, surface));
}

/** The whole surface by the regions of the weight mask, in 3D; without the neck, which the loss gives no weight. */
export function mapErrorsByRegion(
  pairs: readonly MapPair[],
  surface: UvRegions,
): RegionError[] {
  const names = regionNames.filter((name) => name !== "neck");
  const sums = Object.fromEntries(names.map((name) => [name, { sum: 0, count: 0 }])) as Record<RegionName, Sum>;
  for (const pair of pairs) {
    vertexErrors(pair, surface).forEach((error, v) => {
      const of = sums[regionNames[surface.regions[v]!]!];
      if (of === undefined) return;
      of.sum += error;
      of.count++;
    });
  }
  return names.map((name) => ({ name, error: sums[name].sum / sums[name].count }));
}

interface Sum {
  sum: number;
  count: number;
}
