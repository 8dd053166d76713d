import {
  addHarmonics,
  ambientHarmonics,
  directionalHarmonics,
  type DirectionalLight,
  type Harmonics,
} from "@/lib/geometry/shading.ts";
import type { Random } from "@/lib/random.ts";
import type { Vec3 } from "@/lib/types.ts";

/** The light of one picture, in image space: x right, y down, z towards the viewer. */
export interface Lighting {
  /** Light from all around, soft. */
  readonly around: Harmonics;
  /** Lights that cast shadows or shine, brightest first. */
  readonly lamps: readonly DirectionalLight[];
}

export function drawLighting(random: Random): Lighting {
  const warmth = random.uniform(-0.25, 0.25);
  const tint = (strength: number, warm: number): Vec3 => [
    strength * (1 + 0.7 * warm) * random.uniform(0.95, 1.05),
    strength * random.uniform(0.97, 1.03),
    strength * (1 - warm) * random.uniform(0.95, 1.05),
  ];
  const soft = random.next(); // 1: overcast or a large window, 0: one hard lamp
  const ambient = ambientHarmonics(tint(random.uniform(0.12, 0.3) + 0.35 * soft, -0.5 * warmth));
  const skylight = directionalHarmonics(direction(random, { side: 0.6, up: 1, front: 0.4 }), tint(0.5 * soft, warmth));
  const bounce = directionalHarmonics(
    direction(random, { side: 1, up: -1, front: 0.5 }),
    tint(random.uniform(0, 0.2), 0.3),
  );
  const lamps: DirectionalLight[] = [{
    direction: drawKeyDirection(random),
    color: tint(random.uniform(0.25, 0.6) + 0.6 * (1 - soft), warmth),
  }];
  if (random.chance(0.45)) {
    const rim = random.chance(0.4);
    lamps.push({
      direction: direction(random, { side: 1, up: 0.3, front: rim ? -0.5 : 0.6 }),
      color: tint(random.uniform(0.1, rim ? 0.8 : 0.45), random.uniform(-0.35, 0.35)),
    });
  }
  return { around: addHarmonics(ambient, skylight, bounce), lamps };
}

/** Mostly from above and in front; sometimes from any side, or a flash beside the lens. */
function drawKeyDirection(random: Random): Vec3 {
  if (random.chance(0.18)) return unit([random.uniform(-0.15, 0.15), random.uniform(-0.3, 0.1), 1]);
  const azimuth = random.normal() * 0.85;
  const height = random.uniform(-0.15, 1.15);
  return unit([Math.sin(azimuth) * Math.cos(height), -Math.sin(height), Math.cos(azimuth) * Math.cos(height)]);
}

function direction(random: Random, { side, up, front }: { side: number; up: number; front: number }): Vec3 {
  return unit([
    side * (2 * random.next() - 1),
    -up * random.uniform(0.2, 1),
    front * random.uniform(0.3, 1) + 1e-3,
  ]);
}

function unit([x, y, z]: Vec3): Vec3 {
  const length = Math.hypot(x, y, z);
  return [x / length, y / length, z / length];
}
