import { faceAtlas } from "@/lib/face/atlas.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { HairRig, hairVertexCount } from "@/lib/portrait/hair.ts";
import { type HairStyle, randomHairStyle } from "@/lib/portrait/hair_style.ts";
import { pitchRotation, placeInImage, poseRotation } from "@/lib/geometry/transforms.ts";
import { Random } from "@/lib/random.ts";
import { assert, assertAllClose, assertClose } from "@/tests/support.ts";

const model = builtInFace();
const atlas = faceAtlas(model, 64);
const rig = new HairRig(atlas);

function shape(style: HairStyle, rotation = poseRotation({ pitch: 0, yaw: 0, roll: 0 })): Float32Array {
  const placement = { rotation, scale: 100 / atlas.unit, translation: [50, 60, 0] as const };
  const out = new Float32Array(3 * hairVertexCount);
  rig.shape(style, { positions: placeInImage(model.mean, placement), placement }, out);
  return out;
}

const plain: HairStyle = { ...randomHairStyle(new Random(2), 30), kind: "hair", clumps: 0, waves: 0, ragged: 0 };

Deno.test("HairRig shapes every style it draws into finite hair, no farther than a few face widths", () => {
  for (let seed = 0; seed < 60; seed++) {
    const style = randomHairStyle(new Random(seed), 30);
    if (style.kind === "none") continue;
    assert(shape(style).every((value) => Math.abs(value) < 600));
    assert(rig.openness.every((value) => value > 0 && value <= 1));
    for (let i = 0; i < rig.normals.length; i += 3) {
      assertClose(Math.hypot(...rig.normals.subarray(i, i + 3)), 1, 1e-3);
    }
  }
});

Deno.test("HairRig's hair stands off the skull by its volume", () => {
  const flat = shape({ ...plain, volume: [0, 0, 0] });
  const full = shape({ ...plain, volume: [0.2, 0.2, 0.2] });
  const apart = Array.from(
    { length: hairVertexCount },
    (_, v) => Math.hypot(...[0, 1, 2].map((axis) => full[3 * v + axis]! - flat[3 * v + axis]!)),
  );
  assertClose(Math.max(...apart), 20, 0.5); // 0.2 face units of 100 pixels
  assert(apart.every((distance) => distance < 20.5));
});

Deno.test("HairRig's hair turns with the head", () => {
  const [upright, nodding] = [shape(plain), shape(plain, pitchRotation(0.5))];
  const center = [50, 60, 0];
  const [c, s] = [Math.cos(0.5), Math.sin(0.5)];
  const turned = upright.map((_, i) => {
    const [, y, z] = [0, 1, 2].map((axis) => upright[3 * Math.floor(i / 3) + axis]! - center[axis]!) as [
      number,
      number,
      number,
    ];
    return i % 3 === 0 ? upright[i]! : i % 3 === 1 ? center[1]! + c * y - s * z : s * y + c * z;
  });
  assertAllClose(nodding, turned, 0.02);
});
