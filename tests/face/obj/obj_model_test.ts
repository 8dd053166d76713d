import { bakePositionMap } from "@/lib/data/maps/position_map.ts";
import { uvLayout } from "@/lib/data/maps/uv_layout.ts";
import { InputError } from "@/lib/errors.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { landmarkEntries, renumberPoints, valuesAt, vertexPoints } from "@/lib/face/landmarks.ts";
import { materialNames, type MorphableModel, shapeFace } from "@/lib/face/morphable_model.ts";
import { loadObjModel, writeObjModel } from "@/lib/face/obj/obj_files.ts";
import { parseObj } from "@/lib/face/obj/obj.ts";
import { objModel, type ObjModelParts } from "@/lib/face/obj/obj_model.ts";
import { assert, assertAllClose, assertClose, assertEquals, assertThrows } from "@/tests/support.ts";
import { hasIct, ictFolder } from "@/tests/face/ict/ict_data.ts";

const whole = builtInFace();
/** The built-in face with a few of its modes, so that its files are small. */
const builtIn: MorphableModel = {
  ...whole,
  identityModes: whole.identityModes.slice(0, 1),
  expressionModes: whole.expressionModes.slice(0, 1),
  expressionNames: whole.expressionNames.slice(0, 1),
};

const folder = await Deno.makeTempDir();
addEventListener("unload", () => Deno.removeSync(folder, { recursive: true }));
await writeObjModel(builtIn, `${folder}/face`);
const manifest = JSON.parse(await Deno.readTextFile(`${folder}/face/face.json`));
const headText = await Deno.readTextFile(`${folder}/face/head.obj`);
const head = parseObj(headText, "head.obj");
const parts: ObjModelParts = {
  path: "head.obj",
  mesh: head,
  landmarks: { outline: vertexPoints(manifest.landmarks.outline) },
  surface: manifest.surface,
};

function load(path: string): Promise<MorphableModel> {
  return loadObjModel(path, { cacheFolder: folder });
}

function mapOf(model: MorphableModel, coefficients: { identity: number[]; expression: number[] }): Float32Array {
  const vertices = shapeFace(model, coefficients);
  const surface = Float32Array.from(
    { length: 3 * model.surfaceVertices.length },
    (_, i) => vertices[3 * model.surfaceVertices[Math.floor(i / 3)]! + i % 3]!,
  );
  return bakePositionMap(uvLayout(model.surface, 64), surface).positions;
}

Deno.test("loadObjModel() undoes writeObjModel(): the same position maps, of every mode, and the same materials", async () => {
  const read = await load(`${folder}/face`);
  for (const coefficients of [{ identity: [], expression: [] }, { identity: [1.5], expression: [0.7] }]) {
    const [found, wanted] = [mapOf(read, coefficients), mapOf(builtIn, coefficients)];
    const errors = found.map((value, i) => Math.abs(value - wanted[i]!));
    // centimeters; the order of vertices, which decides how texels are fitted, is another
    assertClose(errors.reduce((sum, error) => sum + error, 0) / errors.length, 0, 0.001, "mean");
    assertClose(errors.reduce((most, error) => Math.max(most, error), 0), 0, 0.2, "most");
  }
  assertEquals(read.expressionNames, builtIn.expressionNames);
  const kinds = (model: MorphableModel) => [...new Set(model.materials)].sort();
  assertEquals(kinds(read), kinds(builtIn));
  const at = (model: MorphableModel) =>
    landmarkEntries(model.surface.landmarks).map(([convention, points]) => ({
      convention,
      places: [...valuesAt(renumberPoints(points, model.surfaceVertices), model.mean)].map((x) => x.toFixed(4)),
    }));
  assertEquals(at(read), at(builtIn));
});

Deno.test("loadObjModel() takes the manifest or its folder, and keeps what it made until a file changes", async () => {
  const copy = `${folder}/copy`;
  await Deno.mkdir(copy);
  await Deno.writeTextFile(`${copy}/a.json`, JSON.stringify({ ...manifest, identity: [], expression: {} }));
  await Deno.writeTextFile(`${copy}/head.obj`, headText);
  const first = await load(`${copy}/a.json`);
  assertEquals([first.identityModes.length, first.expressionModes.length], [0, 0]);
  const named = { ...manifest, identity: [], expression: { eyeBlinkLeft: "head.obj", jawLeft: "head.obj" } };
  await Deno.writeTextFile(`${copy}/named.json`, JSON.stringify(named));
  assertEquals((await load(`${copy}/named.json`)).expressionNames, ["eyeBlink_L", "jawLeft"]); // ARKit's by their sides
  await Deno.writeTextFile(`${copy}/head.obj`, headText.replaceAll(/^v (\S+)/gm, (_, x) => `v ${Number(x) * 2}`));
  const second = await load(`${copy}/a.json`);
  assertAllClose(
    second.mean.filter((_, i) => i % 3 === 0),
    first.mean.filter((_, i) => i % 3 === 0).map((x) => 2 * x),
    0,
  );
});

Deno.test("objModel() turns a face that looks another way, and polygons that are wound the other way", () => {
  const expected = objModel(parts);
  const zUp = new Float64Array(head.positions.length);
  for (let i = 0; i < zUp.length; i += 3) {
    zUp.set([head.positions[i]!, -head.positions[i + 2]!, head.positions[i + 1]!], i);
  }
  const turned = objModel({ ...parts, mesh: { ...head, positions: zUp }, axes: ["x", "z", "-y"] });
  assertAllClose(turned.mean, expected.mean, 0);
  const polygons = head.polygons.map(({ material, vertices, uvs }) => ({
    material,
    vertices: vertices.toReversed(),
    uvs: uvs.toReversed(),
  }));
  const { triangles, surface } = objModel({ ...parts, mesh: { ...head, polygons } });
  const sorted = (corners: Uint32Array) => [...corners].slice(0, 3).sort().join();
  assertEquals(sorted(triangles), sorted(expected.triangles));
  assertEquals(
    [...Array(3).keys()].some((k) => [0, 1, 2].every((i) => triangles[i] === expected.triangles[(i + k) % 3])),
    true,
  );
  assertEquals(surface.triangles.length, expected.surface.triangles.length);
});

Deno.test("objModel() tells materials by their names, by the manifest, and takes groups where there are none", () => {
  const model = objModel(parts);
  assertEquals(materialNames.filter((_, n) => model.materials.includes(n)).length > 4, true);
  const bald = objModel({ ...parts, materials: { scalp: "hidden", teeth: "gums" } });
  for (const name of ["scalp", "teeth"] as const) assert(!bald.materials.includes(materialNames.indexOf(name)));
  const grouped = headText.replaceAll(/^usemtl (\w+)/gm, "g $1 more");
  const mesh = parseObj(grouped, "head.obj");
  assertEquals(objModel({ ...parts, mesh, surface: ["face more"] }).materials, model.materials);
});

Deno.test("objModel() needs texture coordinates of its surface alone", async () => {
  const without = (wanted: (material: string) => boolean) => ({
    ...head,
    polygons: head.polygons.map((polygon) => wanted(polygon.material) ? polygon : { ...polygon, uvs: [] }),
  });
  const model = objModel({ ...parts, mesh: without((material) => material === "face") });
  assertAllClose(model.triangles, objModel(parts).triangles, 0);
  assertAllClose(model.surface.uv, objModel(parts).surface.uv, 0);
  await assertThrows(
    () => objModel({ ...parts, mesh: without((material) => material !== "face") }),
    InputError,
    /polygons of its surface \("face"\) have no texture coordinates/,
  );
});

Deno.test("objModel() takes a mesh that is far from 0 to its face, its shapes to the last bit of single precision", () => {
  const near = objModel({ ...parts, identity: [head.positions.map((value, i) => value + i % 7)] });
  const far = (positions: Float64Array) => positions.map((value, i) => value + [5e5, 4.6e6, 120][i % 3]!);
  const identity = [far(head.positions.map((value, i) => value + i % 7))];
  const { mean, identityModes, surface } = objModel({
    ...parts,
    mesh: { ...head, positions: far(head.positions) },
    identity,
  });
  const shift = [0, 1, 2].map((axis) => mean[axis]! - near.mean[axis]!);
  assertAllClose(mean, near.mean.map((value, i) => value + shift[i % 3]!), 1e-5);
  assertAllClose(identityModes[0]!, near.identityModes[0]!, 1e-5);
  assertAllClose(surface.regions, near.surface.regions, 0);
  const chin = 3 * manifest.landmarks.outline[8];
  assert(Math.hypot(...mean.subarray(chin, chin + 3)) < 20, "the face is near 0");
});

Deno.test("objModel() draws polygons that name a corner twice as if they named it once", () => {
  const polygons = head.polygons.map((polygon) => ({
    ...polygon,
    vertices: [polygon.vertices[0]!, ...polygon.vertices],
    uvs: [polygon.uvs[0]!, ...polygon.uvs],
  }));
  const [found, wanted] = [objModel({ ...parts, mesh: { ...head, polygons } }), objModel(parts)];
  for (const [a, b] of [[found, wanted], [found.surface, wanted.surface]]) {
    assertEquals(a!.triangles.join() === b!.triangles.join(), true);
  }
});

const landmarks: readonly number[] = manifest.landmarks.outline;
const outline = (vertices: readonly number[]) => ({ outline: vertexPoints(vertices) });
const swapped = outline(landmarks.with(36, landmarks[45]!).with(45, landmarks[36]!));
/** Loads the face by its manifest with this changed. */
async function loadManifest(change: Record<string, unknown>): Promise<MorphableModel> {
  const path = `${folder}/face/changed.json`;
  await Deno.writeTextFile(path, JSON.stringify({ ...manifest, ...change }));
  return await load(path);
}
const aside = head.positions.length / 3 - 1;
const cases: [string, () => unknown, RegExp][] = [
  [
    "67 landmarks",
    () => objModel({ ...parts, landmarks: outline(landmarks.slice(1)) }),
    /it has 67 landmarks, wanted 68/,
  ],
  [
    "a landmark past the last vertex",
    () => objModel({ ...parts, landmarks: outline(landmarks.with(5, aside + 1)) }),
    new RegExp(`landmark 5 is vertex ${aside + 1}, wanted one from 0 to ${aside}`),
  ],
  [
    "a landmark between vertices",
    () => loadManifest({ landmarks: landmarks.with(9, 0.5) }),
    /landmark 9 is vertex 0.5/,
  ],
  [
    "a landmark whose weights are too much",
    () => loadManifest({ landmarks: { "300w-lp": [[0, 1, 2, 0.5, 0.5, 0.5], ...landmarks.slice(1)] } }),
    /landmark 0 has weights that add up to 1.5, wanted 1/,
  ],
  [
    "landmarks in a convention that nobody knows",
    () => loadManifest({ landmarks: { mine: landmarks } }),
    /"landmarks"/,
  ],
  [
    "no landmarks",
    () => loadManifest({ landmarks: {} }),
    /it has no landmarks, wanted 68/,
  ],
  [
    "a landmark off the surface",
    () => objModel({ ...parts, landmarks: outline(landmarks.with(7, aside)) }),
    /landmark 7 is vertex/,
  ],
  [
    "a landmark between vertices of several polygons",
    () => {
      const [a, b, c] = [landmarks[8], landmarks[36], landmarks[45]];
      return loadManifest({
        landmarks: { outline: landmarks, "300w-lp": [[a, b, c, 0.5, 0.25, 0.25], ...landmarks.slice(1)] },
      });
    },
    /vertices \d+, \d+, \d+ of landmark 0 are not of one polygon/,
  ],
  ["landmarks of the wrong sides", () => objModel({ ...parts, landmarks: swapped }), /left \(landmark 36\) lies right/],
  ["a face upside down", () => objModel({ ...parts, axes: ["x", "-y", "-z"] }), /chin .* lies above its eyes/],
  ["axes that mirror", () => objModel({ ...parts, axes: ["x", "y", "-z"] }), /its axes x, y, -z mirror it/],
  [
    "a surface of another name",
    () => objModel({ ...parts, surface: ["skin2"] }),
    /no polygon has the material "skin2"/,
  ],
  ["no vertices", () => objModel({ ...parts, mesh: parseObj("", "a.obj") }), /head.obj as a face: it has no vertices/],
  [
    "a surface that folds over in UV space",
    () =>
      objModel({ ...parts, mesh: { ...head, uv: head.uv.map((value, i) => i % 2 ? value : Math.abs(value - 0.5)) } }),
    /(4|5)\d % of its surface lies over other parts of it in UV space/,
  ],
  [
    "texture coordinates on one line",
    () => objModel({ ...parts, mesh: { ...head, uv: head.uv.map((value, i) => i % 2 ? value : 0.5) } }),
    /span no area/,
  ],
];
for (const [what, call, message] of cases) {
  Deno.test(`a face of an OBJ is refused for ${what}`, async () => {
    await assertThrows(call, InputError, message);
  });
}

Deno.test("loadObjModel() names the file that is missing or wrong, and what is wrong in it", async () => {
  await assertThrows(
    () => load(`${folder}/none`),
    InputError,
    /\/none: there is no such file or folder; a folder with a face/,
  );
  await assertThrows(() => load(folder), InputError, /^Cannot read .*\/face.json: there is no such file$/);
  const write = (json: unknown) =>
    Deno.writeTextFile(`${folder}/face/b.json`, typeof json === "string" ? json : JSON.stringify(json));
  const wrong: [unknown, RegExp][] = [
    ["{", /b.json: it is no JSON: it ends in line 1, column 2, wanted a name/],
    [{ mesh: "head.obj" }, /b.json: "landmarks": /],
    [{ ...manifest, scale: 2 }, /b.json: .*"scale"/],
    [{ ...manifest, axes: ["x", "y", "up"] }, /b.json: "axes.2": /],
    [{ ...manifest, identity: ["lost.obj"] }, /lost.obj: there is no such file/],
    [{ ...manifest, mesh: "lost.obj" }, /lost.obj: there is no such file/],
    [
      { ...manifest, mesh: "../copy/head.obj" },
      /b.json: it names ..\/copy\/head.obj, which lies outside of its folder$/,
    ],
    [{ ...manifest, mesh: "linked.obj" }, /b.json: it names linked.obj, which lies outside/],
    [{ ...manifest, identity: ["../copy/head.obj"] }, /outside of its folder/],
    [{ ...manifest, expression: { jawOpen: "../copy/head.obj" } }, /outside of its folder/],
    [{ ...manifest, identity: ["small.obj"] }, /small.obj: it has 3 vertices, wanted \d+ as in .*head.obj/],
    [{ ...manifest, expression: { jawOpen: "other.obj" } }, /other.obj: its polygons are not those of .*head.obj/],
  ];
  await Deno.mkdir(`${folder}/copy`, { recursive: true });
  await Deno.writeTextFile(`${folder}/copy/head.obj`, headText);
  await Deno.symlink(`${folder}/copy/head.obj`, `${folder}/face/linked.obj`);
  await Deno.writeTextFile(`${folder}/face/small.obj`, "v 0 0 0\nv 1 0 0\nv 0 1 0\nvt 0 0\nf 1/1 2/1 3/1\n");
  await Deno.writeTextFile(`${folder}/face/other.obj`, headText + "f 1/1 2/1 3/1\n");
  for (const [json, message] of wrong) {
    await write(json);
    await assertThrows(() => load(`${folder}/face/b.json`), InputError, message);
  }
});

Deno.test({ name: "ICT-FaceKit's neutral mesh is a face by a manifest alone", ignore: !hasIct }, async () => {
  const source = `${await ictFolder()}/FaceXModel`;
  const { idx_to_landmark_verts: landmarks } = JSON.parse(await Deno.readTextFile(`${source}/vertex_indices.json`));
  await Deno.mkdir(`${folder}/ict`);
  await Deno.copyFile(`${source}/generic_neutral_mesh.obj`, `${folder}/ict/neutral.obj`);
  const hidden = ["M_EyeBlend", "M_EyeOcclusion", "M_LacrimalFluid", "M_EyeLashes"].map((name) => [name, "hidden"]);
  const manifest = { mesh: "neutral.obj", landmarks, surface: ["M_Face"], materials: Object.fromEntries(hidden) };
  await Deno.writeTextFile(`${folder}/ict/face.json`, JSON.stringify(manifest));
  const { surface, surfaceVertices, mean, materials } = await load(`${folder}/ict`);
  assertEquals([surface.triangles.length / 3, surface.uv.length / 2], [2 * 9230, 9409]);
  const chin = 3 * surfaceVertices[surface.landmarks.outline!.vertices[3 * 8]!]!;
  const neutral = parseObj(await Deno.readTextFile(`${folder}/ict/neutral.obj`), "neutral.obj");
  assertAllClose(mean.subarray(chin, chin + 3), neutral.positions.slice(3 * landmarks[8]).slice(0, 3), 1e-5);
  for (const name of ["skin", "sclera", "iris", "teeth", "gums"] as const) {
    assert(materials.includes(materialNames.indexOf(name)), name);
  }
});
