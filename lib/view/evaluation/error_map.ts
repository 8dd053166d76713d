import { readVertices } from "@/lib/data/maps/position_map.ts";
import { type MapPair, vertexErrors } from "@/lib/evaluate/region_errors.ts";
import { closedSurface } from "@/lib/face/closed_surface.ts";
import type { FaceSurface } from "@/lib/face/morphable_model.ts";
import { linearToPhoto, photoToLinear, srgbToLinear } from "@/lib/geometry/color.ts";
import { drawMesh } from "@/lib/geometry/draw_mesh.ts";
import type { Photo } from "@/lib/types.ts";
import { svgElement, svgText } from "@/lib/view/figures/svg_marks.ts";
import { viridis } from "@/lib/view/figures/viridis.ts";

export interface ErrorMapOptions {
  readonly surface: FaceSurface;
  /** The error, in percent of the face's size, from which on the color stays the same. */
  readonly most: number;
}

/**
 * How far each point of a predicted face is from where it is, in color over the true mesh on the photo, darkened so
 * that the colors stand out.
 */
export function errorMap(
  { image, ...pair }: MapPair & { readonly image: Photo },
  { surface, most }: ErrorMapOptions,
): Photo {
  const { triangles, extend, close } = closedSurface(surface);
  const scale = image.width / pair.truth.size;
  const positions = close(readVertices(pair.truth, surface).map((value) => value * scale));
  const colors = new Float32Array(positions.length);
  extend(vertexErrors(pair, surface), 1).forEach((error, v) => {
    viridis(error / most).forEach((channel, c) => colors[3 * v + c] = srgbToLinear(channel / 255));
  });
  const canvas = photoToLinear(image);
  canvas.rgb.forEach((value, i) => canvas.rgb[i] = 0.35 * value);
  drawMesh({ positions, triangles }, canvas, { colors, samples: 3, backfaces: false, opacity: 0.92 });
  return linearToPhoto(canvas);
}

export interface ColorbarPlace {
  readonly x: number;
  readonly y: number;
  readonly height: number;
  /** Percent. */
  readonly most: number;
}

/** The colors' scale, upright, its numbers at the right: 70 wide. */
export function colorbar({ x, y, height, most }: ColorbarPlace): string {
  const steps = 64;
  const bars = Array.from({ length: steps }, (_, i) =>
    svgElement("rect", {
      x,
      y: y + height * (1 - (i + 1) / steps),
      width: 14,
      height: height / steps + 0.5,
      fill: `rgb(${viridis((i + 0.5) / steps).join()})`,
    }));
  const ticks = [0, 0.5, 1].map((share) =>
    svgText(`${share === 1 ? "≥ " : ""}${most * share} %`, { x: x + 20, y: y + 5 + (height - 10) * (1 - share) + 4 })
  );
  return [...bars, ...ticks].join("");
}
