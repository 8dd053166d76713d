import { rasterize } from "@/lib/geometry/rasterize.ts";
import { seenVertices } from "@/lib/geometry/seen_vertices.ts";
import { ambientHarmonics, shadeVertices, vertexNormals } from "@/lib/geometry/shading.ts";
import { lightVisibility } from "@/lib/geometry/visibility.ts";
import { Random } from "@/lib/random.ts";
import { assert, assertEquals } from "@/tests/support.ts";

const random = new Random(5);
const mesh = {
  positions: Float32Array.from({ length: 3 * 90 }, () => random.uniform(-2, 22)),
  triangles: Uint32Array.from({ length: 3 * 120 }, () => random.integer(0, 89)),
};
const raster = rasterize(mesh, { width: 20, height: 20 });
const seen = seenVertices(raster, mesh);

Deno.test("seenVertices() lists the corners of a raster's triangles, each once", () => {
  const shown = new Set(Array.from(raster.triangle).filter((t) => t >= 0));
  const corners = new Set([...shown].flatMap((t) => [...mesh.triangles.subarray(3 * t, 3 * t + 3)]));
  assertEquals([...seen.list].sort((a, b) => a - b), [...corners].sort((a, b) => a - b));
  assert(seen.list.length < 90);
  const none = seenVertices({ triangle: new Int32Array(4).fill(-1) }, mesh);
  assertEquals(none.list.length, 0);
  assert(none.isSeen.every((value) => value === 0));
});

Deno.test("vertexNormals(), lightVisibility() and shadeVertices() give seen vertices what they give all", () => {
  const normals = vertexNormals(mesh);
  const some = vertexNormals(mesh, { seen });
  const light = ambientHarmonics([0.3, 0.5, 0.7]);
  const albedo = new Float32Array(270).fill(0.5);
  const [all, few] = [shadeVertices(normals, { albedo, light }), shadeVertices(normals, { albedo, light, seen })];
  const lit = lightVisibility(mesh, [0, 0.6, 0.8], { normals });
  const seenLit = lightVisibility(mesh, [0, 0.6, 0.8], { normals, seen });
  for (const v of seen.list) {
    for (let i = 3 * v; i < 3 * v + 3; i++) assertEquals([some[i], few[i]], [normals[i], all[i]]);
    assertEquals(seenLit[v], lit[v]);
  }
});
