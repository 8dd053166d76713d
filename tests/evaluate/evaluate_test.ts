import { CROP_MARGIN, landmarkCrop } from "@/lib/data/maps/crop.ts";
import { evaluate, type LabeledFace, labelPhoto } from "@/lib/evaluate/evaluate.ts";
import { Random } from "@/lib/random.ts";
import { assertAllClose, assertClose, assertEquals, FLOAT32_TOLERANCE } from "@/tests/support.ts";

const random = new Random("evaluate");
const SIZE = 64;

function noiseLandmarks(): Float32Array {
  return Float32Array.from({ length: 68 * 3 }, () => random.uniform(10, 50));
}

function face(yaw: number): LabeledFace {
  return { image: { width: SIZE, height: SIZE, rgb: new Uint8Array() }, landmarks: noiseLandmarks(), yaw };
}

Deno.test("evaluate() gives 0 for true landmarks, and the baseline the error of the mean's", () => {
  const faces = [face(0), face(0.6), face(1.5)];
  const truths = faces.map(({ landmarks }) => landmarks);
  const mean = noiseLandmarks().map((value) => value / SIZE);
  const { images, nme68_2d, nme68_3d, baseline } = evaluate(faces, { found: truths, meanLandmarks: mean });
  assertEquals([images, nme68_2d.mean, nme68_3d.mean], [3, 0, 0]);
  const asFound = evaluate(faces, { found: faces.map(() => mean.map((value) => value * SIZE)), meanLandmarks: mean });
  assertEquals(baseline, { nme68_2d: asFound.nme68_2d, nme68_3d: asFound.nme68_3d });
  for (const bin of ["0-30", "30-60", "60-90"] as const) assertClose(nme68_2d.bins[bin]!, 0, 0);
});

Deno.test("labelPhoto() crops a photo, and takes the landmarks along", () => {
  const photo = { width: 300, height: 200, rgb: new Uint8Array(300 * 200 * 3).fill(128) };
  const landmarks = Float32Array.from({ length: 68 * 3 }, (_, i) => [100 + i / 4, 80 + i / 5, i][i % 3]!);
  const crop = landmarkCrop(landmarks, { margin: CROP_MARGIN });
  const pose = { pitch: 0.1, yaw: -0.7, roll: 0.2 };
  const labeled = labelPhoto({ photo, landmarks, pose }, { imageSize: SIZE, crop });
  assertEquals([labeled.image.width, labeled.image.height, labeled.yaw], [SIZE, SIZE, -0.7]);
  const axis = (points: Float32Array, a: number) => [...points.filter((_, i) => i % 3 === a)];
  const spans = [0, 1].map((a) => Math.max(...axis(labeled.landmarks, a)) - Math.min(...axis(labeled.landmarks, a)));
  assertClose(Math.max(...spans), SIZE / CROP_MARGIN, SIZE * FLOAT32_TOLERANCE, "the box's longer side");
  const middles = [0, 1].map((a) =>
    (Math.max(...axis(labeled.landmarks, a)) + Math.min(...axis(labeled.landmarks, a))) / 2
  );
  assertAllClose(middles, [SIZE / 2, SIZE / 2], SIZE * FLOAT32_TOLERANCE);
});
