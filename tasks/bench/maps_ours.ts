import { MapShaper } from "@/lib/data/maps/map_shaper.ts";
import { uvLayout } from "@/lib/data/maps/uv_layout.ts";
import { poseRotation } from "@/lib/geometry/transforms.ts";
import type { MapsContestant } from "./maps.ts";
import { contestantOptions, serve } from "./serve.ts";

const { columns, rows, modes, size, times } = contestantOptions<MapsContestant>();
const count = columns * rows;
const at = (v: number) => [v % columns / (columns - 1), Math.floor(v / columns) / (rows - 1)] as const;
const uv = Float32Array.from({ length: 2 * count }, (_, i) => at(i >> 1)[i % 2]! * (1 - 1 / size) + 0.5 / size);
/** An arch in the crop's pixels. */
const mean = Float32Array.from({ length: 3 * count }, (_, i) => {
  const [u, v] = at(Math.floor(i / 3));
  return size * [0.15 + 0.7 * u, 0.1 + 0.8 * v, 2 * u * (1 - u)][i % 3]!;
});
const triangles = Uint32Array.from({ length: 6 * (columns - 1) * (rows - 1) }, (_, i) => {
  const cell = Math.floor(i / 6), a = Math.floor(cell / (columns - 1)) * columns + cell % (columns - 1);
  return a + [0, 1, columns, 1, columns + 1, columns][i % 6]!;
});
const waves = Array.from({ length: modes }, (_, k) => mean.map((_, i) => Math.sin(0.001 * (k + 1) * i) / (k + 1)));
const surfaceVertices = Uint32Array.from({ length: count }, (_, v) => v);
const face = { mean, identityModes: waves, expressionModes: [], surfaceVertices };
const maps = new MapShaper(face, uvLayout({ uv, triangles }, size));
const placement = {
  rotation: poseRotation({ pitch: 0, yaw: 0, roll: 0 }),
  scale: 1,
  translation: [0, size, 0],
} as const;

function makeMaps(): void {
  for (let time = 0; time < times; time++) {
    maps.map({ identity: Array.from({ length: modes }, (_, k) => Math.cos(k + time)), expression: [] }, placement);
  }
}

makeMaps();
await serve(() => {
  const start = performance.now();
  makeMaps();
  return [{ unit: "ms", value: (performance.now() - start) / times }];
});
