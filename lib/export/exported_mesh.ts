import type { Photo } from "@/lib/types.ts";

/** A face's surface as other programs have meshes: x right, y up, z towards the viewer, outsides counter-clockwise. */
export interface ExportedMesh {
  /** [vertexCount, 3], in the photo's pixels: x from its left edge, y up from its lower edge. */
  readonly positions: Float32Array;
  /** [triangleCount, 3]. */
  readonly triangles: Uint32Array;
  /** [vertexCount, 2], u right and v down, in [0, 1]. */
  readonly uv: Float32Array;
  /** [vertexCount, 3], sRGB bytes. */
  readonly colors?: Uint8Array;
}

/** Image space (y down) to the exported mesh's (y up), [n, 3]: a mirror image, but the triangles are turned with it. */
export function imageToExport(positions: Float32Array, { height }: Pick<Photo, "height">): Float32Array {
  return positions.map((value, i) => i % 3 === 1 ? height - value : value);
}
