import fc from "@/tests/fast_check.ts";
import {
  applyGains,
  applyNoise,
  type Augmentation,
  augmentationTransform,
  augmentSample,
  paperAugmentation,
  randomAugmentation,
} from "@/lib/data/augment.ts";
import type { Sample } from "@/lib/data/sample.ts";
import { transformPoint } from "@/lib/geometry/transforms.ts";
import { Random } from "@/lib/random.ts";
import { assert, assertAllClose, assertClose, assertEquals } from "@/tests/support.ts";

const size = 64;
const seeds = fc.integer();

/** Every texel's position is random; landmark i is the position of texel 17·i; its picture is dark with one dot. */
function sampleWithDot(seed: number): Sample & { dot: [number, number] } {
  const random = new Random(seed);
  const positions = Float32Array.from({ length: 3 * size * size }, () => random.uniform(0, size));
  const landmarks = new Float32Array(68 * 3);
  for (let i = 0; i < 68; i++) landmarks.set(positions.subarray(51 * i, 51 * i + 3), 3 * i);
  const dot: [number, number] = [random.uniform(24, 40), random.uniform(24, 40)];
  landmarks.set(dot, 0);
  positions.set(dot, 0);
  const rgb = Uint8Array.from({ length: 3 * size * size }, (_, i) => {
    const pixel = Math.floor(i / 3);
    return 200 * Math.exp(-(Math.hypot(pixel % size + 0.5 - dot[0], Math.floor(pixel / size) + 0.5 - dot[1]) ** 2) / 8);
  });
  return { image: { width: size, height: size, rgb }, map: { size, positions }, landmarks, dot };
}

Deno.test("augmentSample() keeps what the picture shows at a landmark at that landmark", () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const sample = sampleWithDot(seed);
      const augmentation = { ...randomAugmentation(new Random(seed)), patches: [] };
      const { image, landmarks } = augmentSample(sample, augmentation);
      let [x, y, sum] = [0, 0, 0];
      for (let i = 0; i < size * size; i++) {
        const weight = image.rgb[3 * i]!;
        x += weight * (i % size + 0.5);
        y += weight * (Math.floor(i / size) + 0.5);
        sum += weight;
      }
      assertClose(x / sum, landmarks[0]!, 0.1);
      assertClose(y / sum, landmarks[1]!, 0.1);
    }),
    { numRuns: 50 },
  );
});

Deno.test("augmentSample() moves the map as it moves the landmarks, and leaves its input alone", () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const sample = sampleWithDot(seed);
      const before = structuredClone(sample);
      const augmentation = randomAugmentation(new Random(seed));
      const { map, landmarks } = augmentSample(sample, augmentation);
      for (let i = 0; i < 68; i++) {
        assertAllClose(landmarks.subarray(3 * i, 3 * i + 2), map.positions.subarray(51 * i, 51 * i + 2), 1e-4);
      }
      // A rigid move and a scaling: all distances grow by the same factor.
      const distance = (positions: Float32Array, i: number) =>
        Math.hypot(...[0, 1, 2].map((axis) => positions[i + axis]! - positions[i + axis + 300]!));
      for (let i = 300; i < 600; i += 3) {
        assertClose(distance(map.positions, i), augmentation.scale * distance(sample.map.positions, i), 1e-4);
      }
      assertAllClose(sample.map.positions, before.map.positions, 0);
      assertAllClose(sample.image.rgb, before.image.rgb, 0);
    }),
    { numRuns: 50 },
  );
});

Deno.test("augmentSample() with no augmentation gives the same sample", () => {
  const { image, map, landmarks } = sampleWithDot(1);
  const none: Augmentation = { rotation: 0, scale: 1, shift: [0, 0], gains: [1, 1, 1], patches: [] };
  assertEquals(augmentSample({ image, map, landmarks }, none), { image, map, landmarks });
});

Deno.test("augmentationTransform() at one size is that at another, scaled", () => {
  fc.assert(fc.property(seeds, (seed) => {
    const augmentation = randomAugmentation(new Random(seed));
    const [x, y] = transformPoint([10, 50], augmentationTransform(augmentation, 64));
    const larger = transformPoint([40, 200], augmentationTransform(augmentation, 256));
    assertAllClose(larger, [4 * x, 4 * y], 1e-9);
  }));
});

Deno.test("randomAugmentation() stays within the paper's ranges and is a function of the seed", () => {
  const { rotation, shift, scale, gain, patches } = paperAugmentation;
  const within = (value: number, [low, high]: readonly [number, number]) => value >= low && value <= high;
  fc.assert(fc.property(seeds, (seed) => {
    const drawn = randomAugmentation(new Random(seed));
    assertEquals(drawn, randomAugmentation(new Random(seed)));
    assert(within(drawn.rotation, [-rotation, rotation]) && within(drawn.scale, scale));
    assert(drawn.shift.every((value) => within(value, [-shift, shift])));
    assert(drawn.gains.every((value) => within(value, gain)));
    assert(drawn.patches.length <= patches);
  }));
});

Deno.test("randomAugmentation() goes to the ends of the paper's ranges, and lays patches or none", () => {
  const drawn = Array.from({ length: 200 }, (_, seed) => randomAugmentation(new Random(seed)));
  const { rotation, shift, scale, gain, patches } = paperAugmentation;
  const spans = (values: readonly number[], [low, high]: readonly [number, number]) => {
    const [least, most] = [Math.min(...values), Math.max(...values)].map((value) => (value - low) / (high - low));
    assert(least! < 0.1 && most! > 0.9, `${least} to ${most} of ${low} to ${high}`);
  };
  spans(drawn.map((one) => one.rotation), [-rotation, rotation]);
  spans(drawn.map((one) => one.scale), scale);
  for (const axis of [0, 1] as const) spans(drawn.map((one) => one.shift[axis]), [-shift, shift]);
  for (const channel of [0, 1, 2] as const) spans(drawn.map((one) => one.gains[channel]), gain);
  spans(drawn.map((one) => one.patches.length), [0, patches]);
});

Deno.test("applyGains() multiplies each channel, rounds, and stops at white", () => {
  const gain = fc.double({ min: 0.6, max: 1.4, noNaN: true });
  fc.assert(fc.property(fc.uint8Array({ minLength: 30, maxLength: 30 }), fc.tuple(gain, gain, gain), (rgb, gains) => {
    const brighter = rgb.slice();
    applyGains(brighter, gains);
    for (let i = 0; i < 30; i++) assertClose(brighter[i]!, Math.min(255, rgb[i]! * gains[i % 3]!), 0.5 + 1e-9);
  }));
});

Deno.test("applyNoise() changes its patches and nothing else, and as much at every size", () => {
  fc.assert(
    fc.property(seeds, (seed) => {
      const patches = randomAugmentation(new Random(seed)).patches;
      for (const side of [48, 96]) {
        const rgb = new Uint8Array(3 * side * side).fill(255); // noise never reaches it
        applyNoise(rgb, { size: side, patches });
        for (let i = 0; i < side * side; i++) {
          const [x, y] = [(i % side + 0.5) / side, (Math.floor(i / side) + 0.5) / side];
          const inPatch = patches.some(({ left, top, width, height }) =>
            x >= left && x < left + width && y >= top && y < top + height
          );
          for (let channel = 0; channel < 3; channel++) {
            const value = rgb[3 * i + channel]!;
            assert(inPatch ? value < 255 : value === 255, `${value} at (${x}, ${y})`);
          }
        }
      }
    }),
    { numRuns: 60 },
  );
});
