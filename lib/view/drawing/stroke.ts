import type { FloatImage } from "@/lib/geometry/color.ts";
import type { Vec3 } from "@/lib/types.ts";

export type Point = readonly [number, number];

export interface StrokeOptions {
  /** Pixels. */
  readonly width: number;
  /** Linear light. */
  readonly color: Vec3;
  readonly opacity?: number;
}

/**
 * Paints lines with round ends over a picture, in place, anti-aliased; where they cross, once. A line of one point is a
 * dot; points that are not finite are left out, with the segments that they end.
 */
export function paintLines(image: FloatImage, lines: readonly (readonly Point[])[], options: StrokeOptions): void {
  const { width, color, opacity = 1 } = options;
  const coverage = new Map<number, number>();
  for (const line of lines) {
    if (line.length === 1) cover(coverage, image, { from: line[0]!, to: line[0]!, radius: width / 2 });
    for (let i = 1; i < line.length; i++) {
      cover(coverage, image, { from: line[i - 1]!, to: line[i]!, radius: width / 2 });
    }
  }
  for (const [pixel, share] of coverage) {
    for (let channel = 0; channel < 3; channel++) {
      const before = image.rgb[3 * pixel + channel]!;
      image.rgb[3 * pixel + channel] = before + (color[channel]! - before) * share * opacity;
    }
  }
}

interface Segment {
  readonly from: Point;
  readonly to: Point;
  readonly radius: number;
}

/** Raises each pixel's share to what this segment covers of it, taken from the distance of the pixel's center. */
function cover(coverage: Map<number, number>, { width, height }: FloatImage, { from, to, radius }: Segment): void {
  if (![...from, ...to].every(Number.isFinite)) return;
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const squaredLength = dx * dx + dy * dy;
  const reach = radius + 1;
  const firstRow = Math.max(0, Math.floor(Math.min(from[1], to[1]) - reach));
  const lastRow = Math.min(height - 1, Math.ceil(Math.max(from[1], to[1]) + reach));
  const firstColumn = Math.max(0, Math.floor(Math.min(from[0], to[0]) - reach));
  const lastColumn = Math.min(width - 1, Math.ceil(Math.max(from[0], to[0]) + reach));
  for (let row = firstRow; row <= lastRow; row++) {
    for (let column = firstColumn; column <= lastColumn; column++) {
      const [x, y] = [column + 0.5 - from[0], row + 0.5 - from[1]];
      const along = squaredLength > 0 ? Math.min(1, Math.max(0, (x * dx + y * dy) / squaredLength)) : 0;
      const share = Math.min(1, radius + 0.5 - Math.hypot(x - along * dx, y - along * dy));
      const pixel = row * width + column;
      if (share > (coverage.get(pixel) ?? 0)) coverage.set(pixel, share);
    }
  }
}
