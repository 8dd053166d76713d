import fc from "fast-check";
import type { Mesh, Photo } from "@/lib/types.ts";
import { colorsFromPhoto } from "@/lib/view/mesh_colors.ts";
import { assertClose, assertEquals } from "@/tests/support.ts";

/** Red grows to the right, green downwards: the color tells the place. */
const photo: Photo = {
  width: 100,
  height: 80,
  rgb: Uint8Array.from({ length: 3 * 100 * 80 }, (_, i) => {
    const [row, column] = [Math.floor(i / 300), Math.floor(i / 3) % 100];
    return [2 * column + 1, 2 * row + 1, 77][i % 3]!; // twice the pixel's center
  }),
};

/** A flat square that faces the viewer, at this depth. */
function square({ left, top, side, z }: Record<"left" | "top" | "side" | "z", number>): Mesh {
  const [right, bottom] = [left + side, top + side];
  return {
    positions: new Float32Array([left, top, z, right, top, z, right, bottom, z, left, bottom, z]),
    triangles: new Uint32Array([0, 2, 1, 0, 3, 2]),
  };
}

function join(...meshes: readonly Mesh[]): Mesh {
  let offset = 0;
  const triangles = meshes.flatMap(({ positions, triangles }) => {
    const moved = Array.from(triangles, (vertex) => vertex + offset);
    offset += positions.length / 3;
    return moved;
  });
  return {
    positions: new Float32Array(meshes.flatMap(({ positions }) => [...positions])),
    triangles: new Uint32Array(triangles),
  };
}

Deno.test("colorsFromPhoto() takes the photo's color where a vertex lies, between pixels too", () => {
  const place = (most: number) => fc.double({ min: 1, max: most, noNaN: true });
  fc.assert(fc.property(place(70), place(50), (left, top) => {
    const mesh = square({ left, top, side: 25, z: 3 });
    const colors = colorsFromPhoto(mesh, photo);
    for (let i = 0; i < colors.length; i += 3) {
      assertClose(colors[i]!, 2 * mesh.positions[i]!, 0.51);
      assertClose(colors[i + 1]!, 2 * mesh.positions[i + 1]!, 0.51);
      assertEquals(colors[i + 2], 77);
    }
  }));
});

Deno.test("colorsFromPhoto() colors what is hidden, outside, or turned away like what is next to it", () => {
  const near = square({ left: 30, top: 20, side: 30, z: 20 });
  const behind = square({ left: 35, top: 25, side: 10, z: -20 }); // all of it hidden
  const outside = square({ left: 150, top: 20, side: 10, z: 20 });
  const mesh = join(near, behind, outside);
  const bridges = [4, 8].flatMap((other) => [0, 1, other]); // from the near square's upper corners
  const colors = colorsFromPhoto({ ...mesh, triangles: new Uint32Array([...mesh.triangles, ...bridges]) }, photo);
  for (let v = 4; v < 12; v++) {
    assertClose(colors[3 * v]!, 90, 31); // between 2 · 30 and 2 · 60
    assertClose(colors[3 * v + 1]!, 40, 2);
  }
});

Deno.test("colorsFromPhoto() of a mesh of which the photo shows nothing is black; of an empty one, nothing", () => {
  const away = square({ left: 200, top: 0, side: 9, z: 0 });
  assertEquals([...colorsFromPhoto(away, photo)], Array(12).fill(0));
  assertEquals(colorsFromPhoto({ positions: new Float32Array(), triangles: new Uint32Array() }, photo).length, 0);
});
