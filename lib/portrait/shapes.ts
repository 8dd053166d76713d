import type { FloatImage } from "@/lib/geometry/color.ts";
import { clamp } from "@/lib/numbers.ts";
import type { Vec3 } from "@/lib/types.ts";

/** A flat shape in an image, in its pixels. */
export interface Shape {
  readonly kind: "ellipse" | "box" | "capsule";
  readonly x: number;
  readonly y: number;
  /** Half the length along the shape's own axes. */
  readonly halfWidth: number;
  readonly halfHeight: number;
  /** Radians, clockwise on the screen. */
  readonly angle: number;
}

export interface Fill {
  /** Linear light, at the two ends of the shape's own x axis. */
  readonly from: Vec3;
  readonly to: Vec3;
  /** 1 hides what is behind. */
  readonly opacity?: number;
  /** Pixels over which the edge fades. */
  readonly softness?: number;
  /** How round it looks, 0 to 1. */
  readonly round?: number;
  /** [height, width] of the image, at least 0 where nothing need be painted. */
  readonly covered?: Int32Array;
}

/** The side of the screen that round shapes are lit from. */
const LIGHT = { x: -0.4, y: -0.6 };

/** Paints a shape over an image, in place, with a smooth edge. */
export function fillShape({ width, height, rgb }: FloatImage, shape: Shape, fill: Fill): void {
  const { kind, x: cx, y: cy, halfWidth, halfHeight, angle } = shape;
  const { from, to, opacity = 1, softness = 1, round = 0, covered } = fill;
  const cos = Math.cos(angle), sin = Math.sin(angle);
  const radius = Math.hypot(halfWidth, halfHeight) + softness;
  const left = Math.max(0, Math.floor(cx - radius)), right = Math.min(width - 1, Math.ceil(cx + radius));
  const top = Math.max(0, Math.floor(cy - radius)), bottom = Math.min(height - 1, Math.ceil(cy + radius));
  const corner = kind === "capsule" ? Math.min(halfWidth, halfHeight) : 0;
  const flat = halfWidth - corner, flatY = halfHeight - corner;
  const localLightX = cos * LIGHT.x + sin * LIGHT.y, localLightY = -sin * LIGHT.x + cos * LIGHT.y;
  for (let row = top; row <= bottom; row++) {
    for (let column = left; column <= right; column++) {
      if (covered && covered[row * width + column]! >= 0) continue;
      const dx = column + 0.5 - cx, dy = row + 0.5 - cy;
      const u = cos * dx + sin * dy, v = -sin * dx + cos * dy;
      let distance: number, nx: number, ny: number;
      if (kind === "ellipse") {
        nx = u / halfWidth;
        ny = v / halfHeight;
        const r = Math.sqrt(nx * nx + ny * ny);
        distance = (r - 1) * Math.min(halfWidth, halfHeight);
      } else {
        const qx = Math.abs(u) - flat, qy = Math.abs(v) - flatY;
        const ox = qx > 0 ? qx : 0, oy = qy > 0 ? qy : 0;
        distance = Math.sqrt(ox * ox + oy * oy) + Math.min(0, Math.max(qx, qy)) - corner;
        nx = corner > 0 ? (u > 0 ? ox : -ox) / corner : u / halfWidth;
        ny = corner > 0 ? (v > 0 ? oy : -oy) / corner : v / halfHeight;
      }
      const cover = 0.5 - distance / softness;
      if (cover <= 0) continue;
      const alpha = opacity * (cover < 1 ? cover : 1);
      const along = clamp(0.5 + 0.5 * u / halfWidth, 0, 1);
      const facing = Math.sqrt(Math.max(0, 1 - nx * nx - ny * ny));
      const shade = 1 - round + round * Math.max(0.15, 0.65 * facing + nx * localLightX + ny * localLightY + 0.25);
      const i = 3 * (row * width + column);
      for (let c = 0; c < 3; c++) {
        rgb[i + c]! += alpha * (shade * (from[c]! + along * (to[c]! - from[c]!)) - rgb[i + c]!);
      }
    }
  }
}

/** A capsule from one point to another. */
export function stroke([x0, y0]: readonly [number, number], [x1, y1]: readonly [number, number], width: number): Shape {
  return {
    kind: "capsule",
    x: (x0 + x1) / 2,
    y: (y0 + y1) / 2,
    halfWidth: Math.hypot(x1 - x0, y1 - y0) / 2 + width / 2,
    halfHeight: width / 2,
    angle: Math.atan2(y1 - y0, x1 - x0),
  };
}
