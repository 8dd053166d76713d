import { vertexPoints } from "@/lib/face/landmarks.ts";
import fc from "@/tests/fast_check.ts";
import { bakePositionMap, readLandmarks } from "@/lib/data/maps/position_map.ts";
import { nearestCorner, uvLayout } from "@/lib/data/maps/uv_layout.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { type FaceSurface, NECK, regionNames } from "@/lib/face/morphable_model.ts";
import { publishedWeights, weightedRegions, weightMask } from "@/lib/train/mask.ts";
import { assert, assertEquals, assertThrows } from "../support.ts";

const { surface } = builtInFace();

Deno.test("weightMask() weights 16:4:3:0 as published, every face texel by one of them and all else by 0", () => {
  assertEquals(publishedWeights, { landmarks: 16, eyes: 4, nose: 4, mouth: 4, face: 3, neck: 0 });
  for (const size of [64, 128, 256]) {
    const layout = uvLayout(surface, size);
    const mask = weightMask(layout, surface);
    assertEquals(mask.length, size * size);
    assertEquals([...new Set(mask)].sort((a, b) => a - b), [0, 3, 4, 16]);
    layout.valid.forEach((valid, texel) => assert(valid || mask[texel] === 0, `texel ${texel} shows nothing`));
  }
});

Deno.test("weightMask() changes only where the weight of a region does", () => {
  const layout = uvLayout(surface, 64);
  const before = weightMask(layout, surface);
  fc.assert(fc.property(
    fc.constantFrom(...regionNames, "landmarks" as const),
    fc.double({ min: 20, max: 30, noNaN: true }),
    (name, weight) => {
      const unique = { landmarks: 6, eyes: 5, nose: 4, mouth: 3, face: 2, neck: 1 };
      const after = weightMask(layout, surface, { ...unique, [name]: weight });
      weightMask(layout, surface, unique).forEach((value, texel) => {
        const expected = value === unique[name] ? Math.fround(weight) : value;
        assert(after[texel] === expected, `texel ${texel}: ${after[texel]}, not ${expected}`);
      });
    },
  ));
  assert(before.some((value) => value === 16));
});

Deno.test("weightMask() gives the landmarks' weight to just the texels that readLandmarks() reads", () => {
  const size = 64;
  const layout = uvLayout(surface, size);
  const mask = weightMask(layout, surface);
  const vertices = new Float32Array(3 * surface.regions.length);
  const map = bakePositionMap(layout, vertices);
  const isRead = (texel: number) => {
    const positions = map.positions.slice();
    positions[3 * texel] = 1;
    return readLandmarks({ size, positions }, surface).some((value) => value !== 0);
  };
  mask.forEach((weight, texel) => {
    if (layout.valid[texel]) assertEquals(weight === publishedWeights.landmarks, isRead(texel));
  });
});

Deno.test("weightedRegions() is where the mask has a weight, but for landmarks in regions without, which lie apart", () => {
  const size = 64, layout = uvLayout(surface, size);
  const [mask, shown] = [weightMask(layout, surface), weightedRegions(layout, surface)];
  const apart = [...shown.keys()].filter((texel) => Boolean(shown[texel]) !== mask[texel]! > 0);
  assert(apart.length >= 9, `${apart.length} texels of the jaw's landmarks`);
  for (const texel of apart) {
    assertEquals([mask[texel], surface.regions[nearestCorner(layout, texel)]], [publishedWeights.landmarks, NECK]);
  }
  const withNeck = weightedRegions(layout, surface, { ...publishedWeights, neck: 1 });
  assertEquals(withNeck, layout.valid);
});

Deno.test("weightMask() takes each texel's region from the corner of its triangle that is nearest", () => {
  const square: FaceSurface = {
    uv: new Float32Array([0, 0, 1, 0, 0, 1, 1, 1]),
    triangles: new Uint32Array([0, 2, 1, 1, 2, 3]),
    landmarks: { outline: vertexPoints([]) },
    regions: Uint8Array.from(["eyes", "neck", "neck", "face"], (name) => regionNames.indexOf(name as "eyes")),
  };
  const mask = weightMask(uvLayout(square, 16), square);
  assertEquals([mask[0], mask[15], mask[16 * 15], mask[16 * 16 - 1]], [4, 0, 0, 3]);
});

Deno.test("weightMask() refuses a surface that the layout was not made from", async () => {
  const other = { ...surface, regions: new Uint8Array(3) };
  await assertThrows(() => weightMask(uvLayout(surface, 64), other), TypeError, /regions of 3 vertices/);
});
