import fc from "@/tests/fast_check.ts";
import { assert, assertAllClose, assertClose, assertEquals, assertThrows, FLOAT32_TOLERANCE } from "@/tests/support.ts";
import { drawMesh } from "@/lib/geometry/draw_mesh.ts";
import { emptyRaster } from "@/lib/geometry/rasterize.ts";
import type { Mesh } from "@/lib/types.ts";

const [width, height] = [16, 12];
const gray = () => ({ width, height, rgb: new Float32Array(3 * width * height).fill(0.25) });

/** A rectangle of two triangles, at depth 0. */
function rectangle([left, top, right, bottom]: readonly [number, number, number, number]): Mesh {
  return {
    positions: new Float32Array([left, top, 0, left, bottom, 0, right, bottom, 0, right, top, 0]),
    triangles: new Uint32Array([0, 1, 2, 0, 2, 3]),
  };
}

const white = new Float32Array(12).fill(1);
const quarter = fc.integer({ min: 0, max: 48 }).map((n) => n / 4);

Deno.test("drawMesh() adds as much of the mesh's color as the mesh covers", () => {
  fc.assert(fc.property(quarter, quarter, quarter, quarter, (x0, y0, x1, y1) => {
    const image = gray();
    drawMesh(rectangle([x0, y0, x1, y1]), image, { colors: white, samples: 4 });
    const covered = image.rgb.reduce((sum, value) => sum + (value - 0.25) / 0.75, 0) / 3;
    assertClose(covered, Math.abs((x1 - x0) * (y1 - y0)), 1000 * FLOAT32_TOLERANCE);
  }));
});

Deno.test("drawMesh() interpolates vertex colors linearly, also when seen from behind", () => {
  for (const box of [[0, 0, 16, 12], [16, 0, 0, 12]] as const) {
    const mesh = rectangle(box);
    const image = gray();
    const colors = mesh.positions.map((_, i) => mesh.positions[i - i % 3 + (i % 3 === 1 ? 1 : 0)]!);
    drawMesh(mesh, image, { colors, samples: 1 });
    for (let k = 0; k < width * height; k++) {
      const [x, y] = [k % width + 0.5, Math.floor(k / width) + 0.5];
      assertAllClose(image.rgb.subarray(3 * k, 3 * k + 3), [x, y, x], 20 * FLOAT32_TOLERANCE);
    }
  }
});

Deno.test("drawMesh() takes colors from a function of the raster's samples", () => {
  const image = gray();
  const raster = drawMesh(rectangle([0, 0, 8, 12]), image, {
    colors: (k, { triangle }, color) => color.set([triangle[k]!, 1, 0]),
    samples: 1,
  });
  for (let k = 0; k < width * height; k++) {
    const expected = raster.triangle[k]! < 0 ? [0.25, 0.25, 0.25] : [raster.triangle[k]!, 1, 0];
    assertEquals([...image.rgb.subarray(3 * k, 3 * k + 3)], expected);
  }
});

Deno.test("drawMesh() lets the picture show through as the opacity says", () => {
  const image = gray();
  drawMesh(rectangle([0, 0, 16, 12]), image, { colors: white, opacity: 0.4 });
  assert(image.rgb.every((value) => Math.abs(value - (0.6 * 0.25 + 0.4)) < FLOAT32_TOLERANCE));
});

Deno.test("drawMesh() with used buffers draws the same", () => {
  const raster = emptyRaster({ width, height, samples: 2 });
  drawMesh(rectangle([1, 1, 9, 9]), gray(), { colors: white, raster });
  const [a, b] = [gray(), gray()];
  drawMesh(rectangle([3.3, 2, 7, 11]), a, { colors: white, raster });
  drawMesh(rectangle([3.3, 2, 7, 11]), b, { colors: white });
  assertEquals([...a.rgb], [...b.rgb]);
});

Deno.test("drawMesh() leaves the picture as it is where the mesh is empty", () => {
  const image = gray();
  drawMesh({ positions: new Float32Array(), triangles: new Uint32Array() }, image, { colors: new Float32Array() });
  assertEquals([...image.rgb], [...gray().rgb]);
});

Deno.test("drawMesh() names a number of colors that does not fit the vertices", async () => {
  const colors = new Float32Array(9);
  await assertThrows(() => drawMesh(rectangle([0, 0, 1, 1]), gray(), { colors }), TypeError, /4 vertices with 3/);
});
