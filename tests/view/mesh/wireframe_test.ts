import type { FloatImage } from "@/lib/geometry/color.ts";
import type { Mesh } from "@/lib/types.ts";
import { drawWireframe, meshRow, meshSquare } from "@/lib/view/mesh/wireframe.ts";
import { assert, assertAllClose, assertClose } from "@/tests/support.ts";
import { builtInFaceSample } from "@/tests/view/faces.ts";

const SIZE = 64;

/** Squares of the same kind, each two triangles that face the viewer, at these depths and left edges. */
function squares(...places: { readonly left: number; readonly z: number }[]): Mesh {
  const positions = places.flatMap(({ left, z }) => [left, 10, z, left + 40, 10, z, left, 50, z, left + 40, 50, z]);
  const triangles = places.flatMap((_, i) => [0, 2, 1, 1, 2, 3].map((corner) => 4 * i + corner));
  return { positions: Float32Array.from(positions), triangles: Uint32Array.from(triangles) };
}

/** Darkness of each pixel, 0 to 1, of black wires over white. */
function inked(mesh: Mesh, width = 2): (x: number, y: number) => number {
  const image: FloatImage = { width: SIZE, height: SIZE, rgb: new Float32Array(3 * SIZE * SIZE).fill(1) };
  drawWireframe(mesh, image, { width, color: [0, 0, 0], between: mesh.positions.map(() => 1) });
  return (x, y) => 1 - image.rgb[3 * (y * SIZE + x)]!;
}

Deno.test("drawWireframe() inks along the edges, half of their width on each side, and nothing between", () => {
  const ink = inked(squares({ left: 10, z: 0 }), 4);
  assertClose(ink(30, 10), 1, 0.01); // the upper edge's inner half
  assertClose(ink(30, 11), 1, 0.01);
  assertClose(ink(30, 13), 0, 0.01);
  assertClose(ink(29, 30), 1, 0.01); // the diagonal
  assertClose(ink(20, 20), 0, 0.01);
  assertClose(ink(5, 30), 0, 0); // outside
});

Deno.test("drawWireframe() leaves out edges behind the surface, whichever triangles come first", () => {
  for (const places of [[{ left: 10, z: 0 }, { left: 20, z: 5 }], [{ left: 20, z: 5 }, { left: 10, z: 0 }]]) {
    const ink = inked(squares(...places));
    assertClose(ink(49, 24), 0, 0.01); // the right edge of the square behind
    assert(ink(20, 24) > 0.9 && ink(10, 24) > 0.9, "left edges of both");
  }
});

Deno.test("drawWireframe() lets triangles show that are thinner than their wires", () => {
  const positions = Float32Array.from([10, 20, 0, 50, 20, 0, 10, 20.6, 0, 50, 20.6, 0]);
  const mesh = { positions, triangles: new Uint32Array([0, 2, 1, 1, 2, 3]) };
  const darkness = inked(mesh)(30, 20);
  assert(darkness > 0 && darkness < 0.2, `${darkness}`);
});

Deno.test("meshSquare() holds the triangles' vertices that the photo shows, and stays inside the photo", () => {
  const { left, top, side } = meshSquare(squares({ left: 15, z: 0 }), SIZE);
  assert(left < 15 && top < 10 && left + side > 55 && top + side > 50 && side < 45);
  const beyond = meshSquare(squares({ left: 40, z: 0 }), SIZE);
  assert(beyond.left >= 0 && beyond.left + beyond.side <= SIZE);
  const nothing = meshSquare({ positions: new Float32Array(), triangles: new Uint32Array() }, SIZE);
  assertAllClose([nothing.left, nothing.top, nothing.side], [0, 0, SIZE], 0);
});

Deno.test("meshRow() is three pictures, with the counts of vertices and triangles, small enough for a notebook", async () => {
  const { svg } = await meshRow(await builtInFaceSample());
  const images = svg.match(/<image /g) ?? [];
  assert(images.length === 3 && /\d,\d{3} vertices, \d+,\d{3} triangles/.test(svg));
  assert(svg.length < 350_000, `${svg.length} characters`);
});
