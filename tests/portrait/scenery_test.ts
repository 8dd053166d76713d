import { Backdrop } from "@/lib/portrait/backgrounds.ts";
import { paintGlasses, randomGlasses } from "@/lib/portrait/glasses.ts";
import { randomLighting } from "@/lib/portrait/lighting.ts";
import { paintOccluders } from "@/lib/portrait/occluders.ts";
import { fillShape, stroke } from "@/lib/portrait/shapes.ts";
import { emptyRaster } from "@/lib/geometry/rasterize.ts";
import { poseRotation } from "@/lib/geometry/transforms.ts";
import { Random } from "@/lib/random.ts";
import { assert, assertClose } from "@/tests/support.ts";

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
      const raster = emptyRaster({ width: SIZE, height: SIZE });
      paintGlasses(image, glasses, { raster, landmarks, placement, brightness: 0.8 });
    }
    assert(image.rgb.every((value) => value >= 0 && value < 5));
    changed += image.rgb.filter((value) => Math.abs(value - 0.3) > 1e-3).length / image.rgb.length / 200;
  }
  assert(changed > 0.02 && changed < 0.3, `${changed} of the pixels are hidden`);
});

Deno.test("randomLighting() gives lights of length 1 that are neither dark nor blinding", () => {
  for (let seed = 0; seed < 100; seed++) {
    const { lamps, brightness } = randomLighting(new Random(seed));
    for (const { direction, color } of lamps) {
      assertClose(Math.hypot(...direction), 1, 1e-9);
      assert(color.every((value) => value > 0 && value < 2));
    }
    assert(brightness > 0.1 && brightness < 2);
  }
});
