import { vertexNormals } from "@/lib/geometry/shading.ts";
import { lightVisibility } from "@/lib/geometry/visibility.ts";
import type { Mesh, Photo } from "@/lib/types.ts";

/**
 * [vertexCount, 3], sRGB bytes: the photo's color at each vertex of a mesh in its pixels. What the photo does not show,
 * behind the nose or on the far cheek, takes the color of the nearest vertices that it does show.
 */
export function colorsFromPhoto(mesh: Mesh, photo: Photo): Uint8Array {
  const normals = vertexNormals(mesh);
  const visible = lightVisibility(mesh, [0, 0, 1], { normals, size: 256 });
  const colors = new Float32Array(mesh.positions.length);
  const known = new Uint8Array(visible.length);
  for (let v = 0; v < known.length; v++) {
    const [x, y] = [mesh.positions[3 * v]!, mesh.positions[3 * v + 1]!];
    const inside = x >= 0 && x <= photo.width && y >= 0 && y <= photo.height;
    if (!inside || visible[v]! < 0.5 || normals[3 * v + 2]! < GRAZING) continue;
    known[v] = 1;
    for (let c = 0; c < 3; c++) colors[3 * v + c] = bilinear(photo, { x, y, channel: c });
  }
  spread(colors, known, mesh.triangles);
  return Uint8Array.from(colors, Math.round);
}

/** Where the surface turns away more than this (as a cosine), pixels mix it with what is behind. */
const GRAZING = 0.2;

function bilinear({ width, height, rgb }: Photo, { x, y, channel }: { x: number; y: number; channel: number }): number {
  const column = Math.min(width - 1, Math.max(0, x - 0.5));
  const row = Math.min(height - 1, Math.max(0, y - 0.5));
  const [left, top] = [Math.floor(column), Math.floor(row)];
  const at = (r: number, c: number) => rgb[3 * (Math.min(height - 1, r) * width + Math.min(width - 1, c)) + channel]!;
  const upper = at(top, left) + (at(top, left + 1) - at(top, left)) * (column - left);
  const lower = at(top + 1, left) + (at(top + 1, left + 1) - at(top + 1, left)) * (column - left);
  return upper + (lower - upper) * (row - top);
}

/** Colors unknown vertices by rings, from the known ones outwards: each is the mean of its neighbors in the ring before. */
function spread(colors: Float32Array, known: Uint8Array, triangles: Uint32Array): void {
  for (let grown = true; grown;) {
    grown = false;
    const sums = new Float64Array(colors.length);
    const counts = new Uint32Array(known.length);
    for (let t = 0; t < triangles.length; t += 3) {
      for (let corner = 0; corner < 3; corner++) {
        const v = triangles[t + corner]!;
        if (known[v] !== 0) continue;
        for (const other of [triangles[t + (corner + 1) % 3]!, triangles[t + (corner + 2) % 3]!]) {
          if (known[other] === 0) continue;
          counts[v]!++;
          for (let c = 0; c < 3; c++) sums[3 * v + c]! += colors[3 * other + c]!;
        }
      }
    }
    counts.forEach((count, v) => {
      if (count === 0) return;
      grown = true;
      known[v] = 1;
      for (let c = 0; c < 3; c++) colors[3 * v + c] = sums[3 * v + c]! / count;
    });
  }
}
