import type { Raster } from "@/lib/geometry/rasterize.ts";
import type { Mesh } from "@/lib/types.ts";

/** Which vertices of a mesh are seen. */
export interface Seen {
  /** [vertexCount], 1 for those that are seen. */
  readonly isSeen: Uint8Array;
  /** Each once, in no order. */
  readonly list: Uint32Array;
}

/** The vertices of a mesh that a raster of it shows: the corners of the triangles there. */
export function seenVertices({ triangle }: Pick<Raster, "triangle">, { positions, triangles }: Mesh): Seen {
  const isSeen = new Uint8Array(positions.length / 3);
  for (const t of triangle) {
    for (let corner = 3 * t; t >= 0 && corner < 3 * t + 3; corner++) isSeen[triangles[corner]!] = 1;
  }
  return { isSeen, list: Uint32Array.from(isSeen.keys()).filter((vertex) => isSeen[vertex]) };
}
