import { bakePositionMap } from "@/lib/data/maps/position_map.ts";
import { uvLayout } from "@/lib/data/maps/uv_layout.ts";
import { FaceShaper } from "@/lib/face/face_shaper.ts";
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
const shaper = new FaceShaper({ mean, identityModes: waves, expressionModes: [] });
const layout = uvLayout({ uv, triangles }, size);
const map = { size, positions: new Float32Array(3 * size * size) };

/** Milliseconds for each part of a map. */
function makeMaps(): { readonly shape: number; readonly map: number } {
  let [shape, baked] = [0, 0];
  for (let time = 0; time < times; time++) {
    const start = performance.now();
    const identity = Array.from({ length: modes }, (_, k) => Math.cos(k + time));
    const vertices = shaper.shape({ identity, expression: [] });
    const middle = performance.now();
    bakePositionMap(layout, vertices, map);
    shape += (middle - start) / times;
    baked += (performance.now() - middle) / times;
  }
  return { shape, map: baked };
}

makeMaps();
await serve(() => {
  const { shape, map } = makeMaps();
  return [
    { unit: "ms", value: shape + map },
    { label: "vertices", unit: "ms", value: shape },
    { label: "map", unit: "ms", value: map },
  ];
});
