import { uvTexture } from "@/lib/export/uv_texture.ts";
import { assertEquals } from "@/tests/support.ts";

/** A square that faces the viewer, and lies in the middle half of the texture. */
const square = {
  positions: Float32Array.of(0, 0, 0, 40, 0, 0, 40, 40, 0, 0, 40, 0),
  triangles: Uint32Array.of(0, 2, 1, 0, 3, 2),
  uv: Float32Array.of(0.25, 0.25, 0.75, 0.25, 0.75, 0.75, 0.25, 0.75),
  colors: new Uint8Array(12).fill(9),
  trust: new Float32Array(4).fill(1),
  size: 64,
};
/** Red on the image's left, blue on its right. */
const photo = {
  width: 40,
  height: 40,
  rgb: Uint8Array.from({ length: 3 * 40 * 40 }, (_, i) => {
    const isLeft = Math.floor(i / 3) % 40 < 20;
    return i % 3 === (isLeft ? 0 : 2) ? 200 : 0;
  }),
};

Deno.test("uvTexture() shows the photo where the surface is seen, goes on a few texels beyond it, and is gray elsewhere", () => {
  const { rgb } = uvTexture(photo, square);
  const at = (x: number, y: number) => [...rgb.subarray(3 * (64 * y + x), 3 * (64 * y + x) + 3)];
  assertEquals([at(20, 32), at(44, 32)], [[200, 0, 0], [0, 0, 200]]);
  assertEquals([at(10, 32), at(53, 32)], [[200, 0, 0], [0, 0, 200]]);
  assertEquals([at(2, 32), at(61, 32), at(32, 1)], Array(3).fill([128, 128, 128]));
});

Deno.test("uvTexture() takes the vertices' colors where the photo's are not trusted, and both as far as they are", () => {
  for (const [trust, color] of [[0, [9, 9, 9]], [0.25, [57, 7, 7]]] as const) {
    const { rgb } = uvTexture(photo, { ...square, trust: new Float32Array(4).fill(trust) });
    assertEquals([...rgb.subarray(3 * (64 * 32 + 20), 3 * (64 * 32 + 20) + 3)], [...color]);
  }
});
