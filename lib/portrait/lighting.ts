import {
  addHarmonics,
  ambientHarmonics,
  directionalHarmonics,
  type DirectionalLight,
  type Harmonics,
} from "@/lib/geometry/shading.ts";
import { unit } from "@/lib/geometry/vectors.ts";
import { type LightPattern, randomLightPattern } from "@/lib/portrait/light_pattern.ts";
import type { Random } from "@/lib/random.ts";
import type { Vec3 } from "@/lib/types.ts";

/** The light of one picture, in image space: x right, y down, z towards the viewer. */
export interface Lighting {
  /** Light from all around, soft. */
  readonly around: Harmonics;
  /** One or two; the first casts shadows where `isHard`. */
  readonly lamps: readonly [DirectionalLight, ...DirectionalLight[]];
  /** Not of a wide lamp, nor of one beside the lens, which hides its shadows. */
  readonly isHard: boolean;
  /** What the first lamp shines through, where it is hard: sunlight through leaves, a window or its blinds. */
  readonly pattern?: LightPattern | undefined;
  /** One lamp from aside in the dark: part of the face is black. */
  readonly isLowKey: boolean;
  /** What a white thing that faces the viewer shows, roughly. */
  readonly brightness: number;
  /** How much of the background's light remains. */
  readonly background: number;
}

/** `isWild`: a lamp may shine through something. */
export function randomLighting(random: Random, { isWild }: { readonly isWild: boolean }): Lighting {
  const shine = random.fork("pattern");
  const pattern = isWild && shine.chance(0.12) ? randomLightPattern(shine) : undefined;
  return { ...random.chance(0.12) ? randomLowKey(random) : randomDaylight(random), pattern };
}

/** Light from all around and of a lamp, wide or small, or two. */
function randomDaylight(random: Random): Lighting {
  const warmth = random.normal() * 0.12;
  const tint = (strength: number, warm: number): Vec3 => [
    strength * (1 + 0.7 * warm) * random.uniform(0.96, 1.04),
    strength,
    strength * (1 - warm) * random.uniform(0.96, 1.04),
  ];
  const softness = random.next(); // 1: overcast or a large window, 0: one hard lamp
  const around = random.uniform(0.03, 0.14) + 0.28 * softness ** 1.5;
  const sky = 0.5 * softness, bounce = random.uniform(0, 0.2) * softness;
  const key = random.uniform(0.35, 0.7) + 0.6 * (1 - softness);
  const keyDirection = randomKeyDirection(random);
  const lamps: [DirectionalLight, ...DirectionalLight[]] = [{ direction: keyDirection, color: tint(key, warmth) }];
  if (random.chance(0.45)) {
    const isRim = random.chance(0.4);
    lamps.push({
      direction: randomDirection(random, { side: 1, up: 0.3, front: isRim ? -0.5 : 0.6 }),
      color: tint(random.uniform(0.1, isRim ? 0.8 : 0.4), random.normal() * 0.2),
    });
  }
  return {
    around: addHarmonics(
      ambientHarmonics(tint(around, -0.5 * warmth)),
      directionalHarmonics(randomDirection(random, { side: 0.6, up: 1, front: 0.4 }), tint(sky, warmth)),
      directionalHarmonics(randomDirection(random, { side: 1, up: -1, front: 0.5 }), tint(bounce, 0.2)),
    ),
    lamps,
    isHard: softness < 0.75 && keyDirection[2] < 0.95,
    isLowKey: false,
    brightness: around + 0.4 * sky + 0.3 * bounce + key * (0.2 + 0.7 * Math.max(0, keyDirection[2])),
    background: 1,
  };
}

/** One hard lamp from aside in a dark room, or low sun: half of the face is black. */
function randomLowKey(random: Random): Lighting {
  const warmth = random.normal() * 0.2;
  const tint = (strength: number): Vec3 => [strength * (1 + 0.7 * warmth), strength, strength * (1 - warmth)];
  const azimuth = (random.chance(0.5) ? 1 : -1) * random.uniform(0.5, 1.75), height = random.uniform(-0.2, 1);
  const direction = directionAt(azimuth, height);
  const around = 0.002 + 0.05 * random.next() ** 2, key = random.uniform(0.7, 1.4);
  const lamps: [DirectionalLight, ...DirectionalLight[]] = [{ direction, color: tint(key) }];
  if (random.chance(0.35)) {
    const other = randomDirection(random, { side: 1, up: 0.3, front: random.chance(0.6) ? -0.6 : 0.4 });
    lamps.push({ direction: other, color: tint(random.uniform(0.05, 0.6)) });
  }
  return {
    around: addHarmonics(
      ambientHarmonics(tint(around)),
      directionalHarmonics(randomDirection(random, { side: 0.6, up: 1, front: 0.4 }), tint(around)),
    ),
    lamps,
    isHard: random.chance(0.85),
    isLowKey: true,
    brightness: around + key * (0.15 + 0.6 * Math.max(0, direction[2])),
    background: random.chance(0.7) ? random.next() ** 2 * 0.4 : 1,
  };
}

/** Mostly from above and in front; sometimes from any side, or a flash beside the lens. */
function randomKeyDirection(random: Random): Vec3 {
  if (random.chance(0.18)) return unit([random.uniform(-0.15, 0.15), random.uniform(-0.3, 0.1), 1]);
  const azimuth = random.normal() * 0.85;
  const height = random.uniform(-0.15, 1.15);
  return directionAt(azimuth, height);
}

function randomDirection(random: Random, { side, up, front }: { side: number; up: number; front: number }): Vec3 {
  return unit([
    side * random.uniform(-1, 1),
    -up * random.uniform(0.2, 1),
    front * random.uniform(0.3, 1),
  ]);
}

/** Towards a light, in image space: angles from straight ahead to the right, and up, in radians. */
function directionAt(azimuth: number, height: number): Vec3 {
  return unit([Math.sin(azimuth) * Math.cos(height), -Math.sin(height), Math.cos(azimuth) * Math.cos(height)]);
}
