import fc from "@/tests/fast_check.ts";
import { assert, assertAllClose, assertThrows, FLOAT32_TOLERANCE } from "@/tests/support.ts";
import { alignPoints3D, transformPoints3D } from "@/lib/geometry/procrustes.ts";
import { poseRotation } from "@/lib/geometry/transforms.ts";
import { Random } from "@/lib/random.ts";
import { uniform } from "@/tests/geometry/arbitraries.ts";

const angle = uniform(-3, 3);
const shift = uniform(-100, 100);
const scale = uniform(0.1, 10);
const similarity3D = fc.record({
  rotation: fc.record({ pitch: angle, yaw: angle, roll: angle }).map(poseRotation),
  scale,
  translation: fc.tuple(shift, shift, shift),
});

function scattered(seed: number, length: number): Float32Array {
  const random = new Random(seed);
  return Float32Array.from({ length }, () => random.uniform(-10, 10));
}

function squaredDistance(a: ArrayLike<number>, b: Float32Array): number {
  return b.reduce((sum, value, i) => sum + (value - a[i]!) ** 2, 0);
}

Deno.test("alignPoints3D() finds the similarity that moved the points, flat ones too", () => {
  fc.assert(fc.property(fc.integer(), similarity3D, fc.boolean(), (seed, similarity, flat) => {
    const from = scattered(seed, 30).map((value, i) => flat && i % 3 === 2 ? 0 : value);
    const to = transformPoints3D(from, similarity);
    const found = alignPoints3D(from, to);
    assertAllClose(found.rotation, similarity.rotation, 10 * FLOAT32_TOLERANCE);
    assertAllClose([found.scale], [similarity.scale], 10 * FLOAT32_TOLERANCE * similarity.scale);
    assertAllClose(transformPoints3D(from, found), to, 300 * FLOAT32_TOLERANCE);
  }));
});

Deno.test("alignPoints3D() turns mirrored points as well as a rotation can, never by a reflection", () => {
  fc.assert(fc.property(fc.integer(), fc.integer(), similarity3D, (seed, noise, other) => {
    const from = scattered(seed, 24);
    const wobble = scattered(noise, 24);
    const to = from.map((value, i) => (i % 3 === 0 ? -value : value) + 0.1 * wobble[i]!);
    const found = alignPoints3D(from, to);
    const [a, b, c, d, e, f, g, h, i] = [...found.rotation] as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    assertAllClose([a * (e * i - f * h) - b * (d * i - f * g) + c * (d * h - e * g)], [1], FLOAT32_TOLERANCE);
    const best = squaredDistance(transformPoints3D(from, found), to);
    const nearby = { ...found, rotation: other.rotation };
    assert(best <= squaredDistance(transformPoints3D(from, nearby), to) * (1 + FLOAT32_TOLERANCE));
    const larger = { ...found, scale: found.scale * 1.01 };
    assert(best <= squaredDistance(transformPoints3D(from, larger), to) * (1 + FLOAT32_TOLERANCE));
  }));
});

Deno.test("transformPoints3D() works in place", () => {
  fc.assert(fc.property(fc.integer(), similarity3D, (seed, similarity) => {
    const points = scattered(seed, 9);
    const moved = transformPoints3D(points, similarity);
    transformPoints3D(points, similarity, points);
    assertAllClose(points, moved, 0);
  }));
});

Deno.test("alignPoints3D() refuses points that leave the rotation open", async () => {
  const spread = scattered(1, 9);
  const line = new Float32Array([0, 0, 0, 1, 2, 3, 2, 4, 6]);
  for (const bad of [line, new Float32Array(9).fill(4), spread.map((v, i) => i === 4 ? NaN : v)]) {
    await assertThrows(() => alignPoints3D(bad, spread), RangeError, /Cannot align 3 points/);
    await assertThrows(() => alignPoints3D(spread, bad), RangeError, /Cannot align 3 points/);
  }
  await assertThrows(() => alignPoints3D(new Float32Array(), new Float32Array()), RangeError, /0 points/);
  await assertThrows(() => alignPoints3D(spread.subarray(0, 6), spread.subarray(3)), RangeError, /line/);
  await assertThrows(() => alignPoints3D(new Float32Array(9), spread), RangeError, /not all the same/);
  await assertThrows(() => alignPoints3D(spread, spread.subarray(3)), TypeError, /9 numbers with 6/);
});
