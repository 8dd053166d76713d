import fc from "fast-check";
import { placeInImage, poseRotation } from "@/lib/geometry/transforms.ts";
import { builtInFace } from "@/lib/face/built_in.ts";
import { valuesAt } from "@/lib/face/landmarks.ts";
import { meshLandmarks } from "@/lib/face/morphable_model.ts";
import { poseOfLandmarks } from "@/lib/track/head_pose.ts";
import { assertClose } from "@/tests/support.ts";

Deno.test("poseOfLandmarks() finds the pose that a face at rest was placed in", () => {
  const model = builtInFace();
  const neutral = valuesAt(meshLandmarks(model), model.mean);
  const angle = (most: number) => fc.double({ min: -most, max: most, noNaN: true });
  fc.assert(fc.property(angle(1), angle(1.4), angle(1), (pitch, yaw, roll) => {
    const placed = placeInImage(neutral, {
      rotation: poseRotation({ pitch, yaw, roll }),
      scale: 7,
      translation: [100, 200, 50],
    });
    const found = poseOfLandmarks(placed, neutral);
    assertClose(found.pitch, pitch, 1e-4, "pitch");
    assertClose(found.yaw, yaw, 1e-4, "yaw");
    assertClose(found.roll, roll, 1e-4, "roll");
  }));
});
