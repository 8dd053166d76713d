import fc from "@/tests/fast_check.ts";
import { relaxUv } from "@/lib/face/relax_uv.ts";
import { Random } from "@/lib/random.ts";
import { gridSurface, uvAreas } from "@/tests/face/grid_surface.ts";
import { assert, assertAllClose } from "@/tests/support.ts";

/** Heights over the UV plane with a narrow, deep pit, as a nostril. */
function pit(uv: Float32Array, depth: number): Float32Array {
  return Float32Array.from({ length: uv.length / 2 * 3 }, (_, i) => {
    const [u, v] = [uv[2 * Math.floor(i / 3)]!, uv[2 * Math.floor(i / 3) + 1]!];
    return [u, v, -depth * Math.exp(-((u - 0.4) ** 2 + (v - 0.6) ** 2) / 0.005)][i % 3]!;
  });
}

const options = { sweeps: 60, grain: 0.01, foldWeight: 1 };

Deno.test("relaxUv() keeps the border, turns no triangle over, and does not move what is even", () => {
  const arbitrary = fc.record({
    seed: fc.integer(),
    columns: fc.integer({ min: 3, max: 9 }),
    depth: fc.nat({ max: 3 }),
  });
  fc.assert(
    fc.property(arbitrary, ({ seed, columns, depth }) => {
      const { uv, triangles } = gridSurface({ seed, columns, rows: 8, holes: 0.1 });
      const random = new Random(seed);
      const shape = pit(uv, depth).map(() => 0.05 * random.normal());
      const relaxed = relaxUv({ uv, triangles, mean: pit(uv, depth), modes: [{ shape, variance: 1 }] }, options);
      const before = uvAreas(uv, triangles);
      uvAreas(relaxed, triangles).forEach((area, t) => assert(area * before[t]! > 0, `triangle ${t} turned over`));
      uv.forEach((value, i) => {
        const v = Math.floor(i / 2);
        const isBorder = [0, 1].includes(uv[2 * v]!) || [0, 1].includes(uv[2 * v + 1]!);
        if (isBorder) assert(relaxed[i] === value, `border vertex ${v} moved`);
      });
    }),
    { numRuns: 30 },
  );
  const even = gridSurface({ seed: 1, columns: 7, rows: 7 });
  const plane = pit(even.uv, 0);
  assertAllClose(relaxUv({ ...even, mean: plane, modes: [] }, { ...options, grain: 0 }), even.uv, 1e-3);
});

Deno.test("relaxUv() gives a pit the room that its depth asks for, as it does to one that only a mode has", () => {
  const { uv, triangles } = gridSurface({ seed: 5, columns: 24, rows: 24 });
  const crowding = (layout: Float32Array) => {
    const deep = pit(uv, 2);
    return Math.max(
      ...uvAreas(layout, triangles).map((area, t) => {
        const [a, b] = [triangles[3 * t]!, triangles[3 * t + 1]!];
        const height = Math.abs(deep[3 * a + 2]! - deep[3 * b + 2]!);
        return height / Math.sqrt(Math.abs(area));
      }),
    );
  };
  const standing = relaxUv({ uv, triangles, mean: pit(uv, 2), modes: [] }, options);
  assert(crowding(standing) < 0.6 * crowding(uv), `${crowding(standing)} of ${crowding(uv)}`);
  const change = pit(uv, 2).map((value, i) => i % 3 === 2 ? value : 0);
  const moving = relaxUv({ uv, triangles, mean: pit(uv, 0), modes: [{ shape: change, variance: 1 }] }, options);
  assert(crowding(moving) < 0.6 * crowding(uv), `${crowding(moving)} of ${crowding(uv)}`);
});
