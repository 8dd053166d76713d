import { strandTexture } from "@/lib/face/hair.ts";
import { EYE_REACH, EYE_STEPS, type Paint } from "@/lib/face/paint.ts";
import type { FloatImage } from "@/lib/geometry/color.ts";
import type { Raster } from "@/lib/geometry/rasterize.ts";
import { colorSources, type HeadMesh } from "@/lib/data/head_mesh.ts";

export interface ShadeInputs {
  readonly raster: Raster;
  /** Samples per pixel on each axis. */
  readonly samples: number;
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

/** Colors the samples of a head's raster and averages them over what the image holds, in place. */
export function shadeHead({ width, height, rgb }: FloatImage, inputs: ShadeInputs): void {
  const { raster, samples, mesh, paint, textureSize, irisDistances, light, shine, colors, strands } = inputs;
  const { triangle, weights, width: rowLength } = raster;
  const { triangles, sources, corners } = mesh;
  const { albedo, eyeRamp } = paint;
  const vertexStart = textureSize * textureSize;
  const { modelVertices } = mesh;
  const shift = inputs.seed % strandTexture.columns;
  const { values: strandValues, columns: strandColumns, rows: strandRows } = strandTexture;
  const share = 1 / (samples * samples);
  const toStep = EYE_STEPS / EYE_REACH;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      let red = 0, green = 0, blue = 0, count = 0, skipped = 0;
      for (let down = 0; down < samples; down++) {
        const first = (row * samples + down) * rowLength + column * samples;
        for (let k = first; k < first + samples; k++) {
          const t = triangle[k]!;
          if (t < 0) continue;
          // Within skin, every other sample will do.
          if (((k - first + down) & 1) === 1 && sources[t] === colorSources.texture) {
            skipped++;
            continue;
          }
          count++;
          const wa = weights[3 * k]!, wb = weights[3 * k + 1]!, wc = weights[3 * k + 2]!;
          const a = triangles[3 * t]!, b = triangles[3 * t + 1]!, c = triangles[3 * t + 2]!;
          const source = sources[t]!;
          let r: number, g: number, bl: number;
          if (source === colorSources.texture) {
            const x = wa * corners[6 * t]! + wb * corners[6 * t + 2]! + wc * corners[6 * t + 4]!;
            const y = wa * corners[6 * t + 1]! + wb * corners[6 * t + 3]! + wc * corners[6 * t + 5]!;
            const texel = 3 * ((y | 0) * textureSize + (x | 0));
            r = albedo[texel]!;
            g = albedo[texel + 1]!;
            bl = albedo[texel + 2]!;
          } else if (source === colorSources.hair || source === colorSources.torso) {
            const pa = 3 * (a - modelVertices), pb = 3 * (b - modelVertices), pc = 3 * (c - modelVertices);
            r = wa * colors[pa]! + wb * colors[pb]! + wc * colors[pc]!;
            g = wa * colors[pa + 1]! + wb * colors[pb + 1]! + wc * colors[pc + 1]!;
            bl = wa * colors[pa + 2]! + wb * colors[pb + 2]! + wc * colors[pc + 2]!;
            if (source === colorSources.hair) {
              const x = wa * corners[6 * t]! + wb * corners[6 * t + 2]! + wc * corners[6 * t + 4]!;
              const y = wa * corners[6 * t + 1]! + wb * corners[6 * t + 3]! + wc * corners[6 * t + 5]!;
              const strand = Math.min(strandRows - 1, y | 0) * strandColumns + ((x | 0) + shift) % strandColumns;
              const shade = Math.max(0.1, 1 + strands * strandValues[strand]!);
              r *= shade;
              g *= shade;
              bl *= shade;
            }
          } else if (source === colorSources.vertices) {
            const pa = 3 * (vertexStart + a), pb = 3 * (vertexStart + b), pc = 3 * (vertexStart + c);
            r = wa * albedo[pa]! + wb * albedo[pb]! + wc * albedo[pc]!;
            g = wa * albedo[pa + 1]! + wb * albedo[pb + 1]! + wc * albedo[pc + 1]!;
            bl = wa * albedo[pa + 2]! + wb * albedo[pb + 2]! + wc * albedo[pc + 2]!;
          } else {
            const distance = wa * irisDistances[a]! + wb * irisDistances[b]! + wc * irisDistances[c]!;
            const step = 3 * Math.min(EYE_STEPS - 1, (distance * toStep) | 0);
            r = eyeRamp[step]!;
            g = eyeRamp[step + 1]!;
            bl = eyeRamp[step + 2]!;
          }
          const i = 3 * a, j = 3 * b, l = 3 * c;
          red += r * (wa * light[i]! + wb * light[j]! + wc * light[l]!) +
            wa * shine[i]! + wb * shine[j]! + wc * shine[l]!;
          green += g * (wa * light[i + 1]! + wb * light[j + 1]! + wc * light[l + 1]!) +
            wa * shine[i + 1]! + wb * shine[j + 1]! + wc * shine[l + 1]!;
          blue += bl * (wa * light[i + 2]! + wb * light[j + 2]! + wc * light[l + 2]!) +
            wa * shine[i + 2]! + wb * shine[j + 2]! + wc * shine[l + 2]!;
        }
      }
      if (count === 0) continue;
      const pixel = 3 * (row * width + column);
      const covered = share * (count + skipped), each = covered / count;
      rgb[pixel] = (1 - covered) * rgb[pixel]! + each * red;
      rgb[pixel + 1] = (1 - covered) * rgb[pixel + 1]! + each * green;
      rgb[pixel + 2] = (1 - covered) * rgb[pixel + 2]! + each * blue;
    }
  }
}
