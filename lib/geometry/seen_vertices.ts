import type { Raster } from "@/lib/geometry/rasterize.ts";

/** Which vertices of a mesh are seen. */
export interface Seen {
  /** [vertexCount], 1 for those that are seen. */
  readonly isSeen: Uint8Array;
  /** Each once, in no order. */
  readonly list: Uint32Array;
}

/** The vertices of a mesh that a raster of it shows: the corners of the triangles there. */
export class SeenVertices implements Seen {
  readonly isSeen: Uint8Array;
  readonly #list: Uint32Array;
  #count = 0;

  constructor(vertexCount: number) {
    this.isSeen = new Uint8Array(vertexCount);
    this.#list = new Uint32Array(vertexCount);
  }

  get list(): Uint32Array {
    return this.#list.subarray(0, this.#count);
  }

  /** Forgets what was seen before; `triangles` are those that the raster was drawn from. */
  mark({ triangle }: Pick<Raster, "triangle">, triangles: Uint32Array): void {
    const isSeen = this.isSeen.fill(0), list = this.#list;
    let count = 0, last = -1;
    for (let k = 0; k < triangle.length; k++) {
      const t = triangle[k]!;
      if (t < 0 || t === last) continue;
      last = t;
      for (let corner = 3 * t; corner < 3 * t + 3; corner++) {
        const vertex = triangles[corner]!;
        if (isSeen[vertex] === 1) continue;
        isSeen[vertex] = 1;
        list[count++] = vertex;
      }
    }
    this.#count = count;
  }
}
