import { type FloatImage } from "@/lib/geometry/color.ts";
import { interpolate, type Raster, rasterize } from "@/lib/geometry/rasterize.ts";
import type { Mesh } from "@/lib/types.ts";

/** Writes the linear color of sample k, whose triangle and weights the raster holds, into `color` (three numbers). */
export type Shader = (k: number, raster: Raster, color: Float32Array) => void;

export interface DrawOptions {
  /** [vertexCount, 3], each vertex's color in linear light, interpolated between them; or a function for each sample. */
  readonly colors: Float32Array | Shader;
  /** Samples per pixel on each axis, averaged in linear light. */
  readonly samples?: number;
  /** Whether triangles that turn their back are drawn. */
  readonly backfaces?: boolean;
  /** 1 hides what is behind, 0 the mesh. */
  readonly opacity?: number;
  /** Buffers to draw with instead of new ones: an earlier raster of the same size. */
  readonly raster?: Raster;
}

/**
 * Draws a mesh over a picture, in place; where its edge crosses a pixel, what was there shows through. Returns the
 * raster that was drawn.
 */
export function drawMesh(mesh: Mesh, image: FloatImage, options: DrawOptions): Raster {
  const { colors, samples = 2, backfaces = true, opacity = 1 } = options;
  const { width, height } = image;
  if (typeof colors !== "function" && colors.length !== mesh.positions.length) {
    throw new TypeError(
      `Cannot draw a mesh of ${mesh.positions.length / 3} vertices with ${colors.length / 3} vertex colors`,
    );
  }
  const raster = rasterize(mesh, { width, height, samples, backfaces, ...options.raster && { out: options.raster } });
  const vertexColors = { triangles: mesh.triangles, values: colors as Float32Array };
  const shader: Shader = typeof colors === "function"
    ? colors
    : (k, raster, color) => interpolate(raster, k, vertexColors, color);
  const color = new Float32Array(3);
  const share = opacity / (samples * samples);
  const { triangle } = raster;
  const { rgb } = image;
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      let red = 0;
      let green = 0;
      let blue = 0;
      let count = 0;
      for (let i = 0; i < samples; i++) {
        const start = (row * samples + i) * raster.width + column * samples;
        for (let k = start; k < start + samples; k++) {
          if (triangle[k]! < 0) continue;
          shader(k, raster, color);
          red += color[0]!;
          green += color[1]!;
          blue += color[2]!;
          count++;
        }
      }
      if (count === 0) continue;
      const pixel = 3 * (row * width + column);
      const rest = 1 - share * count;
      rgb[pixel] = rest * rgb[pixel]! + share * red;
      rgb[pixel + 1] = rest * rgb[pixel + 1]! + share * green;
      rgb[pixel + 2] = rest * rgb[pixel + 2]! + share * blue;
    }
  }
  return raster;
}
