import { melaninRange, skinColor, skinColors } from "@/lib/portrait/skin.ts";
import { assert, assertClose } from "@/tests/support.ts";

Deno.test("skinColor() darkens every channel with melanin, blue most, over a wide range of tones", () => {
  const [lightest, darkest] = melaninRange;
  let before = skinColor(lightest, 0.3);
  for (let melanin = lightest + 0.05; melanin <= darkest; melanin += 0.05) {
    const color = skinColor(melanin, 0.3);
    color.forEach((value, c) => assert(value < before[c]! && value > 0));
    assert(color[0] > color[1] && color[1] > color[2]);
    assert(before[2] / color[2] > before[0] / color[0]);
    before = color;
  }
  assert(skinColor(lightest, 0.3)[1] > 8 * skinColor(darkest, 0.3)[1]);
});

Deno.test("skinColor() reddens with hemoglobin", () => {
  const [pale, flushed] = [skinColor(0.3, 0.1), skinColor(0.3, 0.8)];
  assert(flushed[0] / flushed[1] > 1.3 * pale[0] / pale[1]);
});

Deno.test("skinColors() is skinColor() to a few hundredths, at the points listed and nowhere else", () => {
  const melanin = Float32Array.from({ length: 50 }, (_, i) => 0.05 * i);
  const hemoglobin = Float32Array.from({ length: 50 }, (_, i) => (i % 7) / 7);
  const colors = new Float32Array(150).fill(-1);
  skinColors({ melanin, hemoglobin, points: Uint32Array.from({ length: 25 }, (_, i) => 2 * i) }, colors);
  for (let i = 0; i < 50; i++) {
    const expected = i % 2 ? [-1, -1, -1] : skinColor(melanin[i]!, hemoglobin[i]!);
    expected.forEach((value, c) => assertClose(colors[3 * i + c]!, value, 0.04 * Math.abs(value)));
  }
});
