import { vector } from "@/lib/geometry/vectors.ts";
import type { Photo, Vec3 } from "@/lib/types.ts";

/** A picture in linear light, in which colors may be averaged and lit; {@linkcode Photo} is its sRGB encoding. */
export interface FloatImage {
  readonly width: number;
  readonly height: number;
  /** [height, width, 3], red, green, blue with sRGB's primaries: 0 is black, 1 white, more is clipped when shown. */
  readonly rgb: Float32Array;
}

/** One channel, both in [0, 1] (IEC 61966-2-1). */
export function srgbToLinear(value: number): number {
  return value <= 0.04045 ? value / 12.92 : ((value + 0.055) / 1.055) ** 2.4;
}

/** Red, green and blue of a color written as 0xrrggbb. */
export function hexToBytes(hex: number): Vec3 {
  return [hex >> 16, hex >> 8 & 255, hex & 255];
}

/** Likewise, linear. */
export function hexToLinear(hex: number): Vec3 {
  const bytes = hexToBytes(hex);
  return vector((c) => srgbToLinear(bytes[c] / 255));
}

/** One channel, both in [0, 1] (IEC 61966-2-1). */
export function linearToSrgb(value: number): number {
  return value <= 0.0031308 ? value * 12.92 : 1.055 * value ** (1 / 2.4) - 0.055;
}

const LINEAR_OF_BYTE = Float32Array.from({ length: 256 }, (_, byte) => srgbToLinear(byte / 255));

/** Steps of √value in [0, 1]: fine enough that every byte comes back and none is skipped. */
const ROOTS = 4095;
const BYTE_OF_ROOT = Uint8Array.from(
  { length: ROOTS + 1 },
  (_, step) => Math.round(255 * linearToSrgb((step / ROOTS) ** 2)),
);

/** Linear light in [0, 1] of sRGB bytes. */
export function photoToLinear(
  { width, height, rgb }: Photo,
  out: Float32Array = new Float32Array(rgb.length),
): FloatImage {
  for (let i = 0; i < rgb.length; i++) out[i] = LINEAR_OF_BYTE[rgb[i]!]!;
  return { width, height, rgb: out };
}

/** Clipped to what a photo can show; NaN becomes black. */
export function linearToPhoto(
  { width, height, rgb }: FloatImage,
  out: Uint8Array = new Uint8Array(rgb.length),
): Photo {
  for (let i = 0; i < rgb.length; i++) {
    const value = rgb[i]!;
    const root = value > 0 ? Math.sqrt(value < 1 ? value : 1) : 0;
    out[i] = BYTE_OF_ROOT[(root * ROOTS + 0.5) | 0]!;
  }
  return { width, height, rgb: out };
}

/** CIE L*a*b* (CIE 15:2018; white D65) of linear sRGB: lightness 0 to 100, red against green, yellow against blue. */
export function linearToLab([red, green, blue]: Vec3): Vec3 {
  const [x, y, z] = [ // IEC 61966-2-1, divided by the white's
    (0.4124 * red + 0.3576 * green + 0.1805 * blue) / 0.9505,
    0.2126 * red + 0.7152 * green + 0.0722 * blue,
    (0.0193 * red + 0.1192 * green + 0.9505 * blue) / 1.089,
  ].map((value) => value > (6 / 29) ** 3 ? Math.cbrt(value) : value / (3 * (6 / 29) ** 2) + 4 / 29) as [
    number,
    number,
    number,
  ];
  return [116 * y - 16, 500 * (x - y), 200 * (y - z)];
}
