import { MeshoptSimplifier } from "meshoptimizer/simplifier";
import type { Mesh } from "@/lib/types.ts";

await MeshoptSimplifier.ready;

export interface ThinOptions {
  readonly vertexCount: number;
  /** [vertexCount, 3], bytes: more vertices are left where they differ. */
  readonly colors?: Uint8Array;
}

/** How far, of the mesh's longest side, a surface may be off to be as bad as a color that is off by all of a byte. */
const COLOR_REACH = 0.3;

/**
 * A mesh's triangles after edges were drawn together to one of their ends until at most `vertexCount` vertices are in
 * use, those first whose loss changes the surface and its colors least (Garland and Heckbert, SIGGRAPH 1997, by
 * meshoptimizer). The vertices that are left keep their indices and places; borders stay borders. The same mesh is
 * thinned in the same way each time; more vertices are left where no edge can go.
 */
export function thinTriangles({ positions, triangles }: Mesh, { vertexCount, colors }: ThinOptions): Uint32Array {
  const values = Float32Array.from(colors ?? positions, (value) => colors ? value / 255 : 0);
  const weights = Array(3).fill(COLOR_REACH);
  const simplify = (most: number) =>
    MeshoptSimplifier.simplifyWithAttributes(triangles, positions, 3, values, 3, weights, null, 3 * most, Infinity)[0];
  // A vertex that goes takes two triangles along, one at a border.
  let thinned = triangles, before = Infinity;
  for (let most = 2 * vertexCount; new Set(thinned).size > vertexCount && most < before;) {
    before = most;
    thinned = simplify(most);
    most = Math.max(0, Math.min(most - 1, most - (new Set(thinned).size - vertexCount)));
  }
  return thinned;
}
