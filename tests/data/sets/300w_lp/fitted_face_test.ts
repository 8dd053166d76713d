import { InputError } from "@/lib/errors.ts";
import { matNumbers, readMat } from "@/lib/formats/mat.ts";
import { readAnnotation } from "@/lib/data/sets/annotated.ts";
import { type FittedFace, fittedPlacement, readFittedFace } from "@/lib/data/sets/300w_lp/fitted_face.ts";
import { loadIct } from "@/lib/face/ict/ict.ts";
import { landmarkBox, valuesAt } from "@/lib/face/landmarks.ts";
import { meshLandmarks } from "@/lib/face/morphable_model.ts";
import { alignPoints3D, transformPoints3D } from "@/lib/geometry/procrustes.ts";
import {
  multiply,
  pitchRotation,
  placeInImage,
  type Placement,
  poseAngles,
  poseRotation,
  rollRotation,
  yawRotation,
} from "@/lib/geometry/transforms.ts";
import type { Mat3 } from "@/lib/types.ts";
import { fittedFaceFile } from "@/tests/data/sets/300w_lp/fitted_face_writer.ts";
import { hasIct, ictFolder } from "@/tests/face/ict/ict_data.ts";
import { assert, assertAllClose, assertEquals, assertThrows, FLOAT32_TOLERANCE, sharedData } from "@/tests/support.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

/** Of the photos at hand, all of 450 × 450 pixels. */
const SIDE = 450;
const DEGREE = Math.PI / 180;

Deno.test("readFittedFace() gives what the file has, and refuses one that is another's, or cannot be placed", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/x.mat`;
  const fit: FittedFace = {
    identity: Float64Array.from({ length: 199 }, (_, i) => 1e5 * Math.sin(i)),
    expression: Float64Array.from({ length: 29 }, (_, i) => Math.cos(i)),
    pose: { pitch: 0.1, yaw: -1.5, roll: 3 },
    translation: [200, 190, -80],
    scale: 0.0013,
  };
  await Deno.writeFile(path, fittedFaceFile(fit));
  assertEquals(await readFittedFace(path), fit);
  await Deno.writeFile(path, fittedFaceFile({ scale: 0 }));
  await assertThrows(() => readFittedFace(path), InputError, /x\.mat: its scale is 0, above 0 was expected$/);
  await Deno.writeFile(path, fittedFaceFile({ expression: Float64Array.of(Infinity) }));
  await assertThrows(() => readFittedFace(path), InputError, /Exp_Para of .*x\.mat: .* not finite$/);
  await Deno.writeFile(path, fittedFaceFile(fit).subarray(0, -40));
  await assertThrows(() => readFittedFace(path), InputError, /x\.mat: /);
});

Deno.test("fittedPlacement() turns a frame that counts y from below into the photo's", () => {
  const place = (y: number) =>
    fittedPlacement({ pose: { pitch: 0, yaw: 0, roll: 0 }, translation: [1, y, 5], scale: 2 }, 10);
  // MATLAB's first pixel of the picture's lowest row, and of its highest
  const origin = (placement: Placement) => placeInImage(new Float32Array(3), placement);
  assertAllClose(origin(place(1)), [0.5, 9.5, 5], FLOAT32_TOLERANCE);
  assertAllClose(origin(place(10)), [0.5, 0.5, 5], FLOAT32_TOLERANCE);
  assertAllClose(placeInImage(Float32Array.of(1, 1, 1), place(1)), [2.5, 7.5, 7], FLOAT32_TOLERANCE);
});

const samples = sharedData("aflw2000-3d/samples");
const real300wLp = sharedData("300w-lp");

/** The parameters and landmarks of the photos of AFLW2000-3D at hand. */
async function readReal(): Promise<Real[]> {
  const paths = [...Deno.readDirSync(samples!)].flatMap(({ name }) =>
    name.endsWith(".mat") ? [`${samples}/${name}`] : []
  );
  return await Promise.all(
    paths.sort().map(async (path) => ({
      fit: await readFittedFace(path),
      landmarks: (await readAnnotation(path))!.landmarks,
    })),
  );
}

interface Real {
  readonly fit: FittedFace;
  /** [68, 3], in the photo's pixels. */
  readonly landmarks: Float32Array;
}

/** [68, 3], of the mean of ICT-FaceKit, another model than that which was fitted: in its own frame and unit. */
async function meanLandmarks(): Promise<Float32Array> {
  const model = await loadIct(await ictFolder());
  return valuesAt(meshLandmarks(model), model.mean);
}

/** How a file's parameters could be read. */
type Reading = (fit: FittedFace) => Placement;

const reading: Reading = (fit) => fittedPlacement(fit, SIDE);

function transposed(matrix: Mat3): Mat3 {
  return matrix.map((_, i) => matrix[3 * (i % 3) + Math.floor(i / 3)]!);
}

/** Undoes placeInImage. */
function unplace(points: Float32Array, { rotation, scale, translation: [tx, ty, tz] }: Placement): Float32Array {
  return placeInImage(points.map((value, i) => [value - tx, ty - value, value - tz][i % 3]!), {
    rotation: transposed(rotation),
    scale: 1 / scale,
    translation: [0, 0, 0],
  }).map((value, i) => i % 3 === 1 ? -value : value);
}

/** The mean landmarks in the fitted model's frame, by where other photos have theirs when their fits are undone. */
function framed(mean: Float32Array, others: readonly Real[], read: Reading): Float32Array {
  const sum = new Float32Array(mean.length);
  for (const { fit, landmarks } of others) unplace(landmarks, read(fit)).forEach((value, i) => sum[i]! += value);
  return transformPoints3D(mean, alignPoints3D(mean, sum.map((value) => value / others.length)));
}

/** Mean distance in the picture, of the size of the face's box, in percent. */
function missBy(found: Float32Array, truth: Float32Array): number {
  const { width, height } = landmarkBox(truth);
  let sum = 0;
  for (let i = 0; i < truth.length; i += 3) sum += Math.hypot(found[i]! - truth[i]!, found[i + 1]! - truth[i + 1]!);
  return 100 * sum / 68 / Math.sqrt(width * height);
}

function missOf(mean: Float32Array, photos: readonly Real[], read: Reading): number {
  const misses = photos.map((photo) => {
    const others = photos.filter((other) => other !== photo);
    return missBy(placeInImage(framed(mean, others, read), read(photo.fit)), photo.landmarks);
  });
  return misses.reduce((sum, miss) => sum + miss, 0) / misses.length;
}

Deno.test({
  name: "Pose_Para of real photos is the turn of their landmarks from a mean face's, to 5° in each angle",
  ignore: !samples || !hasIct,
  fn: async () => {
    const [mean, photos] = [await meanLandmarks(), await readReal()];
    for (const { fit, landmarks } of photos) {
      const others = photos.filter((photo) => photo.fit !== fit);
      const inFrame = framed(mean, others, reading);
      // y up, as where angles are defined
      const { rotation } = alignPoints3D(inFrame, landmarks.map((value, i) => i % 3 === 1 ? -value : value));
      const found = poseAngles(rotation);
      for (const angle of ["pitch", "yaw", "roll"] as const) {
        const off = (found[angle] - fit.pose[angle]) / DEGREE;
        assert(Math.abs(off) < 5, `${angle} is off by ${off}°`);
      }
    }
  },
});

const mirrored = (angle: "pitch" | "yaw" | "roll"): Reading => ({ pose, ...fit }) =>
  reading({ ...fit, pose: { ...pose, [angle]: -pose[angle] } });
const shifted = (dx: number, dy: number): Reading => (fit) => {
  const placement = reading(fit);
  const [x, y, z] = placement.translation;
  return { ...placement, translation: [x + dx, y + dy, z] };
};
const otherReadings: Readonly<Record<string, Reading>> = {
  "pitch the other way round": mirrored("pitch"),
  "yaw the other way round": mirrored("yaw"),
  "roll the other way round": mirrored("roll"),
  "roll first, pitch last": ({ pose: { pitch, yaw, roll }, ...fit }) => ({
    ...reading({ ...fit, pose: { pitch, yaw, roll } }),
    rotation: multiply(rollRotation(roll), multiply(yawRotation(yaw), pitchRotation(pitch))),
  }),
  "the rotation's inverse": ({ pose, ...fit }) => ({
    ...reading({ ...fit, pose }),
    rotation: transposed(poseRotation(pose)),
  }),
  "y from above": (fit) => {
    const placement = reading(fit);
    const [x, , z] = placement.translation;
    return { ...placement, translation: [x, fit.translation[1] - 0.5, z] };
  },
  "x from the right": (fit) => {
    const placement = reading(fit);
    const [x, y, z] = placement.translation;
    return { ...placement, translation: [SIDE - x, y, z] };
  },
  "6 pixels further to the left": shifted(-6, 0),
  "6 pixels further to the right": shifted(6, 0),
  "8 pixels higher": shifted(0, -8),
  "8 pixels lower": shifted(0, 8),
};

Deno.test({
  name:
    "a mean face posed by the parameters of real photos lands on their landmarks to 6 %, by no other reading as well",
  ignore: !samples || !hasIct,
  fn: async () => {
    const [mean, photos] = [await meanLandmarks(), await readReal()];
    const miss = missOf(mean, photos, reading);
    assert(miss < 6, `${miss} %`);
    for (const [name, read] of Object.entries(otherReadings)) {
      const other = missOf(mean, photos, read);
      assert(other > miss, `${name}: ${other} %, not more than ${miss} %`);
    }
  },
});

Deno.test({
  name: "a mean face posed by the parameters of a real photo of 300W-LP lands on its landmarks within the face",
  ignore: !samples || !real300wLp || !hasIct,
  fn: async () => {
    const path = `${real300wLp}/IBUG_image_008_1_0.mat`;
    const { landmarks } = (await readAnnotation(path))!;
    const inFrame = framed(await meanLandmarks(), await readReal(), reading);
    const inner = (points: Float32Array) => points.slice(3 * 17); // its jaw is where the outline is seen
    const found = inner(placeInImage(inFrame, reading(await readFittedFace(path))));
    const { width, height } = landmarkBox(landmarks);
    let sum = 0;
    inner(landmarks).forEach((value, i, truth) => {
      if (i % 3 === 0) sum += Math.hypot(found[i]! - value, found[i + 1]! - truth[i + 1]!);
    });
    const miss = 100 * sum / 51 / Math.sqrt(width * height);
    assert(miss < 6, `${miss} %`);
  },
});

/** Of AFLW's 21 points, those that are landmarks, too. */
const markedLandmarks: Readonly<Record<number, number>> = {
  0: 17,
  1: 19,
  2: 21,
  3: 22,
  4: 24,
  5: 26,
  6: 36,
  8: 39,
  9: 42,
  11: 45,
  13: 31,
  14: 30,
  15: 35,
  17: 48,
  19: 54,
};

Deno.test({
  name:
    "landmarks of fits have the pixels of what people marked in AFLW: they are off by less than half of one in the mean",
  ignore: !samples,
  fn: async () => {
    const sum = [0, 0];
    let count = 0;
    for (const { name } of Deno.readDirSync(samples!)) {
      if (!name.endsWith(".mat")) continue;
      const path = `${samples}/${name}`;
      const { landmarks } = (await readAnnotation(path))!;
      const marked = matNumbers(await readMat(path), { name: "pt2d", shape: [2, 21], path });
      for (const [point, landmark] of Object.entries(markedLandmarks)) {
        const at = 2 * Number(point);
        if (marked[at] === -1) continue; // not visible
        for (const axis of [0, 1]) sum[axis]! += landmarks[3 * landmark + axis]! - (marked[at + axis]! - 0.5);
        count++;
      }
    }
    for (const total of sum) assert(Math.abs(total / count) < 0.5, `${total / count} pixels`);
  },
});
