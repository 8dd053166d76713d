import { animatedFace } from "@/lib/export/animated_face.ts";
import { InputError } from "@/lib/errors.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { valuesAt } from "@/lib/face/landmarks.ts";
import { meshLandmarks, shapeFace } from "@/lib/face/morphable_model.ts";
import { poseRotation, rotatePoints } from "@/lib/geometry/transforms.ts";
import { readGlb } from "@/tests/export/three_reader.ts";
import { assert, assertAllClose, assertClose, assertEquals, assertThrows } from "@/tests/support.ts";

const model = builtInFace();
const pose = { pitch: 0.2, yaw: -0.5, roll: 0.1 };
const still = { pitch: 0, yaw: 0, roll: 0 };
/** As lines of landmarks.jsonl have them; one is of another model. */
const moments = [
  { time: 0, expressions: { jawOpen: 0, eyeBlink_L: 0.5, tongueOut_X: 1 }, pose: still },
  { time: 0.5, expressions: { jawOpen: 1, eyeBlink_L: 0, tongueOut_X: 1 }, pose },
  { time: 1, expressions: {}, pose: still },
];

Deno.test("animatedFace() is to three.js the model's mean, whose expressions it knows move as they were found", async () => {
  const glb = await readGlb(await animatedFace(model, moments));
  assertEquals(Object.keys(glb.morphsAt(0)).sort(), ["eyeBlink_L", "jawOpen"]);
  const { jawOpen, eyeBlink_L } = glb.morphsAt(0.25);
  assertAllClose([jawOpen!, eyeBlink_L!], [0.5, 0.25], 1e-6);
  const landmarks = meshLandmarks(model);
  const corner = (points: Float32Array, landmark: number) => points.subarray(3 * landmark, 3 * landmark + 3);
  const distance = (points: Float32Array, a: number, b: number) =>
    Math.hypot(...corner(points, a).map((value, axis) => value - corner(points, b)[axis]!));
  const atRest = valuesAt(landmarks, glb.positions);
  assertClose(distance(atRest, 36, 45), 0.09, 1e-5, "meters between the eyes");

  // the face that the weights at half a second make
  const opening = glb.morph("jawOpen");
  const open = glb.positions.map((value, i) => value + opening[i]!);
  const expression = model.expressionNames.map((name) => name === "jawOpen" ? 1 : 0);
  const shaped = valuesAt(landmarks, shapeFace(model, { identity: [], expression }));
  const units = distance(valuesAt(landmarks, model.mean), 36, 45) / 0.09;
  assertClose(distance(valuesAt(landmarks, open), 51, 57), distance(shaped, 51, 57) / units, 1e-5, "mouth");
});

Deno.test("animatedFace() moves what the model has in one by the mean of both sides, and a side by the whole", async () => {
  const said = { browInnerUp_L: 0.25, browInnerUp_R: 0.75, eyeBlink: 0.5 };
  const glb = await readGlb(
    await animatedFace(model, [{ time: 0, expressions: said }, { time: 1, expressions: said }]),
  );
  const { browInnerUp, eyeBlink_L, eyeBlink_R, ...others } = glb.morphsAt(0.5);
  assertAllClose([browInnerUp!, eyeBlink_L!, eyeBlink_R!], [0.5, 0.5, 0.5], 1e-6);
  assertEquals(others, {});
});

Deno.test("animatedFace() turns the head as it was found", async () => {
  const glb = await readGlb(await animatedFace(model, moments));
  const nose = glb.positions.slice(0, 3);
  assertAllClose(glb.placedAt(0.5)(nose), rotatePoints(nose, poseRotation(pose)), 1e-5);
  assertAllClose(glb.placedAt(0)(nose), nose, 1e-6);
  const unturned = await readGlb(await animatedFace(model, moments.map(({ pose: _, ...moment }) => moment)));
  assertAllClose(unturned.placedAt(0.5)(nose), nose, 1e-6);
});

Deno.test("animatedFace() refuses expressions of which the model has none", async () => {
  const call = () => animatedFace(model, [{ time: 0, expressions: { wiggle: 1 } }]);
  await assertThrows(
    call,
    InputError,
    /Cannot move the face model ".*": it has none of the 1 expressions that are said/,
  );
  assert(model.expressionNames.includes("jawOpen"));
});
