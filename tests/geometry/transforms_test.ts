import fc from "@/tests/fast_check.ts";
import { assertAllClose, assertClose, assertThrows, FLOAT32_TOLERANCE, FLOAT64_TOLERANCE } from "@/tests/support.ts";
import {
  applyPerspective,
  axisRotation,
  invertSimilarity,
  multiply,
  pitchRotation,
  placeInImage,
  type Placement,
  poseAngles,
  poseRotation,
  rollRotation,
  rotatePoints,
  type Similarity2D,
  similarityAbout,
  transformPoint,
  transformPositions,
  yawRotation,
} from "@/lib/geometry/transforms.ts";
import { alignPoints3D } from "@/lib/geometry/procrustes.ts";
import { unit } from "@/lib/geometry/vectors.ts";
import type { Mat3 } from "@/lib/types.ts";
import { uniform } from "@/tests/geometry/arbitraries.ts";

const angle = uniform(-Math.PI, Math.PI);
const coordinate = uniform(-300, 300);
const pose = fc.record({ pitch: angle, yaw: uniform(-1.57, 1.57), roll: angle });
const points = fc.array(fc.tuple(coordinate, coordinate, coordinate), { maxLength: 5 })
  .map((rows) => new Float32Array(rows.flat()));
const placement = fc.record({
  rotation: pose.map(poseRotation),
  scale: uniform(0.5, 20),
  translation: fc.tuple(coordinate, coordinate, coordinate),
}) as fc.Arbitrary<Placement>;
const similarity: fc.Arbitrary<Similarity2D> = fc.record({
  rotation: angle,
  scale: uniform(0.2, 5),
  dx: coordinate,
  dy: coordinate,
});
const identity = [1, 0, 0, 0, 1, 0, 0, 0, 1];

/**
 * Real faces of AFLW2000-3D (images 50, 251, 514 and 2545): Pose_Para's angles, and of pt3d_68 the points 28 to 31
 * (nose), 34 (under it), 37, 40, 43 and 46 (corners of the eyes), in image space.
 */
const realFaces = [
  {
    pitch: -0.081,
    yaw: 0.016,
    roll: 0.098,
    // deno-fmt-ignore
    points: [
      230.1, 217.4, 55.8,
      227.8, 235.0, 66.9,
      226.0, 253.8, 78.8,
      224.7, 269.7, 80.6,
      224.4, 283.9, 53.7,
      167.9, 207.9, 18.4,
      203.3, 213.0, 26.3,
      257.2, 218.5, 26.6,
      294.2, 221.0, 18.4,
    ],
  },
  {
    pitch: 0.122,
    yaw: -0.954,
    roll: -0.254,
    // deno-fmt-ignore
    points: [
      236.6, 233.3, 26.4,
      246.7, 246.3, 31.3,
      256.9, 258.3, 36.4,
      260.7, 269.6, 36.8,
      248.2, 283.7, 25.7,
      187.4, 241.5, 53.2,
      208.7, 237.4, 34.6,
      233.1, 231.1, -1.8,
      244.0, 226.3, -28.2,
    ],
  },
  {
    pitch: 0.535,
    yaw: -0.092,
    roll: 0.110,
    // deno-fmt-ignore
    points: [
      234.9, 202.3, 4.2,
      233.9, 211.6, 25.8,
      233.2, 219.9, 45.9,
      231.9, 230.6, 56.9,
      227.6, 255.7, 42.5,
      170.2, 209.0, -20.6,
      204.5, 211.2, -15.8,
      258.3, 219.2, -18.9,
      292.1, 225.6, -22.2,
    ],
  },
  {
    pitch: -0.540,
    yaw: 0.191,
    roll: -0.154,
    // deno-fmt-ignore
    points: [
      217.9, 230.9, 60.1,
      218.4, 249.8, 61.4,
      218.5, 268.4, 64.6,
      220.1, 280.4, 60.1,
      225.6, 283.5, 37.0,
      167.0, 220.1, 19.6,
      195.3, 222.4, 33.9,
      248.7, 219.9, 46.9,
      281.5, 214.3, 48.3,
    ],
  },
];

/** The rotation from one real face to another as their points show it, in model space. */
function shownRotation(from: readonly number[], to: readonly number[]) {
  const upright = (rows: readonly number[]) => new Float32Array(rows).map((value, i) => i % 3 === 1 ? -value : value);
  return alignPoints3D(upright(from), upright(to)).rotation;
}

function degreesOf(rotation: Float64Array): number {
  return Math.acos(Math.min(1, (rotation[0]! + rotation[4]! + rotation[8]! - 1) / 2)) * 180 / Math.PI;
}

/** A rotation's inverse. */
function transpose(m: Float64Array): Float64Array {
  return m.map((_, i) => m[3 * (i % 3) + Math.floor(i / 3)]!);
}

Deno.test("poseRotation() turns real faces into each other as 300W-LP's angles say", () => {
  for (const a of realFaces) {
    for (const b of realFaces) {
      const stated = multiply(poseRotation(b), transpose(poseRotation(a)));
      const shown = shownRotation(a.points, b.points);
      assertClose(degreesOf(multiply(stated, transpose(shown))), 0, 5); // their shapes differ too
    }
  }
});

Deno.test("poseRotation() lays the eyes of real faces in the direction that their landmarks have", () => {
  for (const { points, ...angles } of realFaces) {
    const [x, y, z] = [15, 16, 17].map((axis) => points[axis + 9]! - points[axis]!) as [number, number, number];
    const rotation = poseRotation(angles);
    const length = Math.hypot(x, y, z);
    const cosine = (x * rotation[0]! - y * rotation[3]! + z * rotation[6]!) / length;
    assertClose(Math.acos(cosine) * 180 / Math.PI, 0, 5);
  }
});

Deno.test("poseRotation() makes the face look up, to the image's left, and tilts it clockwise", () => {
  const nose = (angles: Partial<Parameters<typeof poseRotation>[0]>) =>
    placeInImage(new Float32Array([0, 0, 1]), {
      rotation: poseRotation({ pitch: 0, yaw: 0, roll: 0, ...angles }),
      scale: 1,
      translation: [0, 0, 0],
    });
  const [s, c] = [Math.sin(0.3), Math.cos(0.3)];
  assertAllClose(nose({ pitch: 0.3 }), [0, -s, c], FLOAT32_TOLERANCE);
  assertAllClose(nose({ yaw: 0.3 }), [-s, 0, c], FLOAT32_TOLERANCE);
  const tilt = { rotation: poseRotation({ pitch: 0, yaw: 0, roll: 0.3 }), scale: 1, translation: [0, 0, 0] } as const;
  const imageRight = placeInImage(new Float32Array([1, 0, 0]), tilt);
  assertAllClose(imageRight, [c, s, 0], FLOAT32_TOLERANCE);
});

Deno.test("poseAngles() undoes poseRotation()", () => {
  fc.assert(fc.property(pose, (angles) => {
    const { pitch, yaw, roll } = poseAngles(poseRotation(angles));
    // near ±π/2 pitch and roll are ill-determined, their rotation is not
    assertAllClose(poseRotation({ pitch, yaw, roll }), poseRotation(angles), FLOAT64_TOLERANCE);
    assertClose(yaw, angles.yaw, 1e-6);
    if (Math.abs(angles.yaw) < 1.5) {
      assertAllClose([pitch, roll].map(Math.cos), [angles.pitch, angles.roll].map(Math.cos), 1e-9);
    }
  }));
});

Deno.test("poseAngles() gives the rotation back where yaw is ±90° and pitch and roll are one", () => {
  fc.assert(fc.property(angle, angle, fc.constantFrom(-Math.PI / 2, Math.PI / 2), (pitch, roll, yaw) => {
    const rotation = poseRotation({ pitch, yaw, roll });
    const angles = poseAngles(rotation);
    assertClose(angles.roll, 0, 0);
    assertAllClose(poseRotation(angles), rotation, FLOAT64_TOLERANCE);
  }));
});

Deno.test("poseRotation() is turned back by its transpose, and rotatePoints() applies products in turn", () => {
  fc.assert(fc.property(pose, pose, points, (a, b, rows) => {
    const [first, second] = [poseRotation(a), poseRotation(b)];
    assertAllClose(multiply(first, transpose(first)), identity, FLOAT64_TOLERANCE);
    const inTurn = rotatePoints(rotatePoints(rows, first), second);
    assertAllClose(rotatePoints(rows, multiply(second, first)), inTurn, 300 * FLOAT32_TOLERANCE);
  }));
});

Deno.test("axisRotation() leaves its axis, adds up, and is pitch, yaw and roll the other way about x, y and z", () => {
  const axes = fc.tuple(uniform(-1, 1), uniform(-1, 1), uniform(-1, 1)).filter((axis) => Math.hypot(...axis) > 0.1).map(
    unit,
  );
  fc.assert(fc.property(axes, angle, angle, (axis, a, b) => {
    const [first, second, both] = [a, b, a + b].map((angle) => axisRotation(axis, angle)) as [Mat3, Mat3, Mat3];
    assertAllClose(multiply(first, second), both, 10 * FLOAT64_TOLERANCE);
    assertAllClose(rotatePoints(new Float32Array(axis), first), axis, FLOAT32_TOLERANCE);
    assertAllClose(axisRotation([1, 0, 0], -a), pitchRotation(a), FLOAT64_TOLERANCE);
    assertAllClose(axisRotation([0, 1, 0], -a), yawRotation(a), FLOAT64_TOLERANCE);
    assertAllClose(axisRotation([0, 0, 1], -a), rollRotation(a), FLOAT64_TOLERANCE);
  }));
});

Deno.test("placeInImage() turns, scales, turns y down and shifts, also in place", () => {
  fc.assert(fc.property(points, placement, (rows, place) => {
    const image = placeInImage(rows, place);
    const wanted = rotatePoints(rows, place.rotation).map((value, i) =>
      place.translation[i % 3]! + (i % 3 === 1 ? -1 : 1) * place.scale * value
    );
    assertAllClose(image, wanted, 2000 * FLOAT32_TOLERANCE);
    placeInImage(rows, place, rows);
    assertAllClose(rows, image, 0);
  }));
});

Deno.test("invertSimilarity() undoes one", () => {
  fc.assert(fc.property(similarity, fc.tuple(coordinate, coordinate), (there, point) => {
    const moved = transformPoint(point, there);
    assertAllClose(transformPoint(moved, invertSimilarity(there)), point, 1e5 * FLOAT64_TOLERANCE);
  }));
});

Deno.test("transformPositions() moves x and y as transformPoint(), scales z, and works in place", () => {
  fc.assert(fc.property(points, similarity, (rows, transform) => {
    const moved = transformPositions(rows, transform);
    for (let i = 0; i < rows.length; i += 3) {
      const expected = [...transformPoint([rows[i]!, rows[i + 1]!], transform), transform.scale * rows[i + 2]!];
      assertAllClose(moved.subarray(i, i + 3), expected, 3000 * FLOAT32_TOLERANCE);
    }
    transformPositions(rows, transform, rows);
    assertAllClose(rows, moved, 0);
  }));
});

Deno.test("similarityAbout() leaves its center where only the shift moves it", () => {
  fc.assert(fc.property(fc.tuple(coordinate, coordinate), similarity, (center, motion) => {
    const expected = [center[0] + motion.dx, center[1] + motion.dy];
    assertAllClose(transformPoint(center, similarityAbout(center, motion)), expected, 1e4 * FLOAT64_TOLERANCE);
  }));
});

Deno.test("invertSimilarity() names a scale that cannot be undone", async () => {
  await assertThrows(() => invertSimilarity({ rotation: 0, scale: 0, dx: 1, dy: 1 }), RangeError, /scale 0/);
  await assertThrows(() => invertSimilarity({ rotation: 0, scale: NaN, dx: 1, dy: 1 }), RangeError, /scale NaN/);
});

Deno.test("applyPerspective() keeps the plane and the depths, enlarges what is nearer, and fades with distance", () => {
  const points = Float32Array.of(30, 40, 5, 30, 40, 25, 30, 40, -15);
  const near = points.slice();
  applyPerspective(near, { center: [10, 20], depth: 5, distance: 100 });
  assertAllClose(near.subarray(0, 3), [30, 40, 5], FLOAT32_TOLERANCE);
  assertAllClose(near.subarray(3, 6), [10 + 20 / 0.8, 20 + 20 / 0.8, 25], 1e-4);
  assertAllClose(near.subarray(6), [10 + 20 / 1.2, 20 + 20 / 1.2, -15], 1e-4);
  const far = points.slice();
  applyPerspective(far, { center: [10, 20], depth: 5, distance: 1e9 });
  assertAllClose(far, points, 1e-4);
});
