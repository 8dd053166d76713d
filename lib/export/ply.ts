import type { ExportedMesh } from "@/lib/export/exported_mesh.ts";

/** A binary little-endian PLY with vertex colors where the mesh has them. */
export function encodePly({ positions, triangles, colors }: ExportedMesh): Uint8Array<ArrayBuffer> {
  const vertexCount = positions.length / 3, triangleCount = triangles.length / 3;
  const header = new TextEncoder().encode([
    "ply",
    "format binary_little_endian 1.0",
    `element vertex ${vertexCount}`,
    ...["x", "y", "z"].map((name) => `property float ${name}`),
    ...colors ? ["red", "green", "blue"].map((name) => `property uchar ${name}`) : [],
    `element face ${triangleCount}`,
    "property list uchar int vertex_indices",
    "end_header\n",
  ].join("\n"));
  const vertexBytes = colors ? 15 : 12, triangleBytes = 13;
  const bytes = new Uint8Array(header.length + vertexBytes * vertexCount + triangleBytes * triangleCount);
  bytes.set(header);
  const view = new DataView(bytes.buffer);
  let at = header.length;
  for (let v = 0; v < vertexCount; v++, at += vertexBytes) {
    for (let axis = 0; axis < 3; axis++) view.setFloat32(at + 4 * axis, positions[3 * v + axis]!, true);
    if (colors) bytes.set(colors.subarray(3 * v, 3 * v + 3), at + 12);
  }
  for (let t = 0; t < triangles.length; t += 3, at += triangleBytes) {
    view.setUint8(at, 3);
    for (let corner = 0; corner < 3; corner++) view.setInt32(at + 1 + 4 * corner, triangles[t + corner]!, true);
  }
  return bytes;
}
