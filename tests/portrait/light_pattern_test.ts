import { castPattern, randomLightPattern } from "@/lib/portrait/light_pattern.ts";
import { unit } from "@/lib/geometry/vectors.ts";
import { Random } from "@/lib/random.ts";
import type { Vec3 } from "@/lib/types.ts";
import { assert, assertAllClose } from "@/tests/support.ts";

const COUNT = 400, UNIT = 50;

/** The shares of light at points about a face's middle, moved along the light by this many pixels. */
function shares(seed: number, { direction = [0.3, -0.4, 0.8] as Vec3, moved = 0 } = {}) {
  const random = new Random("points"), along = unit(direction);
  const pattern = randomLightPattern(new Random(seed));
  const positions = Float32Array.from({ length: 3 * COUNT }, (_, i) => random.normal() * UNIT + moved * along[i % 3]!);
  const visibility = new Float32Array(COUNT).fill(1);
  const seen = { isSeen: new Uint8Array(COUNT).fill(1), list: Uint32Array.from({ length: COUNT }, (_, i) => i) };
  castPattern(pattern, { positions, seen, direction: along, middle: [0, 0, 0], unit: UNIT, visibility });
  return { pattern, visibility };
}

Deno.test("castPattern() leaves light in patches, and no less than the pattern's least anywhere", () => {
  const kinds = new Set<string>();
  for (let seed = 0; seed < 40; seed++) {
    const { pattern, visibility } = shares(seed);
    kinds.add(pattern.kind);
    assert(visibility.every((share) => share >= pattern.least - 1e-6 && share <= 1), `${visibility}`);
    const bright = visibility.filter((share) => share > 0.99).length,
      dark = visibility.filter((share) => share < 0.5).length;
    assert(bright > 0 && dark > 0, `${pattern.kind}: ${bright} bright, ${dark} dark`);
  }
  assert(kinds.size === 3, [...kinds].join());
});

Deno.test("castPattern() has what lies one behind the other along the light in the same light", () => {
  for (const direction of [[0.3, -0.4, 0.8], [0, -1, 0.1]] as const) {
    for (let seed = 0; seed < 6; seed++) {
      assertAllClose(shares(seed, { direction, moved: 90 }).visibility, shares(seed, { direction }).visibility, 1e-3);
    }
  }
});
