import { uvLayout } from "@/lib/data/maps/uv_layout.ts";
import { drawnSource } from "@/lib/data/synthetic/drawn_source.ts";
import { Sitters } from "@/lib/data/synthetic/sitters.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { multiply, poseRotation } from "@/lib/geometry/transforms.ts";
import type { Mat3 } from "@/lib/types.ts";
import { assert, assertAllClose, assertClose } from "@/tests/support.ts";

const model = builtInFace();

Deno.test("a drawn source's labels are those of its samples to the bit, in any order", () => {
  for (const augment of [true, false]) {
    const options = { seed: 7, imageSize: 64, augment };
    const [pictures, labels] = [drawnSource(model, options), drawnSource(model, options)];
    for (const index of [17, 0, 1, 9]) {
      const { map, landmarks } = pictures.sample(index, "validation"); // less of the model is drawn
      const label = labels.label(index, "validation");
      assertAllClose(label.map.positions, map.positions, 0);
      assertAllClose(label.landmarks, landmarks, 0);
    }
  }
});

Deno.test("Sitters turn the crops of most samples in training, by 45° at most, and no others", () => {
  const layout = uvLayout(model.surface, 64);
  const turns = (augment: boolean) => {
    const sitters = new Sitters(model, { seed: 7, imageSize: 64, augment, layout });
    return Array.from({ length: 80 }, (_, index) => {
      const { placement: { rotation }, pose } = sitters.sit(index, "train");
      return multiply(rotation, transposed(poseRotation(pose)));
    });
  };
  for (const turn of turns(false)) assertAllClose(turn, [1, 0, 0, 0, 1, 0, 0, 0, 1], 1e-9);
  const degrees = turns(true).map((turn) => {
    assertAllClose([turn[2]!, turn[5]!, turn[6]!, turn[7]!, turn[8]!], [0, 0, 0, 0, 1], 1e-9); // about the camera's axis
    return Math.atan2(turn[3]!, turn[0]!) * 180 / Math.PI;
  });
  const turned = degrees.filter((angle) => Math.abs(angle) > 1e-6);
  assertClose(turned.length / degrees.length, 0.6, 0.2);
  assert(Math.max(...turned) > 30 && Math.max(...turned) <= 45, `at most ${Math.max(...turned)}`);
  assert(Math.min(...turned) < -30 && Math.min(...turned) >= -45, `at least ${Math.min(...turned)}`);
});

Deno.test("Sitters look far aside and far up or down at once now and then in training, and hardly ever else", () => {
  const layout = uvLayout(model.surface, 64);
  const share = (augment: boolean) => {
    const sitters = new Sitters(model, { seed: 7, imageSize: 64, augment, layout });
    const poses = Array.from({ length: 400 }, (_, index) => sitters.sit(index, "train").pose);
    const isFar = ({ pitch, yaw }: { pitch: number; yaw: number }) => Math.abs(pitch) > 0.6 && Math.abs(yaw) > 0.8;
    return poses.filter(isFar).length / poses.length;
  };
  assertClose(share(true) - share(false), 0.045, 0.02);
  assert(share(false) < 0.05, `${share(false)}`);
});

function transposed([a, b, c, d, e, f, g, h, i]: Mat3): Mat3 {
  return new Float64Array([a!, d!, g!, b!, e!, h!, c!, f!, i!]);
}
