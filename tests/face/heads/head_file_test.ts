import { InputError } from "@/lib/errors.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { findHeadLandmarks, headModel } from "@/lib/face/heads/head.ts";
import { readHead } from "@/lib/face/heads/head_file.ts";
import { eyeCornerDistance, landmarksOf, valuesAt } from "@/lib/face/landmarks.ts";
import { meshLandmarks } from "@/lib/face/morphable_model.ts";
import { glb, glbNames, listedLandmarks } from "@/tests/face/heads/stand_ins.ts";
import { assert, assertEquals, assertThrows } from "@/tests/support.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

Deno.test("headModel() makes a face of a GLB, whose landmarks come from a list or are found", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/head.glb`;
  await Deno.writeFile(path, glb);
  const face = builtInFace();
  const truth = valuesAt(meshLandmarks(face, (all) => landmarksOf(all)), face.mean);
  await Deno.writeTextFile(`${folder.path}/landmarks.json`, JSON.stringify({ "300w-lp": listedLandmarks() }));
  const head = await readHead(path, { landmarks: `${folder.path}/landmarks.json` });
  for (const landmarks of [head.landmarks!, findHeadLandmarks(head, face).landmarks]) {
    const model = headModel(head, landmarks);
    assertEquals(model.expressionNames, [...glbNames]);
    const found = valuesAt(meshLandmarks(model), model.mean).map((value) => 100 * value);
    const shift = [0, 1, 2].map((k) => (found[3 * 30 + k]! - truth[3 * 30 + k]!)); // the file has the middle at 0
    let off = 0;
    for (let l = 0; l < 68; l++) {
      off += Math.hypot(...[0, 1, 2].map((k) => found[3 * l + k]! - shift[k]! - truth[3 * l + k]!)) / 68;
    }
    assert(off < (landmarks === head.landmarks ? 1e-3 : 0.06) * eyeCornerDistance(truth), `${off}`);
  }
  assertEquals((await readHead(path, {})).landmarks, undefined);
  await assertThrows(() => readHead(path, { mesh: "Hair" }), InputError, /no mesh is called "Hair", there are "face"/);
});

Deno.test("findHeadLandmarks() finds the same on a head that is far from 0, and refuses one that is a point or a line", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeFile(`${folder.path}/head.glb`, glb);
  const face = builtInFace();
  const { mesh, ...head } = await readHead(`${folder.path}/head.glb`, {});
  const moved = (place: (value: number, axis: number) => number) => ({
    ...head,
    mesh: { ...mesh, positions: mesh.positions.map((value, i) => place(value, i % 3)) },
  });
  const { vertices } = landmarksOf(findHeadLandmarks({ ...head, mesh }, face).landmarks);
  const far = landmarksOf(
    findHeadLandmarks(moved((value, axis) => value + [500_000, 4_600_000, 0][axis]!), face).landmarks,
  );
  const share = vertices.filter((v, i) => v === far.vertices[i]).length / vertices.length;
  assert(share > 0.95, `${share} of the corners are the same`); // rounding decides between neighbors
  for (const flat of [moved(() => 7), moved((value, axis) => axis === 1 ? value : 7)]) {
    await assertThrows(() => findHeadLandmarks(flat, face), InputError, /^Cannot find landmarks on this mesh: no part/);
  }
  const none = { ...head, mesh: { ...mesh, polygons: [] } };
  await assertThrows(
    () => findHeadLandmarks(none, face),
    InputError,
    /head\.glb as a face: no polygon belongs to its surface/,
  );
  const other = { ...head, mesh, surface: ["Hat"] };
  await assertThrows(
    () => findHeadLandmarks(other, face),
    InputError,
    /no polygon has the material "Hat", wanted one of "/,
  );
});

Deno.test("findHeadLandmarks() takes skin alone, not lashes that stand before it", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeFile(`${folder.path}/head.glb`, glb);
  const face = builtInFace();
  const { expression: _, ...head } = await readHead(`${folder.path}/head.glb`, {});
  const { positions, polygons } = head.mesh;
  const count = positions.length / 3;
  const before = positions.map((value, i) => i % 3 === 2 ? value + 1e-4 : value); // by a tenth of a millimeter
  const lashes = polygons.map((polygon) => ({
    ...polygon,
    vertices: polygon.vertices.map((v) => v + count),
    material: "M_Lashes",
  }));
  const mesh = {
    ...head.mesh,
    positions: Float64Array.from([...positions, ...before]),
    polygons: [...polygons, ...lashes],
  };
  const { landmarks } = findHeadLandmarks({ ...head, mesh }, face);
  assert(landmarksOf(landmarks).vertices.every((v) => v < count));
  headModel({ ...head, mesh }, landmarks);
});
