import { builtInFace } from "@/lib/face/built_in.ts";
import { valuesAt } from "@/lib/face/landmarks.ts";
import { meshLandmarks } from "@/lib/face/morphable_model.ts";
import { CropModel } from "@/lib/model/crop_model.ts";
import type { OnnxArray, OnnxSession } from "@/lib/model/onnx_session.ts";
import { FaceFitter } from "@/lib/track/face_fitter.ts";
import { assert, assertAllClose, assertEquals } from "@/tests/support.ts";

const SIZE = 64;
const crop = { left: 10, top: 20, side: 128 };
const picture = { width: 200, height: 200, rgb: new Uint8Array(3 * 200 * 200).fill(90) };
const model = builtInFace();
const neutralLandmarks = valuesAt(meshLandmarks(model), model.mean);
/** Landmarks of a face that looks at the viewer, in crop pixels. */
const frontal = neutralLandmarks.map((value, i) => i % 3 === 1 ? 32 - 2 * value : 2 * value + (i % 3 === 0 ? 32 : 0));

/** A fitter whose network says this, whatever it sees. */
function fitterOf(outputs: Readonly<Record<string, Float32Array>>): FaceFitter {
  const answers = { positions: new Float32Array(3 * SIZE * SIZE), ...outputs };
  const run = (): Promise<Record<string, OnnxArray<Float32Array>>> =>
    Promise.resolve(Object.fromEntries(Object.entries(answers).map(([name, data]) => [name, { data, shape: [] }])));
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
