import type { FloatImage } from "@/lib/geometry/color.ts";
import { clamp } from "@/lib/numbers.ts";
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
  const raise = (pixel: number, share: number) => {
    if (share > (coverage.get(pixel) ?? 0)) coverage.set(pixel, share);
  };
  for (const line of lines) {
    for (let i = line.length === 1 ? 0 : 1; i < line.length; i++) {
      coverSegment(image, { from: line[Math.max(0, i - 1)]!, to: line[i]!, radius: width / 2 }, raise);
    }
  }
  for (const [pixel, share] of coverage) {
    for (let channel = 0; channel < 3; channel++) {
      const before = image.rgb[3 * pixel + channel]!;
      image.rgb[3 * pixel + channel] = before + (color[channel]! - before) * share * opacity;
    }
  }
}

export interface Segment {
  readonly from: Point;
  readonly to: Point;
  readonly radius: number;
}

/**
 * Visits the pixels that a segment with round ends covers, each with the share that is covered, taken from the distance of
 * its center; none where the segment's ends are not finite.
 */
export function coverSegment(
  { width, height }: Pick<FloatImage, "width" | "height">,
  { from, to, radius }: Segment,
  visit: (pixel: number, share: number) => void,
): void {
  if (!Number.isFinite(from[0] + from[1] + to[0] + to[1])) return;
  const [dx, dy] = [to[0] - from[0], to[1] - from[1]];
  const squaredLength = dx * dx + dy * dy;
  const reach = radius + 1;
  const firstRow = Math.max(0, Math.floor(Math.min(from[1], to[1]) - reach));
  const lastRow = Math.min(height - 1, Math.ceil(Math.max(from[1], to[1]) + reach));
  const firstColumn = Math.max(0, Math.floor(Math.min(from[0], to[0]) - reach));
  const lastColumn = Math.min(width - 1, Math.ceil(Math.max(from[0], to[0]) + reach));
  for (let row = firstRow; row <= lastRow; row++) {
    for (let column = firstColumn; column <= lastColumn; column++) {
      const x = column + 0.5 - from[0], y = row + 0.5 - from[1];
      const along = squaredLength > 0 ? clamp((x * dx + y * dy) / squaredLength, 0, 1) : 0;
      const offX = x - along * dx, offY = y - along * dy;
      const share = Math.min(1, radius + 0.5 - Math.sqrt(offX * offX + offY * offY));
      if (share > 0) visit(row * width + column, share);
    }
  }
}
