import { type FloatImage } from "@/lib/geometry/color.ts";
import { type Raster, rasterize } from "@/lib/geometry/rasterize.ts";
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
  const shader = typeof colors === "function" ? colors : vertexColorShader(mesh.triangles, colors);
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

/** Interpolates vertex values, [vertexCount, 3], at the samples. */
function vertexColorShader(triangles: Uint32Array, colors: Float32Array): Shader {
  return (k, { triangle, weights }, color) => {
    const corner = 3 * triangle[k]!;
    const a = 3 * triangles[corner]!;
    const b = 3 * triangles[corner + 1]!;
    const c = 3 * triangles[corner + 2]!;
    const wa = weights[3 * k]!;
    const wb = weights[3 * k + 1]!;
    const wc = weights[3 * k + 2]!;
    color[0] = wa * colors[a]! + wb * colors[b]! + wc * colors[c]!;
    color[1] = wa * colors[a + 1]! + wb * colors[b + 1]! + wc * colors[c + 1]!;
    color[2] = wa * colors[a + 2]! + wb * colors[b + 2]! + wc * colors[c + 2]!;
  };
}
