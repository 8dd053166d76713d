import { smoothstep } from "@/lib/geometry/smoothstep.ts";
import { times, vector } from "@/lib/geometry/vectors.ts";
import { clamp } from "@/lib/numbers.ts";
import { melaninRange, skinColor } from "@/lib/portrait/skin.ts";
import type { Random } from "@/lib/random.ts";
import type { Vec3 } from "@/lib/types.ts";

/** Colors are linear light, red, green and blue from 0 to 1; lengths are in face units (see `FaceAtlas`). */
export interface Appearance {
  readonly skin: SkinLook;
  readonly brows: {
    readonly color: Vec3;
    /** Half the height at the inner end. */
    readonly thickness: number;
    /** 0 hides the skin nowhere, 1 everywhere. */
    readonly density: number;
    /** Over the landmarks' line. */
    readonly lift: number;
  };
  readonly lips: { readonly color: Vec3; readonly cover: number; readonly gloss: number };
  readonly eyes: EyeLook;
  readonly makeUp: {
    readonly shadowColor: Vec3;
    readonly shadow: number;
    readonly liner: number;
    readonly blush: number;
  };
  readonly beard: {
    readonly color: Vec3;
    readonly moustache: number;
    readonly chin: number;
    readonly jaw: number;
  };
  /** The color of a mask over mouth and nose, where one is worn. */
  readonly mask?: Vec3;
  /** The color of all hair of the head. */
  readonly hairColor: Vec3;
  readonly clothColor: Vec3;
  /** Which of the prepared noises are used. */
  readonly noise: number;
}

export interface SkinLook {
  /** See `skinColor`. */
  readonly melanin: number;
  readonly hemoglobin: number;
  /** How much redder cheeks, nose and ears are. */
  readonly flush: number;
  /** Standard deviations of the unevenness, large and small. */
  readonly blotches: number;
  readonly grain: number;
  readonly freckles: number;
  readonly moles: number;
  /** Darkness under the eyes. */
  readonly circles: number;
  readonly gloss: number;
  /** How rough it is: standard deviation of the heights between pores, in texels of a texture of 256. */
  readonly relief: number;
  /** 0 for none, 1 for deep ones. */
  readonly wrinkles: number;
}

export interface EyeLook {
  readonly iris: Vec3;
  readonly pupilRadius: number;
  readonly sclera: Vec3;
}

export function randomAppearance(random: Random, years: number): Appearance {
  const darkness = random.next();
  const melanin = melaninRange[0] + (melaninRange[1] - melaninRange[0]) * darkness ** 2.3;
  const hairColor = grayedHair(randomHairColor(random, darkness), random.fork("gray"), years);
  const [isChild, age] = [years < 13, smoothstep(30, 85, years)];
  return {
    skin: {
      melanin,
      hemoglobin: random.uniform(0.1, 0.5),
      flush: random.chance(0.8) ? random.uniform(0.1, 0.5) : random.uniform(0.4, 1.1),
      blotches: random.uniform(0.02, 0.1) * (isChild ? 0.6 : 1 + age),
      grain: random.uniform(0.01, 0.055) * (isChild ? 0.5 : 1 + 0.5 * age),
      freckles: random.chance(0.2) && years > 4 ? random.uniform(0.2, 1) : 0,
      moles: random.chance(0.5) && !isChild ? random.integer(1, 9) : 0,
      circles: random.uniform(0, 0.35) + 0.35 * age,
      gloss: random.chance(0.15) ? random.uniform(0.14, 0.3) : random.uniform(0.02, 0.14),
      relief: random.fork("relief").uniform(0, 0.04) * (isChild ? 0.3 : 1 + 1.5 * age),
      wrinkles: age * random.uniform(0.7, 1.3),
    },
    brows: {
      color: browColor(random, hairColor),
      thickness: random.uniform(0.028, 0.072),
      density: random.chance(years < 3 ? 0.7 : 0.12) ? random.uniform(0.2, 0.6) : random.uniform(0.75, 1),
      lift: random.uniform(-0.015, 0.04),
    },
    lips: randomLips(random, { melanin, isMadeUp: !isChild && random.chance(0.28) }),
    eyes: {
      iris: randomIris(random, darkness),
      pupilRadius: random.uniform(0.28, 0.6),
      sclera: times([1, random.uniform(0.88, 0.97), random.uniform(0.8, 0.96)], 0.72),
    },
    makeUp: random.chance(0.25) && !isChild
      ? {
        shadowColor: random.chance(0.6) ? [0.06, 0.04, 0.04] : randomColor(random),
        shadow: random.uniform(0, 0.75),
        liner: random.uniform(0.2, 1),
        blush: random.uniform(0, 0.6),
      }
      : { shadowColor: [0, 0, 0], shadow: 0, liner: random.uniform(0, 0.35), blush: 0 },
    beard: randomBeard(random, hairColor, years),
    hairColor,
    ...random.chance(0.03) && { mask: random.pick<Vec3>([[0.75, 0.78, 0.8], [0.25, 0.5, 0.65], [0.02, 0.02, 0.02]]) },
    clothColor: randomClothColor(random),
    noise: random.integer(0, 2 ** 30),
  };
}

/** Linear light. */
const naturalHair: readonly Vec3[] = [
  [0.008, 0.007, 0.007], // black
  [0.02, 0.013, 0.01],
  [0.045, 0.027, 0.018], // dark brown
  [0.085, 0.048, 0.028],
  [0.15, 0.085, 0.045], // light brown
  [0.26, 0.165, 0.085],
  [0.42, 0.3, 0.16], // blond
  [0.6, 0.48, 0.3],
  [0.22, 0.065, 0.022], // red
  [0.1, 0.028, 0.016],
];

/** From the thirties on, hair grays, sooner or later; that of the very old is mostly white. */
function grayedHair(color: Vec3, random: Random, years: number): Vec3 {
  const share = clamp(smoothstep(32, 80, years) * random.uniform(0.4, 1.6), 0, 1);
  const white = random.uniform(0.35, 0.7);
  return vector((c) => color[c] + share * (white * [1, 0.98, 0.95][c]! - color[c]));
}

function randomHairColor(random: Random, darkness: number): Vec3 {
  if (random.chance(0.04)) return randomColor(random);
  const dark = random.chance(0.25 + 0.65 * darkness);
  const color = dark ? naturalHair[random.integer(0, 3)]! : random.pick(naturalHair);
  const shade = random.uniform(0.7, 1.3);
  return vector((c) => color[c] * shade * random.uniform(0.93, 1.07));
}

/** Brows are darker than hair, all the more where that is fair. */
function browColor(random: Random, hairColor: Vec3): Vec3 {
  const shade = random.uniform(0.25, 0.8);
  return vector((c) => shade * hairColor[c] ** 1.25);
}

function randomLips(
  random: Random,
  { melanin, isMadeUp }: { readonly melanin: number; readonly isMadeUp: boolean },
): Appearance["lips"] {
  const [red, green, blue] = skinColor(melanin * 0.9, random.uniform(0.7, 1.5));
  if (!isMadeUp) {
    const shade = random.uniform(0.6, 1.02);
    return {
      color: [red * shade, green * shade * random.uniform(0.75, 1.05), blue * shade * random.uniform(0.8, 1.1)],
      cover: random.uniform(0.5, 0.95),
      gloss: random.uniform(0.02, 0.25),
    };
  }
  const bright = random.uniform(0.08, 0.6);
  const color: Vec3 = random.chance(0.96)
    ? [bright, bright * random.uniform(0.04, 0.4), bright * random.uniform(0.08, 0.5)]
    : randomColor(random);
  return { color, cover: random.uniform(0.6, 0.97), gloss: random.uniform(0.05, 0.6) };
}

function randomIris(random: Random, darkness: number): Vec3 {
  const brown = random.chance(0.4 + 0.55 * darkness);
  const shade = random.uniform(0.6, 1.3);
  const base: Vec3 = brown
    ? random.pick([[0.05, 0.022, 0.01], [0.025, 0.012, 0.007], [0.1, 0.05, 0.02]])
    : random.pick([[0.09, 0.16, 0.26], [0.16, 0.22, 0.28], [0.1, 0.16, 0.1], [0.14, 0.13, 0.06], [0.2, 0.24, 0.25]]);
  return times(base, shade);
}

function randomBeard(random: Random, hairColor: Vec3, years: number): Appearance["beard"] {
  const shade = random.uniform(0.4, 1);
  const color = times(hairColor, shade);
  const amount = () => random.chance(0.8) ? random.uniform(0.5, 1) : random.uniform(0, 0.3);
  const none = { color, moustache: 0, chin: 0, jaw: 0 };
  const kind = random.next();
  if (kind < 0.56 || years < 15) return none;
  if (kind < 0.72) { // stubble
    const density = random.uniform(0.1, 0.45);
    return { ...none, moustache: density, chin: density, jaw: density * random.uniform(0.5, 1) };
  }
  if (kind < 0.78) return { ...none, moustache: random.uniform(0.6, 1) };
  if (kind < 0.87) {
    return { ...none, moustache: amount(), chin: random.uniform(0.6, 1) };
  }
  return {
    color,
    moustache: amount(),
    chin: random.uniform(0.7, 1),
    jaw: random.uniform(0.6, 1),
  };
}

function randomClothColor(random: Random): Vec3 {
  if (random.chance(0.5)) {
    const gray = random.pick([0.01, 0.03, 0.12, 0.35, 0.75]) * random.uniform(0.7, 1.2);
    return [gray, gray * random.uniform(0.85, 1.1), gray * random.uniform(0.85, 1.2)];
  }
  return randomColor(random);
}

export function randomColor(random: Random): Vec3 {
  return [random.next() ** 2, random.next() ** 2, random.next() ** 2];
}
