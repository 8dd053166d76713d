import { boundaryLoops } from "@/lib/geometry/boundary.ts";
import { fillHarmonic } from "@/lib/geometry/harmonic.ts";
import { assertAllClose, assertEquals, assertThrows } from "@/tests/support.ts";

Deno.test("fillHarmonic() continues a plane that its edge gives, and leaves what is fixed", () => {
  const [columns, rows] = [23, 17];
  const plane = Float32Array.from({ length: columns * rows * 2 }, (_, i) => {
    const node = i >> 1;
    return i % 2 === 0 ? node % columns / columns : Math.floor(node / columns) / rows;
  });
  const isFixed = Uint8Array.from({ length: columns * rows }, (_, node) => {
    const [x, y] = [node % columns, Math.floor(node / columns)];
    return x === 0 || y === 0 || x === columns - 1 || y === rows - 1 ? 1 : 0;
  });
  const values = plane.map((value, i) => isFixed[i >> 1] ? value : 0);
  fillHarmonic(values, isFixed, { columns, rows, channels: 2, passes: 500 });
  assertAllClose(values, plane, 2e-3);
});

Deno.test("fillHarmonic() refuses a grid of another size", async () => {
  const call = () => fillHarmonic(new Float32Array(6), new Uint8Array(4), { columns: 2, rows: 2, channels: 2 });
  await assertThrows(call, TypeError, /2 × 2 nodes of 2 from 6/);
});

Deno.test("boundaryLoops() finds the rim and the hole of a ring of triangles, and none of a closed mesh", () => {
  const count = 8; // outer vertices 0 to 7, inner 8 to 15
  const ring = Array.from({ length: count }, (_, i) => {
    const j = (i + 1) % count;
    return [i, j, count + i, j, count + j, count + i];
  }).flat();
  const loops = boundaryLoops(Uint32Array.from(ring));
  assertEquals(loops.map((loop) => loop.toSorted((a, b) => a - b)), [[0, 1, 2, 3, 4, 5, 6, 7], [
    8,
    9,
    10,
    11,
    12,
    13,
    14,
    15,
  ]]);
  assertEquals(boundaryLoops(new Uint32Array([0, 1, 2, 0, 2, 3, 0, 3, 1, 1, 3, 2])), []);
});
