import { InputError } from "@/lib/errors.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { findLandmarks } from "@/lib/face/find_landmarks.ts";
import { eyeCornerDistance, landmarksOf, type SurfaceLandmarks, valuesAt } from "@/lib/face/landmarks.ts";
import { meshLandmarks, type MorphableModel, shapeFace } from "@/lib/face/morphable_model.ts";
import { flipped } from "@/lib/face/orientation.ts";
import { type PoseAngles, poseRotation, rotatePoints } from "@/lib/geometry/transforms.ts";
import { distanceBetween, pointAt } from "@/lib/geometry/vectors.ts";
import { Random } from "@/lib/random.ts";
import { assert, assertEquals, assertThrows } from "@/tests/support.ts";

/** The mean distance of found landmarks from a head's own, to that between the outer corners of the eyes. */
function distanceFromTruth(
  landmarks: SurfaceLandmarks,
  { model, positions }: { readonly model: MorphableModel; readonly positions: Float32Array },
): number {
  const truth = valuesAt(meshLandmarks(model), positions);
  const found = valuesAt(landmarksOf(landmarks), positions);
  const away = Array.from({ length: 68 }, (_, l) => distanceBetween(pointAt(found, l), pointAt(truth, l)));
  return away.reduce((sum, value) => sum + value) / 68 / eyeCornerDistance(truth);
}

Deno.test("findLandmarks() finds those of other people's heads, in any unit and place, however wound, to a few percent of the eyes' distance, and doubts none", () => {
  const model = builtInFace();
  const random = new Random("heads");
  for (const [unit, shift, isFlipped] of [[1, 0, false], [0.01, 1.6, false], [1000, -5e4, true]] as const) {
    const identity = model.identityModes.map(() => 0.7 * random.normal());
    const positions = shapeFace(model, { identity, expression: [] })
      .map((value, i) => unit * value + (i % 3 === 1 ? shift : 0));
    const skin = model.surface.triangles.map((v) => model.surfaceVertices[v]!);
    const triangles = isFlipped ? flipped(skin) : skin;
    const { landmarks, error, isDoubtful } = findLandmarks({ positions, triangles }, model);
    const mean = distanceFromTruth(landmarks, { model, positions });
    assert(mean < 0.05 && error < 0.05, `${mean} off, ${error} from the surface, in units of ${unit}`);
    assert(!isDoubtful, `It doubts a head in units of ${unit}`);
  }
});

Deno.test("findLandmarks() doubts what is off by more than a tenth of the eyes' distance, of heads turned and deformed, and no other", () => {
  const model = builtInFace();
  const random = new Random("deformed heads");
  const identity = model.identityModes.map(() => 0.7 * random.normal());
  const rest = shapeFace(model, { identity, expression: [] });
  const stretched = (...by: number[]) => rest.map((value, i) => by[i % 3]! * value);
  const turned = (pose: PoseAngles) => rotatePoints(rest, poseRotation(pose));
  const heads: Record<string, Float32Array> = {
    "very narrow": stretched(0.6, 1, 1),
    "looking away": turned({ yaw: Math.PI, pitch: 0, roll: 0 }),
    "tilted": turned({ yaw: 0, pitch: 0, roll: 0.6 }),
  };
  const triangles = model.surface.triangles.map((v) => model.surfaceVertices[v]!);
  const found = Object.entries(heads).map(([what, positions]) => {
    const { landmarks, isDoubtful } = findLandmarks({ positions, triangles }, model);
    const away = distanceFromTruth(landmarks, { model, positions });
    return { what, away, isDoubtful };
  });
  for (const { what, away, isDoubtful } of found) {
    assertEquals([what, isDoubtful], [what, away > 0.1]);
  }
});

Deno.test("findLandmarks() says in a sentence that a mesh of few places has no face", async () => {
  const positions = Float32Array.from({ length: 3 * 120 }, (_, i) => i % 3 === 1 ? i % 2 : 0); // two, by turns
  const triangles = Uint32Array.from({ length: 120 }, (_, v) => v);
  await assertThrows(() => findLandmarks({ positions, triangles }, builtInFace()), InputError, /no part of it is like/);
});
