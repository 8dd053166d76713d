import fc from "@/tests/fast_check.ts";
import type { Mesh, Photo } from "@/lib/types.ts";
import { meshFigure } from "@/lib/view/mesh/mesh_figure.ts";
import { assert, assertAllClose, assertClose, assertEquals } from "@/tests/support.ts";

/** What this test reads of the figure's one trace and its scene. */
interface Mesh3d {
  readonly x: number[];
  readonly y: number[];
  readonly z: number[];
  readonly i: number[];
  readonly j: number[];
  readonly k: number[];
  readonly vertexcolor: string[];
}

interface Scene {
  readonly aspectratio: Readonly<Record<"x" | "y" | "z", number>>;
  readonly camera: { readonly eye: { readonly x: number; readonly y: number; readonly z: number } };
}

const coordinate = fc.double({ min: -300, max: 300, noNaN: true });

/** Meshes some of whose vertices no triangle may use, with colors. */
const coloredMeshes = fc.integer({ min: 3, max: 12 }).chain((vertexCount) =>
  fc.record({
    positions: fc.array(coordinate, { minLength: 3 * vertexCount, maxLength: 3 * vertexCount }),
    triangles: fc.array(fc.array(fc.nat(vertexCount - 1), { minLength: 3, maxLength: 3 }), {
      minLength: 1,
      maxLength: 9,
    }),
    colors: fc.uint8Array({ minLength: 3 * vertexCount, maxLength: 3 * vertexCount }),
  })
);

Deno.test("meshFigure() has every triangle with its corners' places and colors, and no vertex that none uses", () => {
  fc.assert(fc.property(coloredMeshes, ({ positions, triangles, colors }) => {
    const mesh: Mesh = { positions: Float32Array.from(positions), triangles: Uint32Array.from(triangles.flat()) };
    const { x, y, z, i, j, k, vertexcolor } = meshFigure(mesh, colors).data[0] as unknown as Mesh3d;
    assertEquals(x.length, new Set(triangles.flat()).size);
    assertEquals([i.length, j.length, k.length], [triangles.length, triangles.length, triangles.length]);
    triangles.forEach((corners, t) => {
      [i[t]!, j[t]!, k[t]!].forEach((drawn, corner) => {
        const v = corners[corner]!;
        // back from Plotly's axes, whose z points up, to those of the image
        assertAllClose([x[drawn]!, -z[drawn]!, -y[drawn]!], mesh.positions.subarray(3 * v, 3 * v + 3), 0.051);
        assertEquals(vertexcolor[drawn], `#${colors.subarray(3 * v, 3 * v + 3).toHex()}`);
      });
    });
  }));
});

Deno.test("meshFigure() keeps the mesh's proportions, and looks from the photo's side, somewhat turned", () => {
  const positions = new Float32Array([10, 20, 0, 40, 20, 5, 10, 120, 20]);
  const figure = meshFigure({ positions, triangles: new Uint32Array([0, 1, 2]) }, new Uint8Array(9));
  const { aspectratio, camera: { eye } } = figure.layout["scene"] as Scene;
  assertClose(aspectratio.x / aspectratio.z, 30 / 100, 1e-6);
  assertClose(aspectratio.y / aspectratio.z, 20 / 100, 1e-6);
  const turn = Math.atan2(eye.x, -eye.y) * 180 / Math.PI; // the face looks along -y
  assert(turn > 10 && turn < 30 && eye.z === 0, `The first view is turned by ${turn}°`);
});

Deno.test("meshFigure() draws no more vertices than it may, and has its first view as its still", async () => {
  const side = 40;
  const positions = Float32Array.from({ length: 3 * side * side }, (_, i) => {
    const [row, column] = [Math.floor(i / 3 / side), Math.floor(i / 3) % side];
    return [column, row, 4 * Math.sin(column / 6)][i % 3]!;
  });
  const triangles: number[] = [];
  for (let v = 0; v < side * (side - 1); v++) {
    if (v % side < side - 1) triangles.push(v, v + side, v + 1, v + 1, v + side, v + side + 1);
  }
  const mesh = { positions, triangles: Uint32Array.from(triangles) };
  const figure = meshFigure(mesh, new Uint8Array(positions.length).fill(90), { vertexCount: 300 });
  assertEquals((figure.data[0] as unknown as Mesh3d).x.length, 300);
  const { rgb } = await figure.drawStill() as Photo;
  assert(rgb[0]! > 230 && rgb[3 * (240 * 480 + 240)]! < 130, "the mesh is in the middle of a light picture");
});

Deno.test("meshFigure() of an empty mesh is an empty figure", () => {
  const { x, i } = meshFigure({ positions: new Float32Array(), triangles: new Uint32Array() }, new Uint8Array())
    .data[0] as unknown as Mesh3d;
  assertEquals([x, i], [[], []]);
});
