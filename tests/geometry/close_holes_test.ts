import fc from "@/tests/fast_check.ts";
import { boundaryLoops } from "@/lib/geometry/boundary.ts";
import { closeHoles, smoothOutline } from "@/lib/geometry/close_holes.ts";
import { assert, assertAllClose, assertClose, assertEquals } from "@/tests/support.ts";

/** A grid of squares, each two triangles, some of them left out. */
function grid(side: number, isThere: (row: number, column: number) => boolean) {
  const positions: number[] = [];
  const triangles: number[] = [];
  for (let row = 0; row <= side; row++) {
    for (let column = 0; column <= side; column++) {
      positions.push(column, row, Math.sin(row + 2 * column));
      if (row === side || column === side || !isThere(row, column)) continue;
      const a = row * (side + 1) + column;
      triangles.push(a, a + side + 1, a + 1, a + 1, a + side + 1, a + side + 2);
    }
  }
  return { positions: Float32Array.from(positions), triangles: Uint32Array.from(triangles) };
}

const sides = fc.integer({ min: 5, max: 9 });

Deno.test("closeHoles() leaves the outline alone open, and changes no vertex that was there", () => {
  fc.assert(fc.property(sides, fc.boolean(), (side, second) => {
    const isThere = (row: number, column: number) =>
      !(row === 1 && column === 1) && !(second && row === 3 && column === 3);
    const { positions, triangles } = grid(side, isThere);
    const closed = closeHoles(triangles, positions.length / 3);
    assertEquals(boundaryLoops(triangles).length, second ? 3 : 2);
    assertEquals(boundaryLoops(closed.triangles), boundaryLoops(triangles).slice(0, 1));
    const extended = closed.extend(positions, 3);
    assertEquals([...extended.subarray(0, positions.length)], [...positions]);
    assert(
      closed.triangles.every((vertex) => 3 * vertex < extended.length),
      "a triangle names a vertex without a value",
    );
  }));
});

Deno.test("closeHoles() fills a hole with values between those around it, and faces it as its neighbors", () => {
  const { positions, triangles } = grid(5, (row, column) => row !== 2 || column !== 2);
  const closed = closeHoles(triangles, positions.length / 3);
  const flat = closed.extend(positions, 3);
  for (let v = positions.length; v < flat.length; v += 3) {
    assert(flat[v]! >= 2 && flat[v]! <= 3 && flat[v + 1]! >= 2 && flat[v + 1]! <= 3, `${flat.slice(v, v + 2)}`);
  }
  assertAllClose(flat.subarray(-3, -1), [2.5, 2.5], 1e-6); // the center is the last
  let area = 0;
  for (let t = 0; t < closed.triangles.length; t += 3) {
    const [a, b, c] = [...closed.triangles.subarray(t, t + 3)].map((v) => flat.subarray(3 * v, 3 * v + 2));
    const twice = (b![0]! - a![0]!) * (c![1]! - a![1]!) - (b![1]! - a![1]!) * (c![0]! - a![0]!);
    assert(twice < 1e-6, `triangle ${t / 3} turns its back`);
    area -= twice / 2;
  }
  assertClose(area, 25, 1e-4);
});

Deno.test("smoothOutline() takes the teeth off the longest edge, and moves nothing else", () => {
  const { positions, triangles } = grid(9, (row, column) => row < 8 || column % 2 === 0);
  const smooth = smoothOutline({ positions, triangles });
  const [outline] = boundaryLoops(triangles);
  const onOutline = new Set(outline);
  for (let v = 0; v < positions.length / 3; v++) {
    if (!onOutline.has(v)) {
      assertEquals([...smooth.positions.subarray(3 * v, 3 * v + 3)], [...positions.subarray(3 * v, 3 * v + 3)]);
    }
  }
  const length = (points: Float32Array) =>
    outline!.reduce((sum, v, i) => {
      const next = outline![(i + 1) % outline!.length]!;
      return sum + Math.hypot(points[3 * v]! - points[3 * next]!, points[3 * v + 1]! - points[3 * next + 1]!);
    }, 0);
  assert(length(smooth.positions) < 0.85 * length(positions), `${length(smooth.positions)} of ${length(positions)}`);
});

Deno.test("a ClosedSurface closes meshes to what smoothing after or before it makes of them", () => {
  const { positions, triangles } = grid(
    9,
    (row, column) => (row < 8 || column % 2 === 0) && (row !== 4 || column !== 4),
  );
  const closed = closeHoles(triangles, positions.length / 3), mesh = closed.close(positions);
  const smooth = smoothOutline({ positions, triangles }).positions;
  assertEquals([...mesh], [...closed.extend(smooth, 3)]);
  const after = smoothOutline({ positions: closed.extend(positions, 3), triangles: closed.triangles });
  assertEquals([...mesh], [...after.positions]);
  assertEquals(mesh.slice(0, 3 * closed.capStart), smooth);
  assert(mesh.length > positions.length && mesh.some((value, i) => value !== positions[i] && i < positions.length));
});

Deno.test("closeHoles() and smoothOutline() of no triangles are nothing", () => {
  const closed = closeHoles(new Uint32Array(), 0);
  assertEquals([closed.triangles.length, closed.extend(new Float32Array(), 3).length], [0, 0]);
  assertEquals(smoothOutline({ positions: new Float32Array(), triangles: new Uint32Array() }).positions.length, 0);
});
