import type { Mesh } from "@/lib/types.ts";

/** A surface flattened: its texture coordinates, [vertexCount, 2], times `size` as x and y. */
export function uvMesh(
  { uv, triangles }: { readonly uv: Float32Array; readonly triangles: Uint32Array },
  size: number,
): Mesh {
  const positions = new Float32Array(uv.length / 2 * 3);
  for (let v = 0; v < uv.length / 2; v++) {
    positions[3 * v] = uv[2 * v]! * size;
    positions[3 * v + 1] = uv[2 * v + 1]! * size;
  }
  return { positions, triangles };
}
