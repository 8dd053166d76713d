import fc from "fast-check";
import { InputError } from "@/lib/errors.ts";
import { type ObjMesh, parseObj, parseObjShape } from "@/lib/face/obj/obj.ts";
import { uniform } from "@/tests/geometry/arbitraries.ts";
import { assertAllClose, assertEquals, assertThrows } from "@/tests/support.ts";

const arbitraryObj: fc.Arbitrary<ObjMesh> = fc.tuple(
  fc.array(uniform(-20, 20), { minLength: 9, maxLength: 30 }),
  fc.array(uniform(0, 7), { minLength: 6, maxLength: 20 }),
  fc.array(
    fc.tuple(
      fc.constantFrom("M_Face", "M_Teeth"),
      fc.array(fc.tuple(fc.nat(), fc.nat()), { minLength: 3, maxLength: 5 }),
    ),
  ),
).map(([positions, uv, faces]) => ({
  positions: Float64Array.from(positions.slice(0, 3 * Math.floor(positions.length / 3))),
  uv: Float64Array.from(uv.slice(0, 2 * Math.floor(uv.length / 2))),
  polygons: faces.map(([material, corners]) => ({
    material,
    vertices: corners.map(([vertex]) => vertex % Math.floor(positions.length / 3)),
    uvs: corners.map(([, coordinate]) => coordinate % Math.floor(uv.length / 2)),
  })),
}));

function format({ positions, uv, polygons }: ObjMesh): string {
  const rows = (keyword: string, values: Float64Array, count: number) =>
    Array.from(
      { length: values.length / count },
      (_, i) => [keyword, ...values.subarray(count * i, count * (i + 1))].join(" "),
    );
  const faces = polygons.flatMap(({ material, vertices, uvs }) => [
    `usemtl ${material}`,
    ["f", ...vertices.map((vertex, i) => `${vertex + 1}/${uvs[i]! + 1}`)].join(" "),
  ]);
  return ["# a mesh", ...rows("v", positions, 3), ...rows("vt", uv, 2), ...faces, ""].join("\n");
}

Deno.test("parseObj() reads vertices, texture coordinates, polygons of any size and their materials", () => {
  fc.assert(fc.property(arbitraryObj, (mesh) => {
    assertEquals(parseObj(format(mesh), "a.obj"), mesh);
  }));
});

Deno.test("parseObj() gives what is whole or refuses, wherever the text is cut", async () => {
  await fc.assert(fc.asyncProperty(arbitraryObj, fc.nat(), async (mesh, where) => {
    const text = format(mesh);
    const cut = text.slice(0, where % text.length);
    if (!cut.endsWith("\n")) {
      await assertThrows(() => parseObj(cut, "a.obj"), InputError, /Cannot read a.obj: it ends within a line/);
      return;
    }
    let polygons;
    try {
      ({ polygons } = parseObj(cut, "a.obj"));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      return;
    }
    assertEquals(polygons, mesh.polygons.slice(0, polygons.length));
  }));
});

const refused: [string, string, RegExp][] = [
  ["an index past the last vertex", "f 1/1 2/2 4/3", /a face uses vertex 4, but the file has vertex 1 to 3/],
  ["an index past the last coordinate", "f 1/1 2/2 3/9", /a face uses texture coordinate 9/],
  ["a face without coordinates", "f 1 2 3", /a face uses texture coordinate 0/],
  ["an index that is no number", "f 1/1 2/2 x/3", /a face uses vertex NaN/],
  ["index 0", "f 0/1 2/2 3/3", /Cannot read a.obj/],
  ["a face of two corners", "f 1/1 2/2", /Cannot read a.obj: Face statement has less than 3 vertices$/],
  ["a coordinate that is no number", "v 1 nan 2", /found the line "v 1 nan 2", wanted "v" and 3 numbers/],
  ["a missing coordinate", "v 1 2", /found the line "v 1 2"/],
  ["a coordinate with a tail", "v 1 2 3x", /found the line "v 1 2 3x"/],
  ["an infinite coordinate", "v 1 2 1e999", /wanted "v" and 3 numbers/],
  ["half a texture coordinate", "vt 0.5", /found the line "vt 0.5", wanted "vt" and 2 numbers/],
];
for (const [what, line, message] of refused) {
  Deno.test(`parseObj() refuses ${what}`, async () => {
    const text = `v 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 0 1\nf 1/1 2/2 3/3\n${line}\n`;
    await assertThrows(() => parseObj(text, "a.obj"), InputError, message);
  });
}

Deno.test("parseObjShape() reads the vertices of another shape of the same mesh", () => {
  fc.assert(fc.property(arbitraryObj, uniform(-1, 1), (mesh, shift) => {
    const moved = { ...mesh, positions: mesh.positions.map((value) => value + shift) };
    assertAllClose(parseObjShape(format(moved), "b.obj", format(mesh)), moved.positions, 0);
  }));
});

Deno.test("parseObjShape() refuses other faces, and any cut", async () => {
  await fc.assert(fc.asyncProperty(arbitraryObj, fc.nat(), async (mesh, where) => {
    const text = format(mesh);
    const cut = text.slice(0, where % text.length);
    await assertThrows(() => parseObjShape(cut, "b.obj", text), InputError, /Cannot read b.obj/);
    const more = text + "f 1/1 2/1 3/1\n";
    await assertThrows(() => parseObjShape(more, "b.obj", text), InputError, /not those of the neutral mesh/);
  }));
});
