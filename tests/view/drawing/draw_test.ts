import fc from "@/tests/fast_check.ts";
import { assert, assertClose, assertEquals, assertThrows } from "@/tests/support.ts";
import { uniform } from "@/tests/geometry/arbitraries.ts";
import { drawLandmarks, overlayMesh, positionMapPicture } from "@/lib/view/drawing/draw.ts";
import { paintLines, type Point } from "@/lib/view/drawing/stroke.ts";
import type { Mesh, Photo } from "@/lib/types.ts";

const [width, height] = [40, 30];
const black = () => ({ width, height, rgb: new Float32Array(3 * width * height) });
const white = { color: [1, 1, 1] } as const;
const grayPhoto: Photo = { width: 200, height: 160, rgb: new Uint8Array(3 * 200 * 160).fill(90) };

function painted(lines: Point[][], options: { width: number; opacity?: number }): Float32Array {
  const image = black();
  paintLines(image, lines, { ...white, ...options });
  return image.rgb.filter((_, i) => i % 3 === 0);
}

function total(values: Float32Array): number {
  return values.reduce((sum, value) => sum + value, 0);
}

const inside: fc.Arbitrary<Point> = fc.tuple(uniform(6, 34), uniform(6, 24));

Deno.test("paintLines() covers the area of a line and its round ends", () => {
  fc.assert(fc.property(inside, inside, uniform(1, 5), (from, to, thickness) => {
    const length = Math.hypot(to[0] - from[0], to[1] - from[1]);
    const area = thickness * length + Math.PI * thickness ** 2 / 4;
    assertClose(total(painted([[from, to]], { width: thickness })), area, 0.1 * area + 0.5);
  }));
});

Deno.test("paintLines() paints once what several lines cover, and as much as the opacity says", () => {
  fc.assert(fc.property(inside, inside, inside, uniform(0, 1), (a, b, c, opacity) => {
    const once = painted([[a, b, c]], { width: 3 });
    assertEquals([...painted([[a, b, c], [b, a], [c]], { width: 3 })], [...once]);
    assertClose(total(painted([[a, b, c]], { width: 3, opacity })), opacity * total(once), 0.01);
  }));
});

Deno.test("paintLines() leaves out what is not finite or not in the picture", () => {
  assertEquals(total(painted([[[NaN, 3], [5, 5]], [[Infinity, 0]], [[-90, -90], [-50, 200]], []], { width: 3 })), 0);
  const half = total(painted([[[20, 15], [20, 15], [NaN, 0]]], { width: 3 }));
  assertClose(half, total(painted([[[20, 15]]], { width: 3 })), 0);
});

/** In a grid, so far apart that no dot touches another's center. */
const spread = Float32Array.from({ length: 204 }, (_, i) => {
  const point = Math.floor(i / 3);
  return [10.5 + 18 * (point % 10), 12.5 + 20 * Math.floor(point / 10), 0][i % 3]!;
});

Deno.test("drawLandmarks() marks every landmark in the color of its part, and leaves its input as it was", () => {
  const before = grayPhoto.rgb.slice();
  const { rgb } = drawLandmarks(grayPhoto, spread);
  assertEquals(grayPhoto.rgb, before);
  const colors = Array.from({ length: 68 }, (_, i) => {
    const pixel = Math.floor(spread[3 * i + 1]!) * 200 + Math.floor(spread[3 * i]!);
    return rgb.subarray(3 * pixel, 3 * pixel + 3).join();
  });
  for (const [first, last] of [[0, 16], [17, 26], [27, 35], [36, 47], [48, 67]] as const) {
    assertEquals(new Set(colors.slice(first, last + 1)).size, 1);
  }
  assertEquals(new Set(colors).size, 5);
});

Deno.test("drawLandmarks() draws the rest where some are not finite, and nothing where none is", async () => {
  const some = spread.map((value, i) => i < 102 ? NaN : value);
  assert(drawLandmarks(grayPhoto, some).rgb.some((value) => value !== 90));
  assertEquals(drawLandmarks(grayPhoto, new Float32Array(204).fill(NaN)).rgb, grayPhoto.rgb);
  await assertThrows(() => drawLandmarks(grayPhoto, new Float32Array(136)), TypeError, /136 numbers/);
});

const triangle: Mesh = {
  positions: new Float32Array([20, 20, 0, 20, 120, 0, 150, 20, 0]), // facing the viewer
  triangles: new Uint32Array([0, 1, 2]),
};

Deno.test("overlayMesh() changes the photo where the mesh is, and only there", () => {
  const { rgb } = overlayMesh(grayPhoto, triangle);
  for (let row = 0; row < 160; row++) {
    for (let column = 0; column < 200; column++) {
      const [x, y] = [column - 20, row - 20];
      const level = rgb[3 * (200 * row + column)]!;
      if (x < 0 || y < 0 || x / 130 + y / 100 > 1) assertEquals(level, 90);
      else if ((x + 1) / 130 + (y + 1) / 100 < 1) assert(level > 100);
    }
  }
});

Deno.test("overlayMesh() of opacity 0, of an empty mesh, or of one that is not finite is the photo", () => {
  assertEquals(overlayMesh(grayPhoto, triangle, { opacity: 0 }).rgb, grayPhoto.rgb);
  const nowhere = { ...triangle, positions: new Float32Array(9).fill(NaN) };
  assertEquals(overlayMesh(grayPhoto, nowhere).rgb, grayPhoto.rgb);
  const empty = { positions: new Float32Array(), triangles: new Uint32Array() };
  assertEquals(overlayMesh(grayPhoto, empty).rgb, grayPhoto.rgb);
});

Deno.test("positionMapPicture() shows positions in crop sides, and invalid texels all alike but for the edge's", () => {
  fc.assert(
    fc.property(fc.array(uniform(-8, 24), { minLength: 768, maxLength: 768 }), fc.nat(255), (values, hidden) => {
      const valid = new Uint8Array(256).fill(1);
      valid[hidden] = 0;
      const { rgb } = positionMapPicture({ size: 16, positions: new Float32Array(values) }, valid);
      const isAtEdge = [hidden >> 4, hidden & 15].some((k) => k === 0 || k === 15);
      values.forEach((value, i) => {
        if (valid[Math.floor(i / 3)] || isAtEdge) {
          assertClose(rgb[i]! / 255 * 16, Math.min(16, Math.max(0, value)), 0.04);
        } else assertEquals(rgb[i], 40);
      });
    }),
    { numRuns: 20 },
  );
});

Deno.test("positionMapPicture() names a mask of another size", async () => {
  const map = { size: 16, positions: new Float32Array(768) };
  await assertThrows(() => positionMapPicture(map, new Uint8Array(64)), TypeError, /16².*64/);
});
