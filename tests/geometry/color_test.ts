import fc from "@/tests/fast_check.ts";
import { assert, assertClose, assertEquals, FLOAT64_TOLERANCE } from "@/tests/support.ts";
import { linearToLab, linearToPhoto, linearToSrgb, photoToLinear, srgbToLinear } from "@/lib/geometry/color.ts";
import { uniform } from "@/tests/geometry/arbitraries.ts";
import type { Vec3 } from "@/lib/types.ts";

Deno.test("linearToSrgb() undoes srgbToLinear()", () => {
  fc.assert(fc.property(uniform(0, 1), (value) => {
    assertClose(linearToSrgb(srgbToLinear(value)), value, 1e3 * FLOAT64_TOLERANCE);
  }));
});

Deno.test("linearToPhoto() gives back every byte that photoToLinear() took", () => {
  const rgb = Uint8Array.from({ length: 768 }, (_, i) => i % 256);
  assertEquals([...linearToPhoto(photoToLinear({ width: 16, height: 16, rgb })).rgb], [...rgb]);
});

Deno.test("linearToPhoto() is off by less than one from the formula, and clips what cannot be shown", () => {
  fc.assert(fc.property(uniform(-0.5, 1.5), (value) => {
    const { rgb } = linearToPhoto({ width: 1, height: 1, rgb: new Float32Array(3).fill(value) });
    assertClose(rgb[0]!, 255 * linearToSrgb(Math.min(1, Math.max(0, value))), 0.6);
  }));
  const extremes = new Float32Array([NaN, Infinity, -Infinity]);
  assertEquals([...linearToPhoto({ width: 1, height: 1, rgb: extremes }).rgb], [0, 255, 0]);
});

Deno.test("photoToLinear() and linearToPhoto() write into a buffer that is given", () => {
  const photo = { width: 1, height: 1, rgb: new Uint8Array([1, 2, 3]) };
  const buffer = new Float32Array(3);
  assert(photoToLinear(photo, buffer).rgb === buffer);
  assert(linearToPhoto({ ...photo, rgb: buffer }, photo.rgb).rgb === photo.rgb);
});

Deno.test("linearToLab() has the published values of white, black, sRGB's red and middle gray", () => {
  const close = (rgb: Vec3, lab: Vec3) => linearToLab(rgb).forEach((value, i) => assertClose(value, lab[i]!, 0.05));
  close([1, 1, 1], [100, 0, 0]);
  close([0, 0, 0], [0, 0, 0]);
  close([1, 0, 0], [53.24, 80.09, 67.2]);
  close([0.214, 0.214, 0.214], [53.38, 0, 0]);
});
