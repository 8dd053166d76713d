import { gridSurface } from "@/lib/data/maps/grid_surface.ts";
import { bakePositionMap, readLandmarks, readVertices } from "@/lib/data/maps/position_map.ts";
import { uvLayout } from "@/lib/data/maps/uv_layout.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { landmarkEntries } from "@/lib/face/landmarks.ts";
import { trianglesWithoutNeck } from "@/lib/face/regions.ts";
import { placeInImage, poseRotation } from "@/lib/geometry/transforms.ts";
import { rasterize } from "@/lib/geometry/rasterize.ts";
import { assert, assertAllClose, assertEquals } from "@/tests/support.ts";

const SIZE = 128;
const model = builtInFace();
const layout = uvLayout(model.surface, SIZE);
const grid = gridSurface(layout, model.surface);
const placed = placeInImage(model.mean, {
  rotation: poseRotation({ pitch: 0.1, yaw: 0.3, roll: 0 }),
  scale: 5,
  translation: [64, 64, 0],
});
const map = bakePositionMap(
  layout,
  Float32Array.from(
    { length: 3 * model.surfaceVertices.length },
    (_, i) => placed[3 * model.surfaceVertices[Math.floor(i / 3)]! + i % 3]!,
  ),
);

Deno.test("gridSurface()'s vertices are the map's texels as they are", () => {
  const kept = Array.from(
    grid.regions,
    (_, v) => Math.floor(grid.uv[2 * v + 1]! * SIZE) * SIZE + Math.floor(grid.uv[2 * v]! * SIZE),
  );
  assert(kept.every((texel) => layout.triangle[texel]! >= 0) && new Set(kept).size === kept.length);
  const texels = kept.flatMap((texel) => [...map.positions.subarray(3 * texel, 3 * texel + 3)]);
  assertAllClose(readVertices(map, grid), texels, 1e-4);
});

Deno.test("gridSurface()'s landmarks are the model's, in each convention, to half a pixel", () => {
  for (const [convention] of landmarkEntries(model.surface.landmarks)) {
    assertAllClose(readLandmarks(map, grid, convention), readLandmarks(map, model.surface, convention), 0.5);
  }
});

Deno.test("gridSurface() of a surface that is a map's texels already is that one again", () => {
  const again = gridSurface(uvLayout(grid, SIZE), grid);
  assertEquals([again.regions, again.triangles.length], [grid.regions, grid.triangles.length]);
  assertAllClose(again.uv, grid.uv, 1e-6);
  for (const [convention] of landmarkEntries(grid.landmarks)) {
    assertAllClose(readLandmarks(map, again, convention), readLandmarks(map, grid, convention), 1e-4);
  }
});

Deno.test("gridSurface() shows its outside where the model's surface does, and covers as much", () => {
  const covered = (positions: Float32Array, triangles: Uint32Array) =>
    rasterize({ positions, triangles }, { width: SIZE, height: SIZE, backfaces: false }).triangle
      .reduce((count, t) => count + (t >= 0 ? 1 : 0), 0);
  const [own, all] = [
    covered(readVertices(map, grid), grid.triangles),
    covered(readVertices(map, model.surface), trianglesWithoutNeck(model.surface)),
  ];
  assert(own > 0.95 * all && own < 1.05 * all, `${own} and ${all} pixels`);
});

Deno.test("gridSurface() has each region where the model has it", () => {
  const share = (regions: Uint8Array, region: number) => regions.filter((r) => r === region).length / regions.length;
  assert(share(grid.regions, 4) < 0.01, "of the neck only what landmarks are read from is kept");
  for (let region = 0; region < 4; region++) assert(share(grid.regions, region) > 0, `region ${region}`);
  grid.regions.forEach((region, v) => {
    const texel = Math.floor(grid.uv[2 * v + 1]! * SIZE) * SIZE + Math.floor(grid.uv[2 * v]! * SIZE);
    const weights = [...layout.weights.subarray(3 * texel, 3 * texel + 3)];
    const corner = 3 * layout.triangle[texel]! + weights.indexOf(Math.max(...weights));
    assertEquals(region, model.surface.regions[model.surface.triangles[corner]!]);
  });
});
