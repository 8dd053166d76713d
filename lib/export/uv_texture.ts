import { rasterize } from "@/lib/geometry/rasterize.ts";
import { meanOf } from "@/lib/geometry/vectors.ts";
import type { Mesh, Photo } from "@/lib/types.ts";
import { sampleBilinear } from "@/lib/geometry/sample_texture.ts";

export interface UvTextureOptions extends Mesh {
  /** [vertexCount, 2], u right and v down. */
  readonly uv: Float32Array;
  /** [vertexCount, 3], sRGB bytes: what stands where the photo does not show the surface. */
  readonly colors: Uint8Array;
  /** [vertexCount], how much of the photo's own color is used, from 0 (the photo does not show the surface) to 1. */
  readonly trust: Float32Array;
  /** Pixels a side. */
  readonly size: number;
}

/**
 * A mesh's texture from the photo whose pixels it is in: each texel takes the photo's color at its point of the surface, as
 * far as that is trusted, and the vertices' colors where it is not. A few texels around it go on in its colors.
 */
export function uvTexture(photo: Photo, { positions, triangles, uv, colors, trust, size }: UvTextureOptions): Photo {
  const flat = new Float32Array(positions.length);
  for (let v = 0; v < trust.length; v++) flat.set([uv[2 * v]! * size, uv[2 * v + 1]! * size], 3 * v);
  const { triangle, weights } = rasterize({ positions: flat, triangles }, { width: size, height: size });
  const rgb = new Uint8Array(3 * size * size).fill(128);
  const seen = new Float32Array(3);
  for (let k = 0; k < triangle.length; k++) {
    if (triangle[k]! < 0) continue;
    let x = 0, y = 0, share = 0;
    const own = [0, 0, 0];
    for (let corner = 0; corner < 3; corner++) {
      const v = triangles[3 * triangle[k]! + corner]!, weight = weights[3 * k + corner]!;
      x += weight * positions[3 * v]!;
      y += weight * positions[3 * v + 1]!;
      share += weight * trust[v]!;
      for (let c = 0; c < 3; c++) own[c]! += weight * colors[3 * v + c]!;
    }
    if (share > 0) sampleBilinear(photo, x, y, seen);
    for (let c = 0; c < 3; c++) rgb[3 * k + c] = own[c]! + share * (seen[c]! - own[c]!) + 0.5;
  }
  const isOfFace = Uint8Array.from(triangle, (t) => t < 0 ? 0 : 1);
  for (let ring = 0; ring < RINGS; ring++) growByRing({ width: size, height: size, rgb }, isOfFace);
  return { width: size, height: size, rgb };
}

/** Texels around the face that take its colors: what draws a texture mixes neighbors, also at the edge, and far away more. */
const RINGS = 8;

/** Gives the texels beside those that are marked the mean of these, and marks them. */
function growByRing({ width, height, rgb }: Photo, marked: Uint8Array): void {
  const before = marked.slice();
  for (let row = 0, k = 0; row < height; row++) {
    for (let column = 0; column < width; column++, k++) {
      if (before[k] === 1) continue;
      const beside = [
        ...column > 0 ? [k - 1] : [],
        ...column < width - 1 ? [k + 1] : [],
        ...row > 0 ? [k - width] : [],
        ...row < height - 1 ? [k + width] : [],
      ].filter((other) => before[other] === 1);
      if (beside.length === 0) continue;
      marked[k] = 1;
      meanOf(rgb, beside).forEach((value, c) => rgb[3 * k + c] = value + 0.5);
    }
  }
}
