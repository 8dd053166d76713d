import { eyeCornerDistance } from "@/lib/face/landmarks.ts";
import type { Photo } from "@/lib/types.ts";

/** Between the outer corners of an adult's eyes. */
const EYES_METERS = 0.09;

/** A face's surface as other programs have meshes: x right, y up, z towards the viewer, outsides counter-clockwise. */
export interface ExportedMesh {
  /** [vertexCount, 3]; of a face in a photo, in the pixels of its file: x from its left edge, y up from its lower edge. */
  readonly positions: Float32Array;
  /** [triangleCount, 3]. */
  readonly triangles: Uint32Array;
  /** [vertexCount, 2], u right and v down, in [0, 1]. */
  readonly uv?: Float32Array;
  /** [vertexCount, 3], sRGB bytes. */
  readonly colors?: Uint8Array;
}

/** The mesh without vertices that no triangle has, such as the neck's; the others keep their order. */
export function withoutStrays({ positions, triangles, uv, colors }: ExportedMesh): ExportedMesh {
  const kept = Uint32Array.from(new Set(triangles)).sort();
  const places = new Uint32Array(positions.length / 3);
  kept.forEach((vertex, place) => places[vertex] = place);
  const take = (values: ArrayLike<number>, columns: number) => (_: unknown, i: number) =>
    values[columns * kept[Math.floor(i / columns)]! + i % columns]!;
  return {
    positions: Float32Array.from({ length: 3 * kept.length }, take(positions, 3)),
    triangles: triangles.map((vertex) => places[vertex]!),
    ...uv && { uv: Float32Array.from({ length: 2 * kept.length }, take(uv, 2)) },
    ...colors && { colors: Uint8Array.from({ length: 3 * kept.length }, take(colors, 3)) },
  };
}

/** Image space (y down) to the exported mesh's (y up), [n, 3]: a mirror image, but the triangles are turned with it. */
export function imageToExport(
  positions: Float32Array,
  { height, fileScale }: Pick<Photo, "height"> & { readonly fileScale: number },
): Float32Array {
  return positions.map((value, i) => fileScale * (i % 3 === 1 ? height - value : value));
}

/** How long a pixel, or a model's unit, is on the face of these landmarks, [68, 3], if it is an adult's. */
export function metersPerUnit(landmarks: Float32Array): number {
  return EYES_METERS / eyeCornerDistance(landmarks);
}
