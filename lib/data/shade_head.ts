import { EYE_REACH, EYE_STEPS } from "@/lib/face/eyes.ts";
import { strands } from "@/lib/face/hair.ts";
import type { Paint } from "@/lib/face/paint.ts";
import type { FloatImage } from "@/lib/geometry/color.ts";
import type { Raster } from "@/lib/geometry/rasterize.ts";
import { colorSources, type HeadMesh } from "@/lib/data/head_mesh.ts";

export interface ShadeInputs {
  /** One sample for each pixel; its triangles are counted from `firstTriangle` of the mesh. */
  readonly raster: Raster;
  readonly firstTriangle: number;
  readonly mesh: HeadMesh;
  readonly paint: Paint;
  readonly textureSize: number;
  /** [vertexCount], see `FacePainter`. */
  readonly irisDistances: Float32Array;
  /** [vertexCount, 3], light on a white surface, and what shines on top of any. */
  readonly light: Float32Array;
  readonly shine: Float32Array;
  /** [vertexCount - modelVertices, 3], linear reflectance of torso and hair. */
  readonly colors: Float32Array;
  /** Contrast of the hair's strands, and which of them it has. */
  readonly strands: number;
  readonly seed: number;
}

/** Colors what a head's raster shows, in place, over what the image holds. */
export function shadeHead({ rgb }: FloatImage, inputs: ShadeInputs): void {
  const { raster, firstTriangle, mesh, paint, textureSize, irisDistances, light, shine, colors } = inputs;
  const { triangle, weights } = raster;
  const { triangles, sources, corners, modelVertices } = mesh;
  const { albedo, eyeRamp } = paint;
  const vertexStart = textureSize * textureSize, textureRow = 3 * textureSize;
  const { values: strandValues, columns: strandColumns, rows: strandRows } = strands.texture;
  const contrast = inputs.strands, shift = inputs.seed % strandColumns;
  const toStep = EYE_STEPS / EYE_REACH;
  for (let k = 0; k < triangle.length; k++) {
    if (triangle[k]! < 0) continue;
    const t = firstTriangle + triangle[k]!;
    const wa = weights[3 * k]!, wb = weights[3 * k + 1]!, wc = weights[3 * k + 2]!;
    const a = triangles[3 * t]!, b = triangles[3 * t + 1]!, c = triangles[3 * t + 2]!;
    const source = sources[t]!;
    let red: number, green: number, blue: number;
    if (source === colorSources.texture) {
      // Between the four nearest texels; the texture reaches beyond the surface's border.
      const x = wa * corners[6 * t]! + wb * corners[6 * t + 2]! + wc * corners[6 * t + 4]! - 0.5;
      const y = wa * corners[6 * t + 1]! + wb * corners[6 * t + 3]! + wc * corners[6 * t + 5]! - 0.5;
      const left = x > 0 ? x < textureSize - 2 ? x | 0 : textureSize - 2 : 0;
      const top = y > 0 ? y < textureSize - 2 ? y | 0 : textureSize - 2 : 0;
      const u = x - left, v = y - top;
      const w11 = u * v, w10 = v - w11, w01 = u - w11, w00 = 1 - u - w10;
      const upper = top * textureRow + 3 * left, lower = upper + textureRow;
      red = w00 * albedo[upper]! + w01 * albedo[upper + 3]! + w10 * albedo[lower]! + w11 * albedo[lower + 3]!;
      green = w00 * albedo[upper + 1]! + w01 * albedo[upper + 4]! + w10 * albedo[lower + 1]! +
        w11 * albedo[lower + 4]!;
      blue = w00 * albedo[upper + 2]! + w01 * albedo[upper + 5]! + w10 * albedo[lower + 2]! +
        w11 * albedo[lower + 5]!;
    } else if (source === colorSources.hair || source === colorSources.torso) {
      const i = 3 * (a - modelVertices), j = 3 * (b - modelVertices), l = 3 * (c - modelVertices);
      let shade = 1;
      if (source === colorSources.hair) {
        const x = wa * corners[6 * t]! + wb * corners[6 * t + 2]! + wc * corners[6 * t + 4]!;
        const y = wa * corners[6 * t + 1]! + wb * corners[6 * t + 3]! + wc * corners[6 * t + 5]!;
        const strand = Math.min(strandRows - 1, y | 0) * strandColumns + ((x | 0) + shift) % strandColumns;
        shade = Math.max(0.1, 1 + contrast * strandValues[strand]!);
      }
      red = shade * (wa * colors[i]! + wb * colors[j]! + wc * colors[l]!);
      green = shade * (wa * colors[i + 1]! + wb * colors[j + 1]! + wc * colors[l + 1]!);
      blue = shade * (wa * colors[i + 2]! + wb * colors[j + 2]! + wc * colors[l + 2]!);
    } else if (source === colorSources.vertices) {
      const i = 3 * (vertexStart + a), j = 3 * (vertexStart + b), l = 3 * (vertexStart + c);
      red = wa * albedo[i]! + wb * albedo[j]! + wc * albedo[l]!;
      green = wa * albedo[i + 1]! + wb * albedo[j + 1]! + wc * albedo[l + 1]!;
      blue = wa * albedo[i + 2]! + wb * albedo[j + 2]! + wc * albedo[l + 2]!;
    } else {
      const distance = wa * irisDistances[a]! + wb * irisDistances[b]! + wc * irisDistances[c]!;
      const step = 3 * Math.min(EYE_STEPS - 1, (distance * toStep) | 0);
      red = eyeRamp[step]!;
      green = eyeRamp[step + 1]!;
      blue = eyeRamp[step + 2]!;
    }
    const i = 3 * a, j = 3 * b, l = 3 * c, pixel = 3 * k;
    rgb[pixel] = red * (wa * light[i]! + wb * light[j]! + wc * light[l]!) +
      wa * shine[i]! + wb * shine[j]! + wc * shine[l]!;
    rgb[pixel + 1] = green * (wa * light[i + 1]! + wb * light[j + 1]! + wc * light[l + 1]!) +
      wa * shine[i + 1]! + wb * shine[j + 1]! + wc * shine[l + 1]!;
    rgb[pixel + 2] = blue * (wa * light[i + 2]! + wb * light[j + 2]! + wc * light[l + 2]!) +
      wa * shine[i + 2]! + wb * shine[j + 2]! + wc * shine[l + 2]!;
  }
}
