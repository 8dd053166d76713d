import { HeadPixels } from "@/lib/portrait/head_pixels.ts";
import { Kernels } from "@/lib/geometry/kernels.ts";
import { strands } from "@/lib/portrait/hair.ts";
import { rasterize } from "@/lib/geometry/rasterize.ts";
import { seenVertices } from "@/lib/geometry/seen_vertices.ts";
import { Random } from "@/lib/random.ts";
import { assert, assertClose, assertEquals } from "@/tests/support.ts";

const SIZE = 64;
const VERTICES = 200;
const TRIANGLES = 300;
const random = new Random(3);

/** Triangles of all sizes, many of them far larger than a pixel, some of them out of reach. */
function randomScene() {
  const kernels = new Kernels(4_000_000 + 4 * strands.texture.values.length);
  const positions = kernels.floats(3 * VERTICES);
  for (let i = 0; i < positions.length; i++) positions[i] = random.uniform(-10, SIZE + 10);
  positions.set([NaN, 0, 0, 3, Infinity, 0, 1e6, 4, 0], 30);
  const size = random.pick([2, 5, 30]);
  const triangles = new Uint32Array(3 * TRIANGLES);
  for (let t = 0; t < TRIANGLES; t++) {
    const a = random.integer(0, VERTICES - 3);
    triangles.set([a, a + 1, a + 2], 3 * t);
    for (let i = 3 * a + 3; i < 3 * a + 9; i++) positions[i] = positions[i - 3]! + random.uniform(-size, size);
  }
  const mesh = {
    modelVertices: 0,
    bodyVertices: VERTICES,
    vertexCount: VERTICES,
    triangles,
    starts: { mouth: 0, eyes: 0, skin: 0, hair: TRIANGLES, hairBacks: TRIANGLES },
    sources: new Uint8Array(TRIANGLES).fill(4),
    corners: new Float32Array(6 * TRIANGLES),
  };
  const pixels = new HeadPixels(kernels, {
    size: SIZE,
    mesh,
    textureSize: 4,
    irisDistances: new Float32Array(VERTICES),
  });
  return { kernels, positions, triangles, pixels };
}

Deno.test("HeadPixels finds what rasterize() draws and lists the vertices that seenVertices() does", () => {
  for (let scene = 0; scene < 20; scene++) {
    const { positions, triangles, pixels } = randomScene();
    const first = 7, end = 290;
    const seen = pixels.find(positions, { first, end });
    const drawn = triangles.subarray(3 * first, 3 * end);
    const wanted = rasterize({ positions, triangles: drawn }, { width: SIZE, height: SIZE, backfaces: false });
    const { triangle, depth, second, third } = pixels.raster;
    for (let k = 0; k < SIZE * SIZE; k++) {
      assertEquals(triangle[k]! < 0, wanted.triangle[k]! < 0);
      assertEquals(depth[k] === -Infinity, wanted.depth[k] === -Infinity);
      if (triangle[k]! < 0) continue;
      assertClose(depth[k]!, wanted.depth[k]!, 1e-3);
      if (triangle[k] !== wanted.triangle[k]) continue; // as near, to the last digit
      assertClose(second[k]!, wanted.weights[3 * k + 1]!, 1e-4);
      assertClose(third[k]!, wanted.weights[3 * k + 2]!, 1e-4);
    }
    const vertices = seenVertices({ triangle }, { positions, triangles: drawn });
    assertEquals([...seen.list].sort((a, b) => a - b), [...vertices.list].sort((a, b) => a - b));
    assertEquals([...seen.isSeen], [...vertices.isSeen]);
  }
});

Deno.test("HeadPixels interpolates between vertices, and softens only where it drew", () => {
  const { kernels, positions, pixels } = randomScene();
  pixels.find(positions, { first: 0, end: TRIANGLES });
  const floats = () => kernels.floats(3 * VERTICES);
  const light = floats(), shine = floats(), colors = floats().fill(0.5);
  for (let v = 0; v < VERTICES; v++) light.set([0.01 * positions[3 * v]!, 1, 1], 3 * v);
  const paint = {
    albedo: kernels.floats(48 + 3 * VERTICES),
    relief: kernels.floats(16),
    eyeRamp: kernels.floats(300),
    gloss: new Float32Array(),
  };
  const slopes = kernels.floats(3 * VERTICES), lamp = kernels.floats(4);
  const image = { width: SIZE, height: SIZE, rgb: new Float32Array(3 * SIZE * SIZE).fill(9) };
  pixels.shade(image, { first: 0, paint, light, shine, slopes, lamp, colors, strands: 0, seed: 0 });
  const { triangle, depth } = pixels.raster;
  const around = [-SIZE - 1, -SIZE, -SIZE + 1, -1, 0, 1, SIZE - 1, SIZE, SIZE + 1];
  let [plain, bare] = [0, 0];
  for (let y = 1; y < SIZE - 1; y++) {
    for (let x = 1; x < SIZE - 1; x++) {
      const k = y * SIZE + x;
      if (around.every((step) => triangle[k + step]! < 0)) {
        bare++;
        assertEquals([...image.rgb.subarray(3 * k, 3 * k + 3)], [9, 9, 9]);
      }
      if (around.some((step) => triangle[k + step]! < 0 || Math.abs(depth[k]! - depth[k + step]!) > 3)) continue;
      plain++;
      assertClose(image.rgb[3 * k]!, 0.005 * (x + 0.5), 1e-3);
      assertClose(image.rgb[3 * k + 1]!, 0.5, 1e-4);
    }
  }
  assert(plain > 20 && bare > 20, `${plain} pixels inside, ${bare} outside`);
});
