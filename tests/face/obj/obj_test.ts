import fc from "@/tests/fast_check.ts";
import { InputError } from "@/lib/errors.ts";
import { type ObjMesh, parseObj, parseObjShape } from "@/lib/face/obj/obj.ts";
import { uniform } from "@/tests/geometry/arbitraries.ts";
import { assert, assertAllClose, assertEquals, assertThrows } from "@/tests/support.ts";

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

Deno.test("parseObj() gives what is whole or refuses, wherever the text is cut", () => {
  fc.assert(fc.property(arbitraryObj, fc.nat(), (mesh, where) => {
    const text = format(mesh);
    const cut = text.slice(0, where % text.length);
    let polygons;
    try {
      ({ polygons } = parseObj(cut, "a.obj"));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      return;
    }
    const whole = polygons.slice(0, cut.endsWith("\n") ? undefined : -1); // of a cut line, digits may be missing
    assertEquals(whole, mesh.polygons.slice(0, whole.length));
  }));
});

/** Other ways to write the same mesh; each of them some program's. */
const styles: Record<string, (mesh: ObjMesh) => string> = {
  "no newline at the end": (mesh) => format(mesh).trimEnd(),
  "carriage returns": (mesh) => format(mesh).replaceAll("\n", "\r\n"),
  "carriage returns alone": (mesh) => format(mesh).replaceAll("\n", "\r"),
  "a byte order mark": (mesh) => "\uFEFF" + format(mesh).replace("# a mesh\n", ""),
  "tabs, indents and spaces": (mesh) => format(mesh).replaceAll(" ", "\t ").replaceAll("\n", " \t\n\n \t"),
  "comments at the ends of lines": (mesh) => format(mesh).replaceAll("\n", " # as f 1/1 2/2 3/3 \\\n"),
  "lines that go on": (mesh) =>
    format(mesh).replaceAll(/ (?=\S+(?: \S+)?$)/gm, (space, at, text: string) => text[at - 1] === "f" ? space : "\\\n"),
  "colors, weights and depths": (mesh) =>
    format(mesh).replaceAll(/^v .*/gm, "$& 1 0.5 0 1").replaceAll(/^vt .*/gm, "$& 0"),
  "normals": (mesh) => format(mesh).replaceAll(/(\d+\/\d+)(?= |$)/gm, (corner) => `${corner}/1`) + "vn 0 0 1\n",
  "vertices after the faces": (mesh) => {
    const lines = format(mesh).split("\n");
    const isPoint = (line: string) => line.startsWith("v");
    return [...lines.filter((line) => !isPoint(line)), ...lines.filter(isPoint)].join("\n");
  },
  "indices from the last": (mesh) => {
    const [vertexCount, uvCount] = [mesh.positions.length / 3, mesh.uv.length / 2];
    return format(mesh).replaceAll(/(\d+)\/(\d+)/g, (_, v, t) => `${v - vertexCount - 1}/${t - uvCount - 1}`);
  },
  "objects, groups, smoothing, lines, points and curves": (mesh) =>
    "mtllib a b.mtl\no Head One\ng\ng a b\ns off\ns 1\n" + format(mesh).replace("\nusemtl", "\no More\ng c\n$&") +
    "l 1 2\np 1\ncstype bezier\ncurv 0 1 1 2\nusemap x\nvp 0 1\n",
};
for (const [what, write] of Object.entries(styles)) {
  Deno.test(`parseObj() reads ${what}`, () => {
    fc.assert(fc.property(arbitraryObj, (mesh) => {
      assertEquals(parseObj(write(mesh), "a.obj"), mesh);
    }));
  });
}

const triangle = "v 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nvt 1 0\nvt 0 1\n";

Deno.test("parseObj() takes the rest of a line for a part's name: a material, else a group, else an object", () => {
  const parts = (text: string) => parseObj(triangle + text, "a.obj").polygons.map(({ material }) => material);
  const named = ["Head Skin", "Head Teeth", "Skin #2", "größe"];
  for (const keyword of ["usemtl", "g", "o"]) {
    const text = named.map((name) => `${keyword}  ${name} # a part\nf 1 2 3\n`).join("");
    assertEquals(parts(`f 1 2 3\n${text}${keyword}\nf 1 2 3\n`), ["default", ...named, "default"]);
  }
  assertEquals(parts("o a\ng b\nusemtl c\nf 1 2 3\no d\ng e\nf 1 2 3\nusemtl f\nf 1 2 3\n"), ["c", "c", "f"]);
  assertEquals(parts("o a\ng b\nf 1 2 3\no d\nf 1 2 3\n"), ["b", "b"]);
});

Deno.test("parseObj() reads polygons without texture coordinates, with normals and without", () => {
  const { polygons } = parseObj(`${triangle}f 1 2 3\nf 1// 2// 3//\nf 1//1 2//1 -1//-1\n`, "a.obj");
  assertEquals(polygons, new Array(3).fill({ material: "default", vertices: [0, 1, 2], uvs: [] }));
});

const corners = /wanted "f" and three or more corners/;
const refused: [string, string, RegExp][] = [
  ["an index past the last vertex", "f 1/1 2/2 4/3", /a face uses vertex 4, but the file has 3 of them$/],
  ["an index past the last coordinate", "f 1/1 2/2 3/9", /a face uses texture coordinate 9/],
  ["an index past all numbers", `f 1 2 ${"9".repeat(400)}`, /a face uses vertex Infinity/],
  ["an index from the last that is before the first", "f 1/1 2/2 -4/3", corners],
  ["an index that is no number", "f 1/1 2/2 x/3", corners],
  ["an index that is no whole number", "f 1.5/1 2/2 3/3", corners],
  ["index 0", "f 0/1 2/2 3/3", corners],
  ["index 0 of a coordinate", "f 1/0 2/2 3/3", corners],
  ["a corner of four indices", "f 1/1/1/1 2/2 3/3", corners],
  ["a corner without a coordinate among others", "f 1/1 2 3/3", corners],
  ["a face of two corners", "f 1/1 2/2", corners],
  ["a coordinate that is no number", "v 1 nan 2", /found the line "v 1 nan 2", wanted "v" and 3 numbers/],
  ["a hexadecimal coordinate", "v 1 0x10 2", /wanted "v" and 3 numbers/],
  ["a missing coordinate", "v 1 2", /found the line "v 1 2"/],
  ["a coordinate with a tail", "v 1 2 3x", /found the line "v 1 2 3x"/],
  ["a color that is no number", "v 1 2 3 red", /found the line "v 1 2 3 red"/],
  ["a coordinate that is too large", "v 1 2 1e400", /found the line "v 1 2 1e400", wanted numbers of less than 1e308$/],
  ["a coordinate that is infinite", "v 1 2 Infinity", /wanted "v" and 3 numbers/],
  ["half a texture coordinate", "vt 0.5", /found the line "vt 0.5", wanted "vt" and 2 numbers/],
];
for (const [what, line, message] of refused) {
  Deno.test(`parseObj() refuses ${what}`, async () => {
    for (const text of [`${triangle}f 1/1 2/2 3/3\n${line}\n`, `${triangle}${line}`]) {
      const error = await assertThrows(() => parseObj(text, "a.obj"), InputError, message);
      assert(error.message.startsWith("Cannot read a.obj: "));
    }
  });
}

/** About a million characters: a time that grows with their square would be half an hour. */
const hostile: Record<string, string> = {
  "three long numbers and a letter": `v ${"1".repeat(3e5)} ${"1".repeat(3e5)} ${"1".repeat(3e5)}x\n`,
  "a long gap": `v 1${" ".repeat(1e6)}x\n`,
  "empty lines": "\n".repeat(1e6),
  "an indent": `${" ".repeat(1e6)}usemtl`,
  "many comments in a name": `usemtl a${" #".repeat(5e5)}`,
  "many comments in a line": `v ${"#".repeat(1e6)}\n`,
  "a polygon of many corners": `f ${"1/1/1 ".repeat(1.5e5)}/\n`,
  "a corner of many digits": `f ${"1".repeat(5e5)}/${"1".repeat(5e5)}/x 1 1\n`,
  "lines that all go on": "f 1 \\\n".repeat(1.5e5),
  "materials of one polygon each": triangle + Array.from({ length: 5e4 }, (_, i) => `usemtl ${i}\nf 1 2 3\n`).join(""),
};
for (const [what, text] of Object.entries(hostile)) {
  Deno.test(`parseObj() comes back from ${what}, with a short sentence where it refuses`, () => {
    try {
      parseObj(text, "a.obj");
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      assert(error.message.length < 200, error.message);
    }
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
