import fc from "@/tests/fast_check.ts";
import type { Mesh, Photo } from "@/lib/types.ts";
import { drawDensePoints } from "@/lib/view/drawing/dense_points.ts";
import { assert, assertEquals } from "@/tests/support.ts";

const gray: Photo = { width: 60, height: 60, rgb: new Uint8Array(3 * 60 * 60).fill(100) };
const [dimmed] = drawDensePoints(gray, { positions: new Float32Array(), triangles: new Uint32Array() }).rgb;

/** A square about this point, its four corners vertices; `flip` turns its back to the viewer. */
function square([x, y]: readonly [number, number], z: number, { half = 10, flip = false } = {}): Mesh {
  const [left, right, top, bottom] = [x - half, x + half, y - half, y + half];
  return {
    positions: Float32Array.from([left, top, z, right, top, z, right, bottom, z, left, bottom, z]),
    triangles: Uint32Array.from(flip ? [0, 1, 2, 0, 2, 3] : [0, 2, 1, 0, 3, 2]),
  };
}

function both(a: Mesh, b: Mesh): Mesh {
  const offset = a.positions.length / 3;
  return {
    positions: Float32Array.from([...a.positions, ...b.positions]),
    triangles: Uint32Array.from([...a.triangles, ...b.triangles.map((vertex) => vertex + offset)]),
  };
}

function at({ width, rgb }: Photo, x: number, y: number): number[] {
  const k = 3 * (Math.floor(y) * width + Math.floor(x));
  return [...rgb.subarray(k, k + 3)];
}

Deno.test("drawDensePoints() puts a dot at each vertex that faces the camera, and dims the rest of the photo", () => {
  const place = fc.integer({ min: 15, max: 44 }).map((n) => n + 0.5);
  assert(dimmed! < 80);
  fc.assert(fc.property(place, place, (x, y) => {
    const shown = drawDensePoints(gray, square([x, y], 5), { dotSize: 3 });
    const changed = new Set([...shown.rgb.keys()].filter((i) => shown.rgb[i] !== dimmed).map((i) => Math.floor(i / 3)));
    for (const [dx, dy] of [[-10, -10], [10, -10], [10, 10], [-10, 10]] as const) {
      assert(changed.has(Math.floor(y + dy) * 60 + Math.floor(x + dx)));
    }
    for (const k of changed) {
      const [column, row] = [k % 60 + 0.5, Math.floor(k / 60) + 0.5];
      assert(Math.abs(Math.abs(column - x) - 10) <= 3 && Math.abs(Math.abs(row - y) - 10) <= 3, "far from any vertex");
    }
  }));
});

Deno.test("drawDensePoints() leaves out what is hidden or turns its back, and colors the near and the far unlike", () => {
  const back = drawDensePoints(gray, square([30, 30], 5, { flip: true }));
  assert(back.rgb.every((value) => value === dimmed));
  const covered = both(square([30, 30], 20, { half: 20 }), square([30, 30], 0, { half: 8 }));
  assertEquals(at(drawDensePoints(gray, covered, { dotSize: 3 }), 22, 22), [dimmed, dimmed, dimmed]);
  const steps = drawDensePoints(gray, both(square([15, 30], 0), square([45, 30], 20)), { dotSize: 5 });
  const [far, near] = [at(steps, 5, 20), at(steps, 35, 20)];
  assert(far[2]! > far[0]! && near[0]! > near[2]!, `far ${far} should be blue, near ${near} yellow`);
});

Deno.test("drawDensePoints() thins out vertices that crowd, so that dots stay apart", () => {
  const positions: number[] = [];
  const triangles: number[] = [];
  for (let row = 0; row <= 80; row++) {
    for (let column = 0; column <= 80; column++) positions.push(10 + column / 2, 10 + row / 2, 0);
  }
  for (let k = 0; k < 81 * 80; k++) if (k % 81 < 80) triangles.push(k, k + 81, k + 1, k + 1, k + 81, k + 82);
  const mesh = { positions: Float32Array.from(positions), triangles: Uint32Array.from(triangles) };
  const free = drawDensePoints(gray, mesh, { dotSize: 2 }).rgb.filter((value) => value === dimmed).length;
  const outside = gray.rgb.length * (1 - (44 / 60) ** 2);
  assert(free > 1.1 * outside, `between the dots, ${free - outside} values show the photo`);
});
