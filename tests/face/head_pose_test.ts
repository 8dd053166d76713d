import fc from "@/tests/fast_check.ts";
import { placeInImage, poseRotation } from "@/lib/geometry/transforms.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { valuesAt } from "@/lib/face/landmarks.ts";
import { meshLandmarks } from "@/lib/face/morphable_model.ts";
import { headLikeness, poseOfLandmarks } from "@/lib/face/head_pose.ts";
import { assert, assertClose, assertEquals } from "@/tests/support.ts";

Deno.test("poseOfLandmarks() finds the pose that a face at rest was placed in", () => {
  const model = builtInFace();
  const neutral = valuesAt(meshLandmarks(model), model.mean);
  const angle = (most: number) => fc.double({ min: -most, max: most, noNaN: true });
  fc.assert(fc.property(angle(1), angle(2), angle(1), (pitch, yaw, roll) => { // past the profile, too
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

Deno.test("headLikeness() is high for a head in any pose, and low for points that are none or are not finite", () => {
  const model = builtInFace();
  const neutral = valuesAt(meshLandmarks(model), model.mean);
  for (const yaw of [-1.4, 0, 1.4]) {
    const placed = placeInImage(neutral, {
      rotation: poseRotation({ pitch: 0.2, yaw, roll: -0.5 }),
      scale: 7,
      translation: [100, 200, 50],
    });
    assert(headLikeness(placed, neutral) > 0.99);
    const flat = placed.map((value, i) => i % 3 === 2 ? 0 : value);
    assert(headLikeness(flat, neutral) < 0.5, `flat at ${yaw}`);
    const bent = placed.map((value, i) => i % 3 === 0 && i > 3 * 33 ? value + 10 * Math.sin(i) : value);
    assert(headLikeness(bent, neutral) < 0.5, `bent at ${yaw}`);
    assertEquals(headLikeness(placed.with(5, NaN), neutral), 0);
    assertEquals(headLikeness(new Float32Array(204), neutral), 0);
  }
});
