import { smoothstep } from "@/lib/geometry/smoothstep.ts";
import { hairlineHeight } from "@/lib/portrait/fields.ts";
import type { Random } from "@/lib/random.ts";

/** How the hair, or what is worn over it, covers a head; lengths and heights in face units, azimuths in radians. */
export interface HairStyle {
  readonly kind: "none" | "hair" | "cap" | "beanie" | "hood";
  /** Height of the hairline in front, over the middle one. */
  readonly line: number;
  /** How far the hairline goes back at the temples. */
  readonly recession: number;
  /** How far hair stands off the skull on top, at the sides and behind. */
  readonly volume: readonly [number, number, number];
  /** Height of the ends, at the sides and behind. They are at the hairline where it is below that. */
  readonly ends: number;
  /** Azimuth from which it hangs down. */
  readonly curtain: number;
  /** Height of the fringe's ends, and the azimuths between which it falls. */
  readonly fringe: number;
  readonly fringeFrom: number;
  readonly fringeTo: number;
  /** Unevenness of the ends, of the surface, and waves along the strands. */
  readonly ragged: number;
  readonly clumps: number;
  readonly waves: number;
  /** Contrast of the strands. */
  readonly strands: number;
  /** How much of the scalp hair hides where its own mesh does not. */
  readonly roots: number;
  readonly seed: number;
}

/** Nowhere below this hangs anything that does not hang. */
const NO_ENDS = 9;

export function randomHairStyle(random: Random, years: number): HairStyle {
  const short: HairStyle = {
    kind: "hair",
    line: random.normal() * 0.05,
    recession: random.chance(0.25) ? random.uniform(0.1, 0.4) : random.uniform(0, 0.1),
    volume: [random.uniform(0.02, 0.16), random.uniform(0.01, 0.07), random.uniform(0.03, 0.12)],
    ends: NO_ENDS,
    curtain: 1.3,
    fringe: NO_ENDS,
    fringeFrom: 0,
    fringeTo: 0,
    ragged: random.uniform(0.01, 0.12),
    clumps: random.uniform(0.1, 0.5),
    waves: random.chance(0.4) ? random.uniform(0.01, 0.06) : 0,
    strands: random.uniform(0.15, 0.6),
    roots: 0.9,
    seed: random.integer(0, 2 ** 20),
  };
  const kind = random.next(), isBare = random.chance(years < 3 ? 0.6 : 0.3 * smoothstep(35, 75, years));
  if (years < 3 && isBare) return { ...short, kind: "none", roots: random.uniform(0, 0.6) };
  if (kind < 0.14) return { ...short, kind: "none", roots: random.chance(0.4) ? 0 : random.uniform(0.05, 0.9) };
  if (isBare) return { ...short, line: short.line + random.uniform(0.1, 0.3), recession: random.uniform(0.2, 0.6) };
  if (kind < 0.22) return { ...short, ...randomHeadwear(random) };
  if (kind < 0.28) return { ...short, ...randomCurls(random) };
  const style = random.chance(0.42) ? { ...short, ...randomFringe(random) } : short;
  return kind < 0.55 ? style : { ...style, ...randomLongHair(random) };
}

function randomHeadwear(random: Random): Partial<HairStyle> {
  const volume = random.uniform(0.05, 0.14);
  const cloth = { volume: [volume * 1.5, volume, volume] as const, ragged: 0, clumps: 0.03, recession: 0, waves: 0 };
  const kind = random.pick(["beanie", "cap", "hood"] as const);
  switch (kind) {
    case "beanie":
      return { ...cloth, kind, line: random.uniform(-0.35, -0.05), strands: random.uniform(0, 0.3) };
    case "cap":
      return { ...cloth, kind, line: random.uniform(-0.35, -0.12), strands: 0.04 };
    case "hood":
      return {
        ...cloth,
        kind,
        line: random.uniform(-0.12, 0.2),
        clumps: random.uniform(0, 0.25),
        strands: 0.06,
        roots: 0,
      };
  }
}

function randomCurls(random: Random): Partial<HairStyle> {
  const volume = random.uniform(0.12, 0.5);
  return {
    volume: [volume, volume * 0.8, volume],
    ragged: 0.02,
    clumps: random.uniform(0.15, 0.4),
    waves: 0.05,
    strands: 0.3,
  };
}

function randomFringe(random: Random): Partial<HairStyle> {
  const [middle, half] = random.chance(0.5) ? [0, 1.1] : [random.normal() * 0.5, random.uniform(0.4, 0.9)];
  return { fringe: random.uniform(0.28, 0.75), fringeFrom: middle - half, fringeTo: middle + half };
}

function randomLongHair(random: Random): Partial<HairStyle> {
  const volume = random.uniform(0.04, 0.2);
  return {
    volume: [random.uniform(0.04, 0.2), volume, volume],
    ends: random.chance(0.6) ? random.uniform(-2.6, -1.3) : random.uniform(-1.2, -0.3),
    curtain: random.chance(0.65) ? random.uniform(0.85, 1.35) : random.uniform(1.6, 2.1),
    recession: 0,
    ragged: random.uniform(0.03, 0.35),
  };
}

/** Where hair begins, or a cap ends. */
export function lineHeight({ kind, line, recession }: HairStyle, azimuth: number): number {
  const side = Math.abs(azimuth);
  if (kind === "cap" || kind === "beanie") return 0.66 + line - 0.25 * smoothstep(0.8, 2.2, side);
  const front = smoothstep(1.2, 0.7, side);
  const temple = Math.exp(-(((side - 0.55) / 0.3) ** 2));
  return hairlineHeight(azimuth) + line * front + recession * (temple + 0.6 * front);
}

/** Where hair ends, at most as high as it begins; `noise` is from -1 to 1. */
export function endsHeight(style: HairStyle, azimuth: number, noise: number): number {
  const line = lineHeight(style, azimuth);
  if (style.kind === "cap") return Math.abs(azimuth) < 1.1 ? line - 0.5 : line; // the brim
  if (style.kind !== "hair") return line;
  const ragged = style.ragged * noise;
  const { fringe, fringeFrom, fringeTo, ends, curtain } = style;
  const inFringe = smoothstep(fringeFrom - 0.12, fringeFrom + 0.12, azimuth) *
    smoothstep(fringeTo + 0.12, fringeTo - 0.12, azimuth);
  const fringeEnds = fringeTo > fringeFrom && inFringe > 0
    ? line - Math.max(0, line - fringe) * inFringe + ragged
    : line;
  const inCurtain = smoothstep(curtain - 0.15, curtain + 0.15, Math.abs(azimuth));
  const curtainEnds = inCurtain > 0 ? line - Math.max(0, line - ends) * inCurtain + ragged : line;
  return Math.min(line, fringeEnds, curtainEnds);
}

/** How far hair stands off the skull at this angle from the crown. */
export function volumeAt({ volume: [top, side, back] }: HairStyle, azimuth: number, polar: number): number {
  const upper = smoothstep(1.35, 0.5, polar);
  const behind = smoothstep(1.4, 2.4, Math.abs(azimuth));
  return upper * top + (1 - upper) * (side + behind * (back - side));
}
