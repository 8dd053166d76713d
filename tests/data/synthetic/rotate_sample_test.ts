import { readLandmarks, readVertices } from "@/lib/data/maps/position_map.ts";
import { rotateSampleBy } from "@/lib/data/synthetic/rotate_sample.ts";
import { faceAxes } from "@/lib/data/synthetic/face_axes.ts";
import { drawnSource } from "@/lib/data/synthetic/drawn_source.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import type { Sample } from "@/lib/data/sample.ts";
import type { PositionMap } from "@/lib/types.ts";
import { assert, assertAllClose, assertClose, assertEquals } from "@/tests/support.ts";

const model = builtInFace();
const { surface } = model;
const sample = drawnSource(model, { seed: 7, imageSize: 64, augment: false }).sample(1, "validation"); // from the front, in even light
/** Pixels. */
const TOLERANCE = 0.02;

/** The sample, turned. */
function rotated(yaw: number): Sample {
  return rotateSampleBy(sample, { yaws: [yaw], surface })[0]!;
}

function difference(a: Float32Array, b: Float32Array): Float32Array {
  return a.map((value, i) => value - b[i]!);
}

function lengthsOf(vectors: Float32Array): number[] {
  return Array.from({ length: vectors.length / 3 }, (_, i) => Math.hypot(...vectors.subarray(3 * i, 3 * i + 3)));
}

Deno.test("rotateSampleBy() by nothing gives the sample back", () => {
  const { image, map, landmarks } = rotated(0);
  const meanDifference = image.rgb.reduce((sum, value, i) => sum + Math.abs(value - sample.image.rgb[i]!), 0) /
    image.rgb.length;
  assert(meanDifference < 4, `The photo differs by ${meanDifference} levels`);
  assertAllClose(landmarks.filter((_, i) => i % 3 < 2), sample.landmarks.filter((_, i) => i % 3 < 2), TOLERANCE);
  assertAllClose(
    map.positions.filter((_, i) => i % 3 < 2),
    sample.map.positions.filter((_, i) => i % 3 < 2),
    TOLERANCE,
  );
});

Deno.test("rotateSampleBy() turns map and landmarks alike, keeps their shape, and their farthest point at 0", () => {
  const { map, landmarks } = rotated(0.6);
  const misread = (map: PositionMap, landmarks: Float32Array) =>
    lengthsOf(difference(readLandmarks(map, surface), landmarks));
  assertAllClose(misread(map, landmarks), misread(sample.map, sample.landmarks), TOLERANCE);
  const steps = (points: Float32Array) => lengthsOf(difference(points.subarray(3), points.subarray(0, -3)));
  assertAllClose(steps(landmarks), steps(sample.landmarks), TOLERANCE);
  assertClose(
    readVertices(map, surface).reduce((least, z, i) => i % 3 === 2 ? Math.min(least, z) : least, 9),
    0,
    TOLERANCE,
  );
});

Deno.test("rotateSampleBy() by a positive yaw turns the face towards the image's left, and by as much", () => {
  const across = (yaw: number) => faceAxes(rotated(yaw).landmarks).across;
  const [before, after] = [across(0), across(0.5)];
  assertClose(before[0] * after[0] + before[1] * after[1] + before[2] * after[2], Math.cos(0.5), 1e-4);
  assert(after[2] > before[2]); // its left side, to the image's right, comes nearer
});

Deno.test("rotateSampleBy() takes the colors of what is seen along", () => {
  const turns = [-0.4, -0.2, 0.2, 0.4];
  const skinAround = [27, 28, 29, 30, 33, 51]; // along the middle of the nose, which all these turns show
  const color = ({ image, landmarks }: Sample, l: number) => {
    const [column, row] = [landmarks[3 * l]!, landmarks[3 * l + 1]!].map(Math.floor) as [number, number];
    return [0, 1, 2].map((c) => image.rgb[3 * (row * image.width + column) + c]!);
  };
  for (const turned of rotateSampleBy(sample, { yaws: turns, surface })) {
    const differences = skinAround.flatMap((l) => {
      const [before, after] = [color(sample, l), color(turned, l)];
      return before.map((value, c) => Math.abs(value - after[c]!));
    });
    const mean = differences.reduce((sum, value) => sum + value, 0) / differences.length;
    assert(mean < 16, `Colors differ by ${mean} levels`);
  }
});

Deno.test("rotateSampleBy() says the same again, and leaves the sample as it was", () => {
  const before = sample.image.rgb.slice();
  const [a, b] = [rotated(1), rotated(1)];
  assertEquals([...a.image.rgb], [...b.image.rgb]);
  assertEquals([...before], [...sample.image.rgb]);
});
