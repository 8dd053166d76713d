import fc from "@/tests/fast_check.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { valuesAt } from "@/lib/face/landmarks.ts";
import { meshLandmarks } from "@/lib/face/morphable_model.ts";
import { placeInImage, poseRotation } from "@/lib/geometry/transforms.ts";
import { mostFrontal } from "@/lib/view/report/most_frontal.ts";
import { assertEquals } from "@/tests/support.ts";

const model = builtInFace();
const atRest = valuesAt(meshLandmarks(model), model.mean);

Deno.test("mostFrontal() is the face that is turned least, whatever its roll, size and place", () => {
  const angle = fc.double({ min: -1.4, max: 1.4, noNaN: true });
  fc.assert(
    fc.property(
      angle,
      angle,
      fc.double({ min: 0.5, max: 1.2, noNaN: true }),
      fc.boolean(),
      (roll, other, turn, tilts) => {
        const faceAt = (pitch: number, yaw: number, roll: number) => ({
          landmarks: placeInImage(atRest, {
            rotation: poseRotation({ pitch, yaw, roll }),
            scale: 3 + roll,
            translation: [9, 40 * roll, 1],
          }),
        });
        const frontal = faceAt(0, 0, roll);
        const turned = [
          faceAt(tilts ? turn : 0, tilts ? 0 : turn, other),
          faceAt(tilts ? -turn : 0, tilts ? 0 : -turn, other),
        ];
        assertEquals([turned[0]!, frontal, turned[1]!].indexOf(mostFrontal([turned[0]!, frontal, turned[1]!])), 1);
      },
    ),
  );
});
