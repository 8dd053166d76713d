import { builtInFace } from "@/lib/face/built_in.ts";
import { findLandmarks } from "@/lib/face/find_landmarks.ts";
import { eyeCornerDistance, landmarksOf, valuesAt } from "@/lib/face/landmarks.ts";
import { meshLandmarks, shapeFace } from "@/lib/face/morphable_model.ts";
import { Random } from "@/lib/random.ts";
import { assert } from "@/tests/support.ts";

Deno.test("findLandmarks() finds those of other people's heads, in any unit and place, to a few percent of the eyes' distance", () => {
  const model = builtInFace();
  const random = new Random("heads");
  for (const [unit, shift] of [[1, 0], [0.01, 1.6], [1000, -5e4]] as const) {
    const identity = model.identityModes.map(() => 0.7 * random.normal());
    const positions = shapeFace(model, { identity, expression: [] })
      .map((value, i) => unit * value + (i % 3 === 1 ? shift : 0));
    const triangles = model.surface.triangles.map((v) => model.surfaceVertices[v]!);
    const { landmarks, error } = findLandmarks({ positions, triangles }, model);
    const truth = valuesAt(meshLandmarks(model), positions);
    const found = valuesAt(landmarksOf(landmarks), positions);
    const away = Array.from(
      { length: 68 },
      (_, l) => Math.hypot(...[0, 1, 2].map((k) => found[3 * l + k]! - truth[3 * l + k]!)) / eyeCornerDistance(truth),
    );
    const mean = away.reduce((sum, value) => sum + value) / 68;
    assert(mean < 0.05 && error < 0.05, `${mean} off, ${error} from the surface, in units of ${unit}`);
  }
});
