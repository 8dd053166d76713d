import { clamp } from "@/lib/numbers.ts";

/** Viridis (Smith and van der Walt, 2015) at eighths, in sRGB bytes. */
const eighths = [
  ...[[68, 1, 84], [71, 45, 123], [59, 82, 139], [44, 114, 142], [33, 145, 140], [40, 174, 128]],
  ...[[94, 201, 98], [173, 220, 48], [253, 231, 37]],
] as const;

/** From dark blue at 0 to yellow at 1 as sRGB bytes, which goes from dark to light for the color-blind too. */
export function viridis(share: number): [number, number, number] {
  const place = clamp(share, 0, 1) * (eighths.length - 1);
  const index = Math.min(eighths.length - 2, Math.floor(place));
  const [from, to] = [eighths[index]!, eighths[index + 1]!];
  return [0, 1, 2].map((c) => Math.round(from[c]! + (to[c]! - from[c]!) * (place - index))) as [number, number, number];
}
