import { readLandmarks, readVertices } from "@/lib/data/maps/position_map.ts";
import type { JudgedFace } from "@/lib/evaluate/mapped_faces.ts";
import type { FaceSurface } from "@/lib/face/morphable_model.ts";
import { trianglesWithoutNeck } from "@/lib/face/regions.ts";
import type { Mesh, Photo, PositionMap } from "@/lib/types.ts";
import { mapTriple, maskTriple, type OverlayTriple, overlayTriple } from "@/lib/view/training/triples.ts";

/** Pictures of faces, in the same order. */
export interface Triples {
  /** [input, ground-truth map, prediction]. */
  readonly maps: Photo[];
  /** [landmarks on the photo, ground-truth mesh overlay, predicted mesh overlay]. */
  readonly overlays: Photo[];
  /** [landmarks on the photo, ground-truth mask, predicted mask]. */
  readonly masks: Photo[];
}

export interface FaceTriplesOptions {
  readonly surface: FaceSurface;
  /** [size, size], 1 in the texels that maps show; see `weightedRegions`. */
  readonly shown: Uint8Array;
}

/** The triples of all faces, in their order. */
export function faceTriples(
  faces: readonly JudgedFace[],
  { surface, shown }: FaceTriplesOptions,
): Triples {
  const meshes = faces.map(({ image, map, prediction }): OverlayTriple => ({
    input: image,
    landmarks: readLandmarks(prediction, surface),
    truth: faceMesh(map, surface),
    prediction: faceMesh(prediction, surface),
  }));
  return {
    maps: faces.map(({ image, map, prediction }) => mapTriple({ input: image, truth: map, prediction, valid: shown })),
    overlays: meshes.map(overlayTriple),
    masks: meshes.map(maskTriple),
  };
}

/** The mesh that a map holds, in its crop's pixels, without the neck, which training leaves out. */
export function faceMesh(map: PositionMap, surface: FaceSurface): Mesh {
  return { positions: readVertices(map, surface), triangles: trianglesWithoutNeck(surface) };
}
