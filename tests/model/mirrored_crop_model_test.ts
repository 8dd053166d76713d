import { mirroredLandmarks } from "@/lib/face/landmarks.ts";
import type { CropPrediction } from "@/lib/model/crop_model.ts";
import { MirroredCropModel } from "@/lib/model/mirrored_crop_model.ts";
import { Random } from "@/lib/random.ts";
import type { Photo } from "@/lib/types.ts";
import { assertAllClose, assertEquals } from "@/tests/support.ts";

const SIZE = 8;
const random = new Random(3);
const truth = Float32Array.from({ length: 3 * 68 }, () => random.uniform(1, SIZE - 1));
const map = Float32Array.from({ length: 3 * SIZE * SIZE }, () => random.uniform(0, SIZE));
/** Brighter to the image's right. */
const crop: Photo = {
  width: SIZE,
  height: SIZE,
  rgb: Uint8Array.from({ length: 3 * SIZE * SIZE }, (_, i) => 20 * (Math.floor(i / 3) % SIZE)),
};

const mirroredTruth = truth.map((_, i) => {
  const value = truth[3 * mirroredLandmarks[Math.floor(i / 3)]! + i % 3]!;
  return i % 3 === 0 ? SIZE - value : value;
});

interface Answers {
  /** What the network makes of true points, [n, 3], in the crop and in its mirror image. */
  readonly see?: (points: Float32Array) => Float32Array;
  readonly expressions?: readonly (readonly number[])[];
}

/** A network that knows the face in the crop and in its mirror image, but errs in this way in both. */
function modelOf({ see = (points) => points, expressions = [[], []] }: Answers, names?: readonly string[]) {
  const predict = (crops: readonly Photo[]) =>
    Promise.resolve(crops.map(({ rgb }): CropPrediction => {
      const isMirrored = rgb[0]! > 0;
      return {
        map: { size: SIZE, positions: see(map) },
        landmarks: see(isMirrored ? mirroredTruth : truth),
        expressions: Float32Array.from(expressions[isMirrored ? 1 : 0]!),
        presence: isMirrored ? 0.2 : 0.9,
      };
    }));
  return new MirroredCropModel({ predict }, names);
}

Deno.test("MirroredCropModel leaves what a network says that sees the same in a crop and in its mirror image", async () => {
  const [prediction] = await modelOf({}).predict([crop]);
  const { landmarks, map: { positions }, presence, found } = prediction!;
  assertAllClose(landmarks, truth, 1e-5);
  assertAllClose(positions, map, 1e-5);
  assertAllClose(found[1], found[0], 1e-5);
  assertEquals(presence, 0.9);
});

Deno.test("MirroredCropModel undoes errors in landmarks and map that are to the other side in the mirror image", async () => {
  const errors = {
    "to one side": (x: number, y: number, z: number) => [x + 0.7, y, z],
    "turned in the image": (x: number, y: number, z: number) => [x + 0.1 * (y - SIZE / 2), y - 0.1 * (x - SIZE / 2), z],
    "turned aside": (x: number, y: number, z: number) => [x - 0.2 * z, y, z + 0.2 * (x - SIZE / 2)],
  };
  for (const err of Object.values(errors)) {
    const see = (points: Float32Array) =>
      Float32Array.from(points, (_, i) => {
        const first = i - i % 3;
        return err(points[first]!, points[first + 1]!, points[first + 2]!)[i % 3]!;
      });
    const [prediction] = await modelOf({ see }).predict([crop]);
    const { landmarks, map: { positions }, found } = prediction!;
    assertAllClose(landmarks, truth, 1e-4);
    assertAllClose(positions, map, 1e-4);
    assertEquals(found[0], see(truth));
  }
});

Deno.test("MirroredCropModel means expressions with those of the other side", async () => {
  const names = ["jawOpen", "eyeBlink_L", "eyeBlink_R"], expressions = [[0.2, 0.8, 0], [0.4, 0.2, 0.6]];
  const ofBoth = await modelOf({ expressions }, names).predict([crop]);
  assertAllClose(ofBoth[0]!.expressions, Float32Array.of(0.3, 0.7, 0.1), 1e-6);
  const unnamed = await modelOf({ expressions }).predict([crop]);
  assertAllClose(unnamed[0]!.expressions, Float32Array.of(0.2, 0.8, 0), 1e-6);
  // a sideways one has the other sign on a mirrored face
  const components = await modelOf({ expressions }, ["component 0", "component 1", "component 2"]).predict([crop]);
  assertAllClose(components[0]!.expressions, Float32Array.of(0.2, 0.8, 0), 1e-6);
});

Deno.test("MirroredCropModel gives what the crop alone says where points are no numbers", async () => {
  const [prediction] = await modelOf({ see: (points) => points.with(0, NaN) }).predict([crop]);
  assertEquals(prediction!.landmarks, truth.with(0, NaN));
});
