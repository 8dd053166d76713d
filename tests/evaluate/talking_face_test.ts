/** What a drawn video shows is judged by the weights that come along, which have never seen the built-in face. */
import { followTalkingFace, type TalkingFaceParts } from "@/lib/evaluate/talking_face.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { expressionFigure } from "@/lib/view/evaluation/expression_figure.ts";
import { openCrops } from "@/tasks/predict/open_crops.ts";
import { assert, assertAllClose, assertClose, assertEquals, assertThrows } from "@/tests/support.ts";

const model = builtInFace();
const { crops, description } = await openCrops(`${import.meta.dirname}/../../data/weights/lite`);
const { imageSize } = description;
/** [68, 3] of each frame. */
const landmarks: Float32Array[] = [];
const video = await followTalkingFace({
  model,
  seed: 7,
  imageSize,
  names: description.expressionNames!,
  say: (frames) =>
    Array.fromAsync(frames, async (frame) => {
      const [said] = await crops.predict([frame]);
      landmarks.push(said!.landmarks.slice());
      return said!.expressions;
    }),
});

/** Pearson's. */
function correlation(a: readonly number[], b: readonly number[]): number {
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value, 0) / values.length;
  const [meanA, meanB] = [mean(a), mean(b)];
  const dot = (f: (i: number) => number) => a.reduce((sum, _, i) => sum + f(i), 0);
  return dot((i) => (a[i]! - meanA) * (b[i]! - meanB)) /
    Math.sqrt(dot((i) => (a[i]! - meanA) ** 2) * dot((i) => (b[i]! - meanB) ** 2));
}

/** How far apart two landmarks are in each frame. */
function distances(one: number, other: number): number[] {
  return landmarks.map((points) =>
    Math.hypot(points[3 * one]! - points[3 * other]!, points[3 * one + 1]! - points[3 * other + 1]!)
  );
}

Deno.test("followTalkingFace() shows eyes that shut and a mouth that opens as its truth says", () => {
  const [blink, jaw] = video!.curves;
  assertEquals([video!.framesPerSecond, blink!.name, jaw!.name, landmarks.length], [30, "blink", "jaw", 120]);
  for (const { truth } of [blink!, jaw!]) assert(Math.min(...truth) === 0 && Math.max(...truth) > 0.3);
  const eyes = distances(37, 41).map((opening, frame) => opening + distances(44, 46)[frame]!);
  assert(correlation(blink!.truth, eyes) < -0.5, `${correlation(blink!.truth, eyes)}`);
  assert(correlation(jaw!.truth, distances(62, 66)) > 0.8, `${correlation(jaw!.truth, distances(62, 66))}`);
});

Deno.test("followTalkingFace() shows the same seconds in fewer frames to who is measured on few faces", async () => {
  const names = description.expressionNames!;
  const say: TalkingFaceParts["say"] = (frames) => Promise.resolve(frames.map(() => new Float32Array(names.length)));
  const few = (await followTalkingFace({ model, seed: 7, faceCount: 5, imageSize: 32, names, say }))!;
  assertEquals(few.framesPerSecond, 5);
  for (const [i, { truth }] of few.curves.entries()) {
    assertEquals(truth, video!.curves[i]!.truth.filter((_, frame) => frame % 6 === 0));
  }
});

Deno.test("the weights that come along follow the jaw of a drawn video better than its mean does", () => {
  const { rmse, rmseOfMean, truth, found } = video!.curves[1]!;
  assert(rmse < rmseOfMean, `${rmse}, ${rmseOfMean}`);
  assert(correlation(truth, found) > 0.7, `${correlation(truth, found)}`);
});

Deno.test("followTalkingFace() measures root mean square errors of amounts within 0 and 1, both eyes' mean", async () => {
  const names = ["jawOpen", "eyeBlink_R", "mouthPucker", "eyeBlink_L"];
  const say: TalkingFaceParts["say"] = (frames) =>
    Promise.resolve(frames.map(() => Float32Array.of(-3, 0.25, 9, 0.75)));
  const { curves } = (await followTalkingFace({ model, seed: 7, faceCount: 5, imageSize: 32, names, say }))!;
  const [blink, jaw] = curves;
  assertEquals([new Set(blink!.found), new Set(jaw!.found)], [new Set([0.5]), new Set([0])]);
  const mean = (values: readonly number[]) => values.reduce((sum, value) => sum + value / values.length, 0);
  const rootMeanSquare = (values: readonly number[]) => Math.sqrt(mean(values.map((value) => value ** 2)));
  assertClose(jaw!.rmse, rootMeanSquare(jaw!.truth), 1e-9);
  assertClose(blink!.rmse, rootMeanSquare(blink!.truth.map((amount) => 0.5 - amount)), 1e-9);
  assertClose(blink!.rmseOfMean, rootMeanSquare(blink!.truth.map((amount) => mean(blink!.truth) - amount)), 1e-9);
});

Deno.test("followTalkingFace() ends with what its listener throws, also while the network looks at the frames", async () => {
  const names = ["jawOpen"];
  const say: TalkingFaceParts["say"] = (frames, onProgress) =>
    Array.fromAsync(frames, (_, i) => {
      onProgress(i / frames.length);
      return Float32Array.of(0);
    });
  const told: number[] = [];
  const few = { model, seed: 7, faceCount: 8, imageSize: 32, names, say };
  await followTalkingFace({ ...few, onProgress: (done) => told.push(done) });
  assertEquals(told, told.toSorted((a, b) => a - b));
  assert(told.at(-1)! > 0.95 && told.filter((done) => done > 0.5).length > 25, `${told}`);
  for (const share of [0.1, 0.9]) {
    const onProgress = (done: number) => {
      if (done > share) throw new Error(`enough at ${share}`);
    };
    await assertThrows(() => followTalkingFace({ ...few, onProgress }), Error, new RegExp(`^enough at ${share}$`));
  }
});

Deno.test("followTalkingFace() shows nobody where there is no face to draw, or neither blink nor jaw is said", async () => {
  const say = () => Promise.reject(new Error("There is nothing to look at"));
  const parts = { seed: 7, imageSize: 32, say };
  assertEquals(await followTalkingFace({ ...parts, model: undefined, names: ["jawOpen"] }), undefined);
  assertEquals(await followTalkingFace({ ...parts, model, names: ["eyeBlink_L", "mouthPucker"] }), undefined);
  assertEquals(await followTalkingFace({ ...parts, model, names: [] }), undefined);
});

Deno.test("expressionFigure() draws truth and prediction over seconds", () => {
  const amounts = { rmse: 1 / 6, rmseOfMean: 1 / 3, explained: 3 / 4 };
  const curve = { name: "jaw", truth: [0, 0.5, 1], found: [0.25, 0.5, 0.75], ...amounts };
  const { data, caption } = expressionFigure(curve, { framesPerSecond: 2 });
  assertEquals(data.map(({ name }) => name), ["jaw, as drawn", "network, 0.167 off"]);
  for (const [i, amounts] of [curve.truth, curve.found].entries()) {
    assertAllClose(data[i]!["x"] as number[], [0, 0.5, 1], 0);
    assertAllClose(data[i]!["y"] as number[], amounts, 0);
  }
  assert(caption.includes("0.167"));
});
