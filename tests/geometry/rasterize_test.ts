import fc from "@/tests/fast_check.ts";
import { assert, assertAllClose, assertClose, assertEquals, assertThrows, FLOAT32_TOLERANCE } from "@/tests/support.ts";
import { emptyRaster, type Raster, rasterize } from "@/lib/geometry/rasterize.ts";
import { Random } from "@/lib/random.ts";
import type { Mesh } from "@/lib/types.ts";

const width = 16;
const height = 12;

/** Whole quarters of a pixel, also outside of the image, so that many centers lie on edges and corners. */
const quarters = fc.integer({ min: -24, max: 88 }).map((n) => n / 4);
const randomMesh = fc.tuple(
  fc.array(fc.tuple(quarters, quarters, quarters), { minLength: 3, maxLength: 10 }),
  fc.array(fc.tuple(fc.nat(), fc.nat(), fc.nat()), { maxLength: 8 }),
).map(([vertices, corners]): Mesh => ({
  positions: new Float32Array(vertices.flat()),
  triangles: new Uint32Array(corners.flat().map((n) => n % vertices.length)),
}));

/** Depth of the triangle at the center, or undefined where the point a hair right and, far less, below is outside. */
function depthAt({ positions, triangles }: Mesh, t: number, [x, y]: [number, number]): number | undefined {
  const [a, b, c] = [0, 1, 2].map((
    k,
  ) => [...positions.subarray(3 * triangles[3 * t + k]!, 3 * triangles[3 * t + k]! + 3)]);
  const weightsAt = (px: number, py: number) =>
    [[b, c], [c, a], [a, b]].map(([p, q]) => (q![0]! - p![0]!) * (py - p![1]!) - (q![1]! - p![1]!) * (px - p![0]!));
  const hair = weightsAt(x + 2 ** -12, y + 2 ** -24);
  if (!hair.every((w) => w > 0) && !hair.every((w) => w < 0)) return undefined;
  const [wa, wb, wc] = weightsAt(x, y) as [number, number, number];
  return (wa * a![2]! + wb * b![2]! + wc * c![2]!) / (wa + wb + wc);
}

Deno.test("rasterize() agrees with the brute-force rasterizer on random meshes", () => {
  fc.assert(
    fc.property(randomMesh, (mesh) => {
      const raster = rasterize(mesh, { width, height });
      for (let k = 0; k < width * height; k++) {
        const center: [number, number] = [k % width + 0.5, Math.floor(k / width) + 0.5];
        const depths = Array.from(
          { length: mesh.triangles.length / 3 },
          (_, t) => depthAt(mesh, t, center) ?? -Infinity,
        );
        const nearest = Math.max(-Infinity, ...depths);
        const drawn = raster.triangle[k]!;
        assertEquals(drawn >= 0, nearest > -Infinity);
        if (drawn < 0) continue;
        assertClose(raster.depth[k]!, nearest, 50 * FLOAT32_TOLERANCE);
        assertClose(depths[drawn]!, nearest, 50 * FLOAT32_TOLERANCE);
      }
    }),
    { numRuns: 300 },
  );
});

Deno.test("rasterize() gives weights that lead back to the sample's center and depth", () => {
  fc.assert(
    fc.property(randomMesh, (mesh) => {
      const raster = rasterize(mesh, { width, height });
      raster.triangle.forEach((t, k) => {
        if (t < 0) return assertEquals([...raster.weights.subarray(3 * k, 3 * k + 3)], [0, 0, 0]);
        const point = [0, 0, 0];
        for (let corner = 0; corner < 3; corner++) {
          const weight = raster.weights[3 * k + corner]!;
          assert(weight >= 0 && weight <= 1);
          const v = mesh.triangles[3 * t + corner]!;
          for (let axis = 0; axis < 3; axis++) point[axis]! += weight * mesh.positions[3 * v + axis]!;
        }
        const center = [k % width + 0.5, Math.floor(k / width) + 0.5];
        assertAllClose(point, [...center, raster.depth[k]!], 50 * FLOAT32_TOLERANCE);
      });
    }),
    { numRuns: 100 },
  );
});

/** How many triangles, drawn one by one, hold each center. */
function coverage(mesh: Mesh): number[] {
  const counts = new Array<number>(width * height).fill(0);
  for (let t = 0; t < mesh.triangles.length / 3; t++) {
    const alone = { ...mesh, triangles: mesh.triangles.slice(3 * t, 3 * t + 3) };
    rasterize(alone, { width, height }).triangle.forEach((drawn, k) => counts[k]! += drawn < 0 ? 0 : 1);
  }
  return counts;
}

Deno.test("rasterize() covers every center once where triangles share edges, whatever their vertices", () => {
  fc.assert(
    fc.property(fc.integer(), fc.boolean(), (seed, onCenters) => {
      const random = new Random(seed);
      const [columns, rows] = [8, 6];
      const positions: number[] = [];
      for (let row = 0; row <= rows; row++) {
        for (let column = 0; column <= columns; column++) {
          const inside = row > 0 && row < rows && column > 0 && column < columns;
          const shift = () => inside ? (onCenters ? random.integer(-1, 0) + 0.5 : random.uniform(-0.45, 0.45)) : 0;
          positions.push(column * width / columns + shift(), row * height / rows + shift(), random.next());
        }
      }
      const triangles: number[] = [];
      for (let row = 0; row < rows; row++) {
        for (let column = 0; column < columns; column++) {
          const [a, b] = [row * (columns + 1) + column, (row + 1) * (columns + 1) + column];
          triangles.push(...(random.chance(0.5) ? [a, b, b + 1, a, a + 1, b + 1] : [a + 1, a, b, b, b + 1, a + 1]));
        }
      }
      const counts = coverage({ positions: new Float32Array(positions), triangles: new Uint32Array(triangles) });
      assertEquals(counts, counts.map(() => 1));
    }),
    { numRuns: 40 },
  );
});

Deno.test("rasterize() draws the first of equally near triangles, in any order of their corners", () => {
  const positions = new Float32Array([0, 0, 1, 16, 0, 1, 0, 12, 1]);
  const { triangle } = rasterize({ positions, triangles: new Uint32Array([0, 1, 2, 0, 1, 2, 2, 1, 0, 1, 0, 2]) }, {
    width,
    height,
  });
  assertEquals([...new Set(triangle)].sort(), [-1, 0]);
});

Deno.test("rasterize() leaves out back faces on request, which turn clockwise on the screen", () => {
  const positions = new Float32Array([0, 0, 0, 0, 12, 0, 16, 0, 0]); // top left, bottom left, top right
  const drawn = (corners: number[]) =>
    rasterize({ positions, triangles: new Uint32Array(corners) }, { width, height, backfaces: false }).triangle
      .some((t) => t >= 0);
  assertEquals([drawn([0, 1, 2]), drawn([1, 2, 0]), drawn([0, 2, 1])], [true, true, false]);
});

Deno.test("rasterize() draws nothing of triangles without area, without finite corners, or out of sight", () => {
  const triangles = new Uint32Array([0, 1, 2]);
  const invisible = [
    [1, 1, 0, 9, 9, 0, 5, 5, 0], // a line
    [2.5, 2.5, 0, 2.5, 2.5, 0, 2.5, 2.5, 0], // a point
    [0, 0, 0, NaN, 0, 0, 0, 12, 0],
    [0, 0, 0, 16, 0, Infinity, 0, 12, 0],
    [0, 0, 0, 1e30, 0, 0, 0, 12, 0],
    [20, 20, 0, 30, 20, 0, 20, 30, 0],
    [-9, -9, 0, -1, -9, 0, -1, -1, 0],
  ];
  for (const corners of invisible) {
    const { triangle, depth } = rasterize({ positions: new Float32Array(corners), triangles }, { width, height });
    assert(triangle.every((t) => t === -1) && depth.every((z) => z === -Infinity), `drawn: ${corners}`);
  }
  const empty = rasterize({ positions: new Float32Array(), triangles: new Uint32Array() }, { width, height });
  assert(empty.triangle.every((t) => t === -1));
});

Deno.test("rasterize() draws a triangle far larger than the image over the whole of it", () => {
  const positions = new Float32Array([-32000, -32000, 0, -32000, 32000, 0, 32000, 0.25, 0]);
  const { triangle } = rasterize({ positions, triangles: new Uint32Array([0, 1, 2]) }, { width, height });
  assert(triangle.every((t) => t === 0));
});

Deno.test("rasterize() with samples draws the mesh as magnified", () => {
  fc.assert(
    fc.property(randomMesh, fc.integer({ min: 2, max: 3 }), (mesh, samples) => {
      const fine = rasterize(mesh, { width, height, samples });
      const positions = mesh.positions.map((p, i) => i % 3 === 2 ? p : p * samples);
      const magnified = rasterize({ ...mesh, positions }, { width: width * samples, height: height * samples });
      assertEquals(contents(fine), contents(magnified));
    }),
    { numRuns: 30 },
  );
});

Deno.test("rasterize() into used buffers gives what new ones would hold", () => {
  const out = emptyRaster({ width, height });
  fc.assert(
    fc.property(randomMesh, (mesh) => {
      const result = rasterize(mesh, { width, height, out });
      assert(result === out);
      assertEquals(contents(result), contents(rasterize(mesh, { width, height })));
    }),
    { numRuns: 30 },
  );
});

function contents({ triangle, weights, depth }: Raster): number[][] {
  return [[...triangle], [...weights], [...depth]];
}

Deno.test("rasterize() names the size, buffer or vertex that does not fit", async () => {
  const mesh = { positions: new Float32Array(9), triangles: new Uint32Array([0, 1, 3]) };
  const fitting = { ...mesh, triangles: new Uint32Array([0, 1, 2]) };
  await assertThrows(() => rasterize(mesh, { width, height }), RangeError, /vertex 3 of 3/);
  await assertThrows(() => rasterize(fitting, { width: 0, height }), RangeError, /width 0/);
  await assertThrows(() => rasterize(fitting, { width, height, samples: 1.5 }), RangeError, /samples 1.5/);
  const out = emptyRaster({ width: 8, height });
  await assertThrows(() => rasterize(fitting, { width, height, out }), TypeError, /16×12.*8×12/);
});
