import { cropToImage, imageToCrop, landmarkCrop } from "@/lib/data/maps/crop.ts";
import { faceSize } from "@/lib/evaluate/nme.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { valuesAt } from "@/lib/face/landmarks.ts";
import { meshLandmarks } from "@/lib/face/morphable_model.ts";
import { CropModel } from "@/lib/model/crop_model.ts";
import type { OnnxArray, OnnxSession } from "@/lib/model/onnx_session.ts";
import type { Detection } from "@/lib/track/detection.ts";
import { detectionCrop } from "@/lib/track/detection_crop.ts";
import { FaceFitter } from "@/lib/track/face_fitter.ts";
import { assert, assertAllClose, assertEquals } from "@/tests/support.ts";

const SIZE = 64;
const crop = { left: 10, top: 20, side: 128 };
const picture = { width: 200, height: 200, rgb: new Uint8Array(3 * 200 * 200).fill(90) };
const model = builtInFace();
const neutralLandmarks = valuesAt(meshLandmarks(model), model.mean);
/** Landmarks of a face that looks at the viewer, in crop pixels. */
const frontal = neutralLandmarks.map((value, i) => i % 3 === 1 ? 32 - 2 * value : 2 * value + (i % 3 === 0 ? 32 : 0));

type Outputs = Readonly<Record<string, Float32Array>>;

const positions = new Float32Array(3 * SIZE * SIZE);

/** A fitter whose network says this, whatever it sees, or this of what it sees. */
function fitterOf(outputs: Outputs | ((image: Uint8Array) => Outputs)): FaceFitter {
  const run = ({ image }: Readonly<Record<string, OnnxArray<Uint8Array>>>): Promise<
    Record<string, OnnxArray<Float32Array>>
  > => {
    const { data, shape: [count] } = image!;
    const answers = Array.from({ length: count! }, (_, i): Outputs => {
      const length = data.length / count!, seen = data.subarray(i * length, (i + 1) * length);
      return { positions, ...typeof outputs === "function" ? outputs(seen) : outputs };
    });
    const all = (name: string) => Float32Array.from(answers.flatMap((answer) => [...answer[name]!]));
    return Promise.resolve(
      Object.fromEntries(Object.keys(answers[0]!).map((name) => [name, { data: all(name), shape: [] }])),
    );
  };
  const { uv } = model.surface;
  return new FaceFitter(new CropModel({ run } as unknown as OnnxSession, SIZE), {
    imageSize: SIZE,
    uv,
    neutralLandmarks,
  });
}

Deno.test("FaceFitter gives landmarks in the picture's pixels, and what the network says of expressions and presence", async () => {
  const expressions = Float32Array.of(0.25, 1);
  const fit = await fitterOf({ landmarks: frontal, expressions, presence: Float32Array.of(0.3) }).fit(picture, crop);
  assertAllClose(fit.landmarks, frontal.map((value, i) => 2 * value + [10, 20, 0][i % 3]!), 1e-3);
  assertEquals([fit.expressions, fit.crop], [expressions, crop]);
  assertAllClose([fit.score], [0.3], 1e-6);
});

Deno.test("FaceFitter scores landmarks of no head's shape low, whether the network says that there is a face or says nothing", async () => {
  const fit = await fitterOf({ landmarks: frontal }).fit(picture, crop);
  assert(fit.score > 0.9, `${fit.score}`);
  assertEquals(fit.expressions.length, 0);
  const bent = frontal.map((value, i) => value + 6 * Math.sin(i * i));
  for (const said of [{}, { presence: Float32Array.of(1) }]) {
    assert((await fitterOf({ landmarks: bent, ...said }).fit(picture, crop)).score < 0.5);
  }
});

Deno.test("FaceFitter scores landmarks that are all in one place, or are no numbers, 0, whatever the network says", async () => {
  const presence = Float32Array.of(1);
  for (const landmarks of [new Float32Array(204).fill(30), frontal.with(7, NaN)]) {
    assertEquals((await fitterOf({ landmarks, presence }).fit(picture, crop)).score, 0);
  }
});

/** Bright on the image's left half, so that a network can tell it from its mirror image. */
const halfLit = { ...picture, rgb: picture.rgb.map((_, i) => Math.floor(i / 3) % 200 < 100 ? 200 : 20) };
const margin = 1.5;
/** The face in the crop around its own landmarks: fitted there again, it lies where it did. */
const fitting = imageToCrop(frontal, { crop: landmarkCrop(frontal, { margin }), size: SIZE });
const box = { left: 52, top: 52, width: 96, height: 96 };

/** A detector's word of that face, its keypoints so many percent of the face's size off. */
function detectionOf(score: number, percentOff = 0): Detection {
  const landmarks = cropToImage(fitting, { crop: detectionCrop({ box }, { margin }), size: SIZE });
  const off = percentOff / 100 * faceSize(landmarks) / Math.SQRT2;
  const places = [[36, 41], [42, 47], [30, 30], [48, 67]].map(([first, last]) =>
    [0, 1].map((axis) => {
      const own = landmarks.filter((_, i) => i % 3 === axis && i >= 3 * first! && i < 3 * last! + 3);
      return own.reduce((sum, value) => sum + value) / own.length + off;
    })
  );
  return { box, keypoints: Float32Array.from([...places, [0, 0], [0, 0]].flat()), score };
}

/** The network sees the face at the same place in the mirror image, but so many percent of its size to one side. */
function lopsided(percent: number, presence = 1): FaceFitter {
  const pixels = percent / 100 * faceSize(fitting);
  return fitterOf((image) => {
    const isMirrored = image[3 * (SIZE * SIZE / 2 + 2)]! < 100;
    const landmarks = fitting.map((value, i) => i % 3 === 0 && isMirrored ? value - pixels : value);
    return { landmarks, presence: Float32Array.of(presence) };
  });
}

Deno.test("FaceFitter takes what was detected for a face where its mirror image shows the same one", async () => {
  for (const [percent, isFace] of [[0, true], [6, true], [9, false]] as const) {
    const fit = await lopsided(percent).fitDetected(halfLit, detectionOf(0.9), { margin });
    assertEquals(fit !== undefined, isFace);
  }
});

Deno.test("FaceFitter wants a mirror image that is more alike where the detector has eyes, nose and mouth elsewhere", async () => {
  const isFace = async (percent: number, score: number, percentOff: number) =>
    await lopsided(percent).fitDetected(halfLit, detectionOf(score, percentOff), { margin }) !== undefined;
  assertEquals([await isFace(6, 0.9, 15), await isFace(6, 0.9, 30), await isFace(4, 0.9, 30)], [true, false, true]);
  assertEquals([await isFace(6, 0.55, 4), await isFace(6, 0.55, 15)], [true, false]); // it is less sure
});

Deno.test("FaceFitter wants to be surer that there is a face where the detector has eyes, nose and mouth elsewhere", async () => {
  const isFace = async (presence: number, percent: number, percentOff: number) =>
    await lopsided(percent, presence).fitDetected(halfLit, detectionOf(0.6, percentOff), { margin }) !== undefined;
  assertEquals([await isFace(0.55, 6, 0), await isFace(0.45, 6, 0)], [true, false]);
  assertEquals([await isFace(0.8, 0, 28), await isFace(0.55, 0, 28)], [true, false]);
});

Deno.test("FaceFitter takes a face that the network is less sure of where its mirror image and the detector's keypoints agree", async () => {
  const isFace = async (presence: number, percent: number, percentOff: number) =>
    await lopsided(percent, presence).fitDetected(halfLit, detectionOf(0.9, percentOff), { margin }) !== undefined;
  assertEquals([await isFace(0.3, 4, 15), await isFace(0.3, 6, 15), await isFace(0.3, 4, 30)], [true, false, false]);
  assertEquals([await isFace(0.1, 4, 15), await isFace(0.7, 4, 30)], [false, true]);
});
