import fc from "@/tests/fast_check.ts";
import { errorDifference, faceErrors, landmarkErrors, nme, yawOfLandmarks } from "@/lib/evaluate/nme.ts";
import { valuesAt } from "@/lib/face/landmarks.ts";
import { meshLandmarks } from "@/lib/face/morphable_model.ts";
import { placeInImage, poseRotation } from "@/lib/geometry/transforms.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { uniform } from "@/tests/geometry/arbitraries.ts";
import { assert, assertClose, assertEquals, assertThrows, FLOAT32_TOLERANCE } from "@/tests/support.ts";

const landmarks = fc.array(uniform(0, 200), { minLength: 204, maxLength: 204 }).map((values) =>
  Float32Array.from(values)
);

/** A square of 100 pixels with all else in its middle. */
function square(): Float32Array {
  const points = new Float32Array(204).fill(50);
  points.set([0, 0, 0, 100, 100, 0]);
  return points;
}

function shifted(points: Float32Array, shift: readonly [number, number, number]): Float32Array {
  return points.map((v, i) => v + shift[i % 3]!);
}

Deno.test("nme() of a shift is its length in percent of the square root of the true box's area", () => {
  assertClose(nme({ predicted: shifted(square(), [3, 4, 0]), truth: square() }, 2), 5, FLOAT32_TOLERANCE);
  const flat = square().map((value, i) => i % 3 === 1 ? value / 4 : value);
  assertClose(nme({ predicted: shifted(flat, [3, 4, 0]), truth: flat }, 2), 10, FLOAT32_TOLERANCE);
});

Deno.test("nme() does not change when photo and landmarks are scaled together", () => {
  fc.assert(fc.property(landmarks, landmarks, uniform(0.2, 5), (predicted, truth, factor) => {
    const scaled = { predicted: predicted.map((v) => v * factor), truth: truth.map((v) => v * factor) };
    for (const dimensions of [2, 3] as const) {
      const expected = nme({ predicted, truth }, dimensions);
      assertClose(nme(scaled, dimensions), expected, expected * FLOAT32_TOLERANCE);
    }
  }));
});

Deno.test("nme() in 3D leaves the distance to the viewer out, and no other depth error", () => {
  assertClose(nme({ predicted: shifted(square(), [0, 0, 40]), truth: square() }, 3), 0, FLOAT32_TOLERANCE);
  const dented = square();
  dented[2] = 34; // 34 nearer, of which the mean takes away 0.5 from all
  assertClose(nme({ predicted: dented, truth: square() }, 3), (33.5 + 67 * 0.5) / 68, FLOAT32_TOLERANCE);
});

Deno.test("nme() in 2D is at most nme() in 3D", () => {
  fc.assert(fc.property(landmarks, landmarks, (predicted, truth) => {
    assert(nme({ predicted, truth }, 2) <= nme({ predicted, truth }, 3) + FLOAT32_TOLERANCE);
  }));
});

Deno.test("nme() refuses landmarks of different number", async () => {
  await assertThrows(
    () => nme({ predicted: new Float32Array(9), truth: square() }, 2),
    TypeError,
    /3 landmarks with 68/,
  );
});

Deno.test("landmarkErrors() bins by absolute yaw and weighs the bins that hold images alike", () => {
  const degrees = (yaw: number) => yaw * Math.PI / 180;
  const pair = (yaw: number, error: number) => ({
    predicted: shifted(square(), [error, 0, 0]),
    truth: square(),
    yaw: degrees(yaw),
  });
  const { images, nme68_2d } = landmarkErrors([pair(0, 1), pair(-29, 2), pair(10, 3), pair(-89, 6), pair(95, 8)]);
  assertEquals(images, 5);
  assertClose(nme68_2d.mean, 4, FLOAT32_TOLERANCE);
  assertClose(nme68_2d.bins["0-30"]!, 2, FLOAT32_TOLERANCE);
  assertEquals(nme68_2d.bins["30-60"], null);
  assertClose(nme68_2d.bins["60-90"]!, 7, FLOAT32_TOLERANCE);
  assertClose(nme68_2d.balanced, 4.5, FLOAT32_TOLERANCE);
});

Deno.test("yawOfLandmarks() finds the yaw that a head was turned by, whatever its pitch and roll", () => {
  const model = builtInFace();
  const neutral = valuesAt(meshLandmarks(model), model.mean);
  fc.assert(fc.property(uniform(-1.5, 1.5), uniform(-1, 1), uniform(-3, 3), (yaw, pitch, roll) => {
    const rotation = poseRotation({ pitch, yaw, roll });
    const turned = placeInImage(neutral, { rotation, scale: 7, translation: [100, 200, 50] });
    assertClose(yawOfLandmarks(turned, neutral), yaw, 1e-4);
  }));
  assertEquals(yawOfLandmarks(new Float32Array(204).fill(50), neutral), 0);
});

Deno.test("landmarkErrors() tells the jaw from what lies within the face", () => {
  const predicted = square().map((value, i) => i < 3 * 17 && i % 3 === 0 ? value + 10 : value);
  const { nme68_2d, nme51_2d, jaw17_2d } = landmarkErrors([{ predicted, truth: square(), yaw: 0 }]);
  assertEquals([nme51_2d.mean, jaw17_2d.mean], [0, 10]);
  assertClose(nme68_2d.mean, 17 / 68 * 10, FLOAT32_TOLERANCE);
});

Deno.test("landmarkErrors()'s interval holds the mean, as wide as 1.96 standard errors to each side", () => {
  const pairs = Array.from({ length: 200 }, (_, i) => ({
    predicted: shifted(square(), [5 + 3 * Math.sin(i), 0, 0]),
    truth: square(),
    yaw: 0,
  }));
  const { mean, interval: [low, high] } = landmarkErrors(pairs).nme68_2d;
  const error = 1.96 * 3 * Math.SQRT1_2 / Math.sqrt(pairs.length);
  assertClose(mean - low, error, 0.15 * error);
  assertClose(high - mean, error, 0.15 * error);
  const alone = landmarkErrors(pairs.slice(0, 1)).nme68_2d;
  assertEquals(alone.interval, [alone.mean, alone.mean]);
});

Deno.test("landmarkErrors()'s interval is of other people, not of other faces of the same", () => {
  const errorOf = (person: number) => 5 + 3 * Math.sin(person);
  const facesOf = (person: number, count: number) =>
    Array.from({ length: count }, () => ({
      predicted: shifted(square(), [errorOf(person), 0, 0]),
      truth: square(),
      yaw: 0,
      person,
    }));
  const people = Array.from({ length: 100 }, (_, person) => person);
  const known = people.flatMap((person) => facesOf(person, 8));
  const { images, people: count, nme68_2d: { mean, interval: [low, high] } } = landmarkErrors(known);
  assertEquals([images, count], [800, 100]);
  const error = 1.96 * 3 * Math.SQRT1_2 / Math.sqrt(people.length); // though there are eight times as many faces
  assertClose(mean - low, error, 0.15 * error);
  assertClose(high - mean, error, 0.15 * error);
  const unknown = landmarkErrors(known.map(({ person: _, ...face }) => face));
  assertEquals(unknown.people, undefined);
  const [lowest, highest] = unknown.nme68_2d.interval;
  assertClose((high - low) / (highest - lowest), Math.sqrt(8), 0.15 * Math.sqrt(8));

  // those of the larger errors have more faces
  const uneven = landmarkErrors(people.flatMap((person) => facesOf(person, errorOf(person) > 5 ? 9 : 1))).nme68_2d;
  assert(uneven.interval[0] < uneven.mean && uneven.mean < uneven.interval[1], `${uneven.mean}: ${uneven.interval}`);
  const same = landmarkErrors(facesOf(2, 9)).nme68_2d;
  assertEquals(same.interval, [same.mean, same.mean]);
});

Deno.test("errorDifference() is of the same faces one by one, so narrower than the errors' own intervals", async () => {
  const hard = (face: number) => 10 + 5 * Math.sin(face); // for every model
  const errorsOf = (more: (face: number) => number) =>
    faceErrors(Array.from({ length: 240 }, (_, face) => ({
      predicted: shifted(square(), [hard(face) + more(face), 0, 0]),
      truth: square(),
      yaw: 0,
      person: Math.floor(face / 8),
    })));
  const [reference, worse] = [errorsOf(() => 0), errorsOf((face) => 0.4 + 0.2 * Math.sin(Math.floor(face / 8)))];
  const { mean, interval: [low, high] } = errorDifference(worse, reference);
  assertClose(mean, 0.4, 0.02);
  const error = 1.96 * 0.2 * Math.SQRT1_2 / Math.sqrt(30); // of 30 people
  assertClose(high - low, 2 * error, 0.3 * error);
  const back = errorDifference(reference, worse);
  assertClose(back.mean, -mean, FLOAT32_TOLERANCE);
  assert(back.interval[0] < back.mean && back.mean < back.interval[1], `${back.interval}`);
  await assertThrows(() => errorDifference(worse, reference.slice(1)), TypeError, /240 faces with 239/);
});
