import { vector } from "@/lib/geometry/vectors.ts";
import { clamp } from "@/lib/numbers.ts";
import type { Vec3 } from "@/lib/types.ts";

/**
 * The color of skin from what colors it: light goes through the upper layers, loses some to melanin and hemoglobin
 * (Beer and Lambert), and comes back. The family has two dimensions, as measured skin nearly has (Tsumura et al., 2003).
 */

/** Per channel (610, 545 and 465 nm): what comes back where there is no pigment at all. */
const BASE = [0.86, 0.74, 0.6];
/** Melanin absorbs more the shorter the wave; less steeply than λ^-3.3, since part of the light turns back above it. */
const MELANIN = [1, 1.27, 1.6];
/** Blood absorbs green most and red hardly. */
const HEMOGLOBIN = [0.07, 0.9, 0.85];

/** Melanin from the lightest to the darkest human skin. */
export const melaninRange = [0.04, 2.5] as const;

/** [red, green, blue], linear light, of skin with this much of both pigments. */
export function skinColor(melanin: number, hemoglobin: number): Vec3 {
  return vector((c) => BASE[c]! * Math.exp(-melanin * MELANIN[c]! - hemoglobin * HEMOGLOBIN[c]!));
}

const MELANIN_STEPS = 256;
const HEMOGLOBIN_STEPS = 64;
const MOST_MELANIN = 3.4;
const MOST_HEMOGLOBIN = 1.6;

/** [MELANIN_STEPS, HEMOGLOBIN_STEPS, 3], {@linkcode skinColor} at even steps. */
const table = Float32Array.from({ length: MELANIN_STEPS * HEMOGLOBIN_STEPS * 3 }, (_, i) => {
  const row = Math.floor(i / (3 * HEMOGLOBIN_STEPS)), column = Math.floor(i / 3) % HEMOGLOBIN_STEPS;
  const melanin = row * MOST_MELANIN / (MELANIN_STEPS - 1), hemoglobin = column * MOST_HEMOGLOBIN / HEMOGLOBIN_STEPS;
  return BASE[i % 3]! * Math.exp(-melanin * MELANIN[i % 3]! - hemoglobin * HEMOGLOBIN[i % 3]!);
});

/** {@linkcode skinColor} at many points, from a table: pigments [n], colors [n, 3]; only the points listed. */
export function skinColors(
  { melanin, hemoglobin, points }: { melanin: Float32Array; hemoglobin: Float32Array; points: Uint32Array },
  colors: Float32Array,
): void {
  for (let k = 0; k < points.length; k++) {
    const i = points[k]!;
    const row = (clamp(melanin[i]! * (1 / MOST_MELANIN), 0, 1) * (MELANIN_STEPS - 1) + 0.5) | 0;
    const column = (clamp(hemoglobin[i]! * (1 / MOST_HEMOGLOBIN), 0, 1) * (HEMOGLOBIN_STEPS - 1) + 0.5) | 0;
    const entry = 3 * (row * HEMOGLOBIN_STEPS + column);
    colors[3 * i] = table[entry]!;
    colors[3 * i + 1] = table[entry + 1]!;
    colors[3 * i + 2] = table[entry + 2]!;
  }
}
