import fc from "@/tests/fast_check.ts";
import { sampleTexture } from "@/lib/geometry/sample_texture.ts";
import { Random } from "@/lib/random.ts";
import { uniform } from "@/tests/geometry/arbitraries.ts";
import { assert, assertAllClose, assertEquals, FLOAT32_TOLERANCE } from "@/tests/support.ts";

const [width, height] = [7, 5];
const random = new Random("texture");
const image = { width, height, rgb: Float32Array.from({ length: 3 * width * height }, () => random.next()) };

function colorAt(x: number, y: number, of = image): number[] {
  const color = new Float32Array(3);
  sampleTexture(of, x, y, color);
  return [...color];
}

Deno.test("sampleTexture() gives each pixel's own color at its center", () => {
  for (let row = 0; row < height; row++) {
    for (let column = 0; column < width; column++) {
      const k = 3 * (row * width + column);
      assertAllClose(colorAt(column + 0.5, row + 0.5), image.rgb.subarray(k, k + 3), FLOAT32_TOLERANCE);
    }
  }
});

Deno.test("sampleTexture() continues a ramp between pixels", () => {
  const rgb = image.rgb.map((_, i) =>
    [0.1 * (Math.floor(i / 3) % width), 0.2 * Math.floor(i / 3 / width), 0.5][i % 3]!
  );
  fc.assert(fc.property(uniform(1.5, width - 1.5), uniform(1.5, height - 1.5), (x, y) => {
    const wanted = [0.1 * (x - 0.5), 0.2 * (y - 0.5), 0.5];
    assertAllClose(colorAt(x, y, { width, height, rgb }), wanted, FLOAT32_TOLERANCE);
  }));
});

Deno.test("sampleTexture() mirrors the picture at its edges, and is never darker than black", () => {
  fc.assert(fc.property(uniform(-2 * width, 3 * width), uniform(-2 * height, 3 * height), (x, y) => {
    const color = colorAt(x, y);
    for (const [u, v] of [[-x, y], [x, -y], [2 * width - x, y], [x, 2 * height - y]] as const) {
      assertAllClose(colorAt(u, v), color, FLOAT32_TOLERANCE);
    }
    assert(color.every((value) => value >= 0));
  }));
  const dark = { width: 4, height: 1, rgb: Float32Array.from({ length: 12 }, (_, i) => i < 6 ? 0 : 1) };
  assertEquals(colorAt(1.3, 0.5, dark), [0, 0, 0]);
});
