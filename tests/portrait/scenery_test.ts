import { Backdrop } from "@/lib/portrait/backgrounds.ts";
import { castGlasses, paintGlasses, randomGlasses } from "@/lib/portrait/glasses.ts";
import { colorSources } from "@/lib/portrait/head_mesh.ts";
import { randomLighting } from "@/lib/portrait/lighting.ts";
import { paintOccluders } from "@/lib/portrait/occluders.ts";
import { fillShape, stroke } from "@/lib/portrait/shapes.ts";
import { emptyRaster } from "@/lib/geometry/rasterize.ts";
import { placeInImage, poseRotation } from "@/lib/geometry/transforms.ts";
import { Random } from "@/lib/random.ts";
import type { Vec3 } from "@/lib/types.ts";
import { assert, assertClose, assertEquals } from "@/tests/support.ts";

const SIZE = 64;
const canvas = () => ({ width: SIZE, height: SIZE, rgb: new Float32Array(3 * SIZE * SIZE) });
const white = { from: [1, 1, 1], to: [1, 1, 1] } as const;

function sum(rgb: Float32Array): number {
  return rgb.reduce((total, value) => total + value, 0) / 3;
}

Deno.test("fillShape() covers the area of its shape, turned any way, also partly outside", () => {
  const middle = { x: 31.3, y: 33.8 };
  for (const angle of [0, 0.4, 1.2, 2.5]) {
    const [box, ellipse, capsule, outside] = [canvas(), canvas(), canvas(), canvas()];
    fillShape(box, { kind: "box", ...middle, halfWidth: 14, halfHeight: 6, angle }, white);
    assertClose(sum(box.rgb), 28 * 12, 6);
    fillShape(ellipse, { kind: "ellipse", ...middle, halfWidth: 14, halfHeight: 6, angle }, white);
    assertClose(sum(ellipse.rgb), Math.PI * 14 * 6, 14);
    fillShape(capsule, stroke([20, 20], [20 + 20 * Math.cos(angle), 20 + 20 * Math.sin(angle)], 8), white);
    assertClose(sum(capsule.rgb), 20 * 8 + Math.PI * 16, 8);
    fillShape(outside, { kind: "ellipse", x: 0, y: 32, halfWidth: 10, halfHeight: 10, angle }, white);
    assertClose(sum(outside.rgb), Math.PI * 50, 8);
  }
});

Deno.test("fillShape() with opacity leaves that much of what was there", () => {
  const image = canvas();
  image.rgb.fill(0.5);
  fillShape(image, { kind: "box", x: 32, y: 32, halfWidth: 99, halfHeight: 99, angle: 0 }, { ...white, opacity: 0.25 });
  assert(image.rgb.every((value) => Math.abs(value - 0.625) < 1e-5));
});

Deno.test("Backdrop fills every pixel, with pictures that differ", () => {
  const backdrop = new Backdrop(SIZE);
  const means = Array.from({ length: 60 }, (_, seed) => {
    const image = canvas();
    image.rgb.fill(NaN);
    backdrop.paint(image, new Random(seed));
    assert(image.rgb.every((value) => value >= -1e-6 && value < 5));
    return sum(image.rgb) / SIZE ** 2;
  });
  assert(Math.max(...means) > 0.5 && Math.min(...means) < 0.1);
});

Deno.test("paintOccluders() and paintGlasses() leave finite, positive light, mostly the face's own", () => {
  const landmarks = Float32Array.from({ length: 204 }, (_, i) => i % 3 === 2 ? 10 : 12 + 40 * new Random(i).next());
  let changed = 0;
  for (let seed = 0; seed < 200; seed++) {
    const random = new Random(seed);
    const image = canvas();
    image.rgb.fill(0.3);
    paintOccluders(image, { random, landmarks, skin: [0.5, 0.3, 0.2], brightness: 0.8 });
    const glasses = randomGlasses(random);
    if (glasses) {
      const placement = {
        rotation: poseRotation({ pitch: 0, yaw: 0.5, roll: 0 }),
        scale: 1,
        translation: [0, 0, 0] as const,
      };
      const raster = { ...emptyRaster({ width: SIZE, height: SIZE }), kinds: new Uint8Array(SIZE ** 2).fill(255) };
      paintGlasses(image, glasses, { raster, landmarks, placement, brightness: 0.8 });
    }
    assert(image.rgb.every((value) => value >= 0 && value < 5));
    changed += image.rgb.filter((value) => Math.abs(value - 0.3) > 1e-3).length / image.rgb.length / 200;
  }
  assert(changed > 0.02 && changed < 0.3, `${changed} of the pixels are hidden`);
});

Deno.test("paintOccluders() has hands cast a shadow away from a lamp, which is seen beside the hand alone", () => {
  const landmarks = Float32Array.from({ length: 204 }, (_, i) => i % 3 === 2 ? 10 : 12 + 40 * new Random(i).next());
  let shadows = 0;
  for (let seed = 0; seed < 300; seed++) {
    const paint = (lamp?: Vec3) => {
      const image = canvas();
      image.rgb.fill(0.3);
      const options = { random: new Random(seed), landmarks, skin: [0.5, 0.3, 0.2] as const, brightness: 0.8, lamp };
      return { kinds: paintOccluders(image, options), rgb: image.rgb };
    };
    const plain = paint(), lit = paint([-0.8, 0, 0.6]);
    assertEquals(lit.kinds, plain.kinds);
    assertEquals(paint([-0.95, 0, -0.3]).rgb, plain.rgb); // from behind, its shadow falls towards the viewer
    if (plain.kinds.join() !== "hand") continue;
    let [darker, x, handX, hand] = [0, 0, 0, 0];
    plain.rgb.forEach((value, i) => {
      const column = Math.floor(i / 3) % SIZE;
      if (Math.abs(value - 0.3) > 1e-6) [hand, handX] = [hand + 1, handX + column];
      else if (lit.rgb[i]! < 0.29) [darker, x] = [darker + 1, x + column];
      if (Math.abs(value - 0.3) <= 1e-6) assert(lit.rgb[i]! <= 0.3 + 1e-6, "a shadow is no light");
    });
    if (hand < 300 || darker < 30) continue; // mostly outside
    shadows++;
    assert(x / darker > handX / hand, `seed ${seed}: to the right, where the lamp is left`);
  }
  assert(shadows > 5, `${shadows}`);
});

Deno.test("paintOccluders() has a phone held by a hand that comes from outside the picture", () => {
  const landmarks = Float32Array.from({ length: 204 }, (_, i) => i % 3 === 2 ? 10 : 20 + 24 * new Random(i).next());
  let phones = 0;
  for (let seed = 0; seed < 300; seed++) {
    const image = canvas();
    image.rgb.fill(0.3);
    const options = { random: new Random(seed), landmarks, skin: [0.6, 0.1, 0.1] as const, brightness: 0.8 };
    if (paintOccluders(image, options).join() !== "phone") continue;
    phones++;
    const isFlesh = (k: number) => image.rgb[3 * k]! > 0.32 && image.rgb[3 * k + 1]! < 0.2;
    const border = [...Array(SIZE ** 2).keys()].filter((k) =>
      k >= SIZE ** 2 - SIZE || k % SIZE === 0 || k % SIZE === SIZE - 1
    );
    assert(border.some(isFlesh), `seed ${seed}`);
  }
  assert(phones > 3, `${phones}`);
});

Deno.test("paintGlasses() draws temples over skin that is a little nearer, not over hair, nor on the far side", () => {
  const random = new Random(1), drawn = Array.from({ length: 99 }, () => randomGlasses(random)).find((g) => g)!;
  const glasses = { ...drawn, frame: 0.05, frameColor: [1, 0, 0] as const }, scale = 24;
  const rotation = poseRotation({ pitch: 0, yaw: 0.6, roll: 0 });
  const placement = { rotation, scale, translation: [SIZE / 2, SIZE / 2, 0] as const };
  const head = new Float32Array(204); // y up
  for (let l = 36; l < 48; l++) head.set([l < 42 ? -0.33 : 0.33, 0, 0], 3 * l);
  for (const side of [-1, 1]) {
    head.set([0.5 * side, 0, 0], 3 * (side < 0 ? 36 : 45));
    head.set([0.8 * side, 0, -0.7], 3 * (side < 0 ? 0 : 16));
  }
  const landmarks = placeInImage(head, placement);
  const hinges = [-1, 1].map((side) =>
    placeInImage(
      Float32Array.from([side * ((5 * 0.33 + 0.5) / 6 + 0.01 + glasses.halfWidth), glasses.lift + 0.06, 0.19]),
      placement,
    )
  );
  const [far, near] = hinges.sort((a, b) => a[2]! - b[2]!);
  /** Where what is seen is nearer by this, in distances of eye corners. */
  const isDrawn = (hinge: Float32Array, kind: number, nearer: number) => {
    const [x, y, z] = hinge as unknown as [number, number, number];
    const raster = {
      width: SIZE,
      depth: new Float32Array(SIZE ** 2).fill(z + nearer * scale),
      kinds: new Uint8Array(SIZE ** 2).fill(kind),
    };
    const image = canvas();
    paintGlasses(image, glasses, { raster, landmarks, placement, brightness: 1 });
    return image.rgb[3 * (Math.floor(y) * SIZE + Math.floor(x))]! > 0.3;
  };
  const { texture, hair } = colorSources;
  for (const kind of [texture, hair]) assert(isDrawn(near!, kind, -0.1) && isDrawn(far!, kind, -0.1));
  assert(isDrawn(near!, texture, 0.1) && !isDrawn(near!, hair, 0.1) && !isDrawn(near!, texture, 0.5));
  assert(!isDrawn(far!, texture, 0.1));
});

Deno.test("castGlasses() dims a lamp behind rims and dark lenses, where its light comes from", () => {
  const random = new Random(2),
    glasses = Array.from({ length: 99 }, () => randomGlasses(random)).find((g) => g && g.opacity > 0.6)!;
  const rotation = poseRotation({ pitch: 0, yaw: 0, roll: 0 }),
    placement = { rotation, scale: 1, translation: [0, 0, 0] as const };
  const landmarks = new Float32Array(204);
  for (let l = 36; l < 48; l++) landmarks.set([l < 42 ? -16 : 16, 0, 0], 3 * l);
  landmarks.set([-25, 0, 0], 3 * 36);
  landmarks.set([25, 0, 0], 3 * 45);
  const seen = { isSeen: new Uint8Array(121).fill(1), list: Uint32Array.from({ length: 121 }, (_, i) => i) };
  const row = (down: number) => Float32Array.from({ length: 363 }, (_, i) => [Math.floor(i / 3) - 60, down, 0][i % 3]!);
  const shadow = (direction: Vec3, down = 0) => {
    const visibility = new Float32Array(121).fill(1);
    castGlasses(glasses, { landmarks, placement, positions: row(down), seen, direction, visibility });
    return visibility;
  };
  const middleOfShadow = (direction: Vec3) => {
    const visibility = shadow(direction);
    assert(visibility.every((share) => share >= 0 && share <= 1) && visibility.some((share) => share > 0.99));
    const dark = [...visibility.keys()].filter((v) => visibility[v]! < 0.5);
    return dark.reduce((sum, v) => sum + v - 60, 0) / dark.length;
  };
  assertClose(middleOfShadow([0, 0, 1]), 0, 1.5);
  const shift = middleOfShadow([0.6, 0, 0.8]);
  // from above, the shadow lies lower: below the lens it is dark, and above it is not
  const reach = 50 * glasses.halfHeight, down = 0.19 * 50 * 0.6 / 0.8 - 50 * glasses.lift;
  const darkest = (direction: Vec3, at: number) => Math.min(...shadow(direction, at));
  assert(darkest([0, -0.6, 0.8], down + 0.7 * reach) < 0.5 && darkest([0, -0.6, 0.8], down - 1.6 * reach) === 1);
  assert(darkest([0, 0.6, 0.8], down + 1.6 * reach) === 1);
  assertClose(shift, -0.19 * 50 * 0.6 / 0.8, 2); // of lenses that far ahead, with a lamp to the right
});

Deno.test("randomLighting() gives lights of length 1 that are neither dark nor blinding", () => {
  for (let seed = 0; seed < 100; seed++) {
    const { lamps, brightness } = randomLighting(new Random(seed), { isWild: true });
    for (const { direction, color } of lamps) {
      assertClose(Math.hypot(...direction), 1, 1e-9);
      assert(color.every((value) => value > 0 && value < 2));
    }
    assert(brightness > 0.1 && brightness < 2);
  }
});
