import { uvLayout } from "@/lib/data/maps/uv_layout.ts";
import { drawnSource } from "@/lib/data/synthetic/drawn_source.ts";
import { directionInShot, Sitters } from "@/lib/data/synthetic/sitters.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { multiply, poseRotation, transformPoint } from "@/lib/geometry/transforms.ts";
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
    const poses = Array.from({ length: 3000 }, (_, index) => sitters.sit(index, "train").pose);
    const isFar = ({ pitch, yaw }: { pitch: number; yaw: number }) => Math.abs(pitch) > 0.6 && Math.abs(yaw) > 0.8;
    return poses.filter(isFar).length / poses.length;
  };
  const [often, seldom] = [share(true), share(false)];
  assertClose(often - seldom, 0.07 * (55 - 34.4) / 35 * (90 - 45.8) / 60, 0.01); // ± 0.003 for 3,000
  assert(seldom < 0.05, `${seldom}`);
});

Deno.test("directionInShot() turns and mirrors a direction as a shot does what lies that way", () => {
  const layout = uvLayout(model.surface, 64);
  const sitters = new Sitters(model, { seed: 7, imageSize: 64, augment: true, shots: 4, layout });
  let mirrored = 0;
  for (let index = 0; index < 8; index++) {
    const { shot } = sitters.sit(index, "train"), { isMirrored, change } = shot!, width = sitters.drawnSize;
    const seen = ([x, y]: readonly [number, number]) => transformPoint([isMirrored ? width - x : x, y], change);
    const [from, to] = [seen([20, 30]), seen([20 + 0.48, 30 - 0.6])];
    const [x, y, z] = directionInShot([0.48, -0.6, 0.64], shot);
    assertAllClose([x, y, z], [(to[0] - from[0]) / change.scale, (to[1] - from[1]) / change.scale, 0.64], 1e-9);
    if (isMirrored) mirrored++;
  }
  assert(mirrored === 4, `${mirrored}`);
});

function transposed([a, b, c, d, e, f, g, h, i]: Mat3): Mat3 {
  return new Float64Array([a!, d!, g!, b!, e!, h!, c!, f!, i!]);
}
