import type { FaceAtlas } from "@/lib/face/atlas.ts";
import { pointAt, vector } from "@/lib/geometry/vectors.ts";
import { onceEach } from "@/lib/once_each.ts";
import type { Vec3 } from "@/lib/types.ts";

/** [vertexCount, 6], unit vectors in model space along the texture's u and v, of the mean face; 0 where there is no texture. */
export const textureTangents: (atlas: FaceAtlas) => Float32Array = onceEach(
  ({ model: { mean, triangles }, corners }) => {
    const tangents = new Float32Array(2 * mean.length);
    for (let t = 0; t < triangles.length / 3; t++) {
      const vertices = pointAt(triangles, t);
      const [p, q, r] = vertices.map((vertex) => pointAt(mean, vertex)) as [Vec3, Vec3, Vec3];
      const corner = (c: number, axis: number) => corners[6 * t + 2 * c + axis]! - corners[6 * t + axis]!;
      const [u1, v1, u2, v2] = [corner(1, 0), corner(1, 1), corner(2, 0), corner(2, 1)];
      const area = u1 * v2 - u2 * v1;
      if (!(Math.abs(area) > 0)) continue; // or NaN
      const alongU = vector((k) => ((q[k] - p[k]) * v2 - (r[k] - p[k]) * v1) / area);
      const alongV = vector((k) => ((r[k] - p[k]) * u1 - (q[k] - p[k]) * u2) / area);
      for (const vertex of vertices) {
        [...alongU, ...alongV].forEach((value, k) => tangents[6 * vertex + k]! += value);
      }
    }
    for (let i = 0; i < tangents.length; i += 3) {
      const length = Math.hypot(tangents[i]!, tangents[i + 1]!, tangents[i + 2]!);
      if (length > 0) { for (let k = 0; k < 3; k++) tangents[i + k]! /= length; }
    }
    return tangents;
  },
);
