import fc from "@/tests/fast_check.ts";
import { thinTriangles } from "@/lib/geometry/thin_mesh.ts";
import type { Mesh } from "@/lib/types.ts";
import { assert, assertClose, assertEquals, FLOAT32_TOLERANCE } from "@/tests/support.ts";

/** A square sheet of side 1 over `cells`² squares, its height from x and y. */
function sheet(cells: number, height: (x: number, y: number) => number): Mesh {
  const positions: number[] = [], triangles: number[] = [];
  for (let row = 0; row <= cells; row++) {
    for (let column = 0; column <= cells; column++) {
      const [x, y] = [column / cells, row / cells];
      positions.push(x, y, height(x, y));
      if (row === cells || column === cells) continue;
      const v = row * (cells + 1) + column;
      triangles.push(v, v + cells + 1, v + 1, v + 1, v + cells + 1, v + cells + 2);
    }
  }
  return { positions: Float32Array.from(positions), triangles: Uint32Array.from(triangles) };
}

/** Half of the cross product's z: what each triangle covers of the plane, with its sign. */
function flatAreas({ positions }: Mesh, triangles: Uint32Array): number[] {
  return Array.from({ length: triangles.length / 3 }, (_, t) => {
    const [a, b, c] = [0, 1, 2].map((i) => 3 * triangles[3 * t + i]!) as [number, number, number];
    const [ux, uy] = [positions[b]! - positions[a]!, positions[b + 1]! - positions[a + 1]!];
    const [vx, vy] = [positions[c]! - positions[a]!, positions[c + 1]! - positions[a + 1]!];
    return (ux * vy - uy * vx) / 2;
  });
}

function edgeCounts(triangles: Uint32Array): Map<string, number> {
  const counts = new Map<string, number>();
  triangles.forEach((a, corner) => {
    const key = [a, triangles[corner % 3 === 2 ? corner - 2 : corner + 1]!].sort((p, q) => p - q).join();
    counts.set(key, (counts.get(key) ?? 0) + 1);
  });
  return counts;
}

Deno.test("thinTriangles() leaves as many vertices as asked, no gap and no fold, and says the same again", () => {
  const wave = fc.tuple(fc.double({ min: -6, max: 6, noNaN: true }), fc.double({ min: -6, max: 6, noNaN: true }));
  fc.assert(
    fc.property(wave, fc.integer({ min: 30, max: 90 }), ([a, b], vertexCount) => {
      const mesh = sheet(12, (x, y) => 0.03 * Math.sin(a * x) * Math.cos(b * y));
      const thinned = thinTriangles(mesh, { vertexCount });
      const left = new Set(thinned).size;
      assert(left <= vertexCount && left >= vertexCount - 2, `${left} of ${vertexCount} are left`);
      const areas = flatAreas(mesh, thinned);
      assert(areas.every((area) => area < FLOAT32_TOLERANCE));
      assertClose(areas.reduce((sum, area) => sum + area, 0), -1, 0.02);
      assert([...edgeCounts(thinned).values()].every((count) => count <= 2));
      assertEquals(thinTriangles(mesh, { vertexCount }), thinned);
    }),
    { numRuns: 15, seed: 1 }, // steep waves may fold a little
  );
});

Deno.test("thinTriangles() keeps vertices where the surface bends, and few where it is flat", () => {
  const roof = sheet(16, (x) => 0.4 * Math.max(0, x - 0.5)); // bends at half of x
  const vertices = new Set(thinTriangles(roof, { vertexCount: 40 }));
  const areas = flatAreas(roof, thinTriangles(roof, { vertexCount: 40 }));
  assertClose(areas.reduce((sum, area) => sum + area, 0), -1, 1e-6); // corners and borders stay
  const xs = [...vertices].map((v) => roof.positions[3 * v]!);
  assert(xs.filter((x) => x === 0.5).length >= 4, "the bend keeps its vertices");
});

Deno.test("thinTriangles() blurs a change of color less where it knows of it", () => {
  const flat = sheet(16, () => 0);
  const colors = Uint8Array.from(flat.positions, (_, i) => flat.positions[3 * Math.floor(i / 3)]! > 0.6 ? 250 : 10);
  const blurred = (options: { colors?: Uint8Array }) => {
    const thinned = thinTriangles(flat, { vertexCount: 70, ...options });
    return -flatAreas(flat, thinned).reduce((sum, area, t) => {
      const [a, b, c] = [0, 1, 2].map((i) => colors[3 * thinned[3 * t + i]!]!);
      return a === b && b === c ? sum : sum + area;
    }, 0);
  };
  assert(blurred({ colors }) < 0.7 * blurred({}), `${blurred({ colors })} is blurred`);
});

Deno.test("thinTriangles() gives back what is thin enough already", () => {
  const { positions, triangles } = sheet(3, () => 0);
  assertEquals(thinTriangles({ positions, triangles }, { vertexCount: 16 }), triangles);
  assertEquals(thinTriangles({ positions, triangles: new Uint32Array() }, { vertexCount: 1 }).length, 0);
});

Deno.test("thinTriangles() takes triangles without area and vertices in one place", () => {
  const { positions, triangles } = sheet(6, () => 0);
  const odd = Uint32Array.from([...triangles, 5, 5, 9, 7, 7, 7]);
  const thinned = thinTriangles({ positions: positions.map((v, i) => i < 9 ? 0 : v), triangles: odd }, {
    vertexCount: 20,
  });
  assert(thinned.length > 0 && thinned.length < odd.length);
});
