import fc from "@/tests/fast_check.ts";
import { assert, assertAllClose, assertClose, FLOAT32_TOLERANCE } from "@/tests/support.ts";
import { ambientOcclusion, lightVisibility, visibilityScratch } from "@/lib/geometry/visibility.ts";
import { vertexNormals } from "@/lib/geometry/shading.ts";
import { sphere } from "@/tests/geometry/shapes.ts";
import type { Mesh, Vec3 } from "@/lib/types.ts";
import { direction } from "@/tests/geometry/arbitraries.ts";

function together(a: Mesh, b: Mesh): Mesh {
  const shift = a.positions.length / 3;
  return {
    positions: new Float32Array([...a.positions, ...b.positions]),
    triangles: new Uint32Array([...a.triangles, ...b.triangles.map((v) => v + shift)]),
  };
}

function moved({ positions, triangles }: Mesh, offset: Vec3): Mesh {
  return { positions: positions.map((value, i) => value + offset[i % 3]!), triangles };
}

Deno.test("lightVisibility() lights the near half of a sphere and nothing of the far half", () => {
  const mesh = sphere();
  const normals = mesh.positions;
  fc.assert(
    fc.property(direction, (towards) => {
      const visibility = lightVisibility(mesh, towards, { normals });
      visibility.forEach((seen, v) => {
        const cosine = towards.reduce((sum, value, axis) => sum + value * normals[3 * v + axis]!, 0);
        if (cosine > 0.2) assertClose(seen, 1, FLOAT32_TOLERANCE);
        if (cosine < 0) assertClose(seen, 0, 0);
      });
    }),
    { numRuns: 50 },
  );
});

Deno.test("lightVisibility() finds the shadow that one sphere throws on another", () => {
  const ball = sphere();
  // the outline of a ball of flat facets lies up to 2 % inside the round one, and two of the map's 128 pixels blur it
  const rimCosine = Math.sqrt(1 - (0.98 - 2 * 2 / 124) ** 2);
  fc.assert(
    fc.property(direction, (towards) => {
      const mesh = together(ball, moved(ball, towards.map((value) => 3 * value) as unknown as Vec3));
      const visibility = lightVisibility(mesh, towards, { normals: vertexNormals(mesh, { frame: "model" }) });
      const count = ball.positions.length / 3;
      assert(
        visibility.subarray(0, count).every((seen, v) => {
          const cosine = towards.reduce((sum, value, axis) => sum + value * ball.positions[3 * v + axis]!, 0);
          return cosine < rimCosine || seen === 0;
        }),
      );
    }),
    { numRuns: 20 },
  );
});

Deno.test("lightVisibility() with used buffers gives what new ones would hold", () => {
  const mesh = sphere();
  const options = { normals: mesh.positions, size: 64 };
  const scratch = visibilityScratch(mesh, 64);
  fc.assert(
    fc.property(direction, (towards) => {
      const out = new Float32Array(mesh.positions.length / 3).fill(7);
      lightVisibility(mesh, towards, { ...options, scratch, out });
      assertAllClose(out, lightVisibility(mesh, towards, options), 0);
    }),
    { numRuns: 20 },
  );
});

Deno.test("lightVisibility() of nothing, or of a single point, is no error", () => {
  const empty = { positions: new Float32Array(), triangles: new Uint32Array() };
  lightVisibility(empty, [0, 0, 1], { normals: new Float32Array() });
  const point = { positions: new Float32Array(3), triangles: new Uint32Array([0, 0, 0]) };
  assertAllClose(lightVisibility(point, [0, 0, 1], { normals: new Float32Array([0, 0, 1]) }), [1], 0);
});

Deno.test("ambientOcclusion() is 1 on a sphere, and half beside a large wall", () => {
  const ball = sphere();
  const open = ambientOcclusion(ball, { normals: ball.positions });
  assert(open.every((share) => share > 0.95 && share <= 1 + FLOAT32_TOLERANCE));
  const floor: Mesh = {
    positions: new Float32Array([-1, 0, 0, 1, 0, 0, 0, 0, 1]), // its vertex 0 and 1 at the wall's foot
    triangles: new Uint32Array([0, 2, 1]),
  };
  const wall: Mesh = {
    positions: new Float32Array([-6, -6, -0.05, 6, -6, -0.05, 0, 12, -0.05]),
    triangles: new Uint32Array([0, 1, 2]),
  };
  const mesh = together(floor, wall);
  const normals = vertexNormals(mesh, { frame: "model" });
  const besideWall = ambientOcclusion(mesh, { normals, size: 512 });
  assertClose(besideWall[0]!, 0.5, 0.1);
  assertClose(besideWall[1]!, 0.5, 0.1);
});
