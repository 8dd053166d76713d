import { InputError } from "@/lib/errors.ts";
import { headModel } from "@/lib/face/heads/head.ts";
import { readFlame } from "@/lib/face/heads/flame.ts";
import { valuesAt } from "@/lib/face/landmarks.ts";
import { materialNumbers, meshLandmarks, NECK } from "@/lib/face/morphable_model.ts";
import { parseNpy } from "@/lib/formats/npy.ts";
import { type Npz, openNpz } from "@/lib/formats/npz.ts";
import { hasModules, plainPython } from "@/tests/python.ts";
import { flameStandIn, writeFlame } from "@/tests/face/heads/flame_stand_in.ts";
import { hasNumpy } from "@/tests/formats/numpy_files.ts";
import { assert, assertAllClose, assertEquals, assertThrows } from "@/tests/support.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

const ignore = !hasNumpy;
const standIn = flameStandIn();

/** Linear blend skinning by 4 × 4 matrices, as smplx does it; the vertices of some poses of a joint. */
const skinning = `
import json, sys, numpy as np
m = np.load(sys.argv[1])
def pose(joint, axis, angle):
    c, s = np.cos(angle), np.sin(angle)
    turn = {"x": [[1, 0, 0], [0, c, -s], [0, s, c]], "y": [[c, 0, s], [0, 1, 0], [-s, 0, c]]}[axis]
    rotations = np.tile(np.eye(3), (5, 1, 1)); rotations[joint] = turn
    v = m["v_template"] + np.einsum("nck,k->nc", m["posedirs"], (rotations[1:] - np.eye(3)).ravel())
    place = (m["J_regressor"] @ m["v_template"])[joint]
    matrices = np.tile(np.eye(4), (5, 1, 1))
    matrices[joint, :3, :3] = turn; matrices[joint, :3, 3] = place - np.array(turn) @ place
    mixed = np.einsum("nj,jab->nab", m["weights"], matrices)
    return np.einsum("nab,nb->na", mixed, np.hstack([v, np.ones((len(v), 1))]))[:, :3].ravel().tolist()
print(json.dumps({"jawOpen": pose(2, "x", 0.4), "jawLeft": pose(2, "y", 0.15), "eyeLookOut_R": pose(4, "y", -np.radians(25)),
  "eyeLookUp_L": pose(3, "x", -np.radians(25))}))
`;

Deno.test({
  name:
    "readFlame() makes FLAME's modes, expressions of its joints as skinning by matrices has them, eyes, and a face for the map",
  ignore,
  fn: async () => {
    await using folder = await temporaryFolder();
    await writeFlame(folder.path, standIn);
    const head = await readFlame([folder.path]);
    const model = headModel(head, head.landmarks!);
    const { mean, identityModes, expressionModes } = standIn;
    assertEquals([model.identityModes.length, model.expressionModes.length], [300, 111]);
    assertEquals([...model.mean], [...mean]);
    for (const mode of [0, 30]) assertAllClose(model.identityModes[mode]!, identityModes[mode]!, 1e-7);
    assertAllClose(model.expressionModes[5]!, expressionModes[5]!, 1e-7);
    assertEquals([5, 100].map((mode) => model.expressionNames[mode]), ["component 5", "jawOpen"]);
    const judged = JSON.parse(await plainPython(skinning, `${folder.path}/FLAME_NEUTRAL.npz`)) as Record<
      string,
      number[]
    >;
    for (const [name, shape] of Object.entries(judged)) {
      const mode = model.expressionModes[model.expressionNames.indexOf(name)]!;
      assertAllClose(mode, shape.map((value, i) => value - mean[i]!), 1e-6);
      assert(mode.some((value) => Math.abs(value) > 1e-3), `${name} moves nothing`);
    }
    const chin = 3 * 8 + 1;
    const opened = valuesAt(meshLandmarks(model), model.expressionModes[100]!);
    assert(opened[chin]! < -0.004, `${opened[chin]} m at the chin`);

    // the map covers the face between hair, ears and neck
    const { surface, surfaceVertices } = model;
    const landmarks = valuesAt(meshLandmarks({ surface, surfaceVertices }), model.mean);
    const wanted = Array.from(
      { length: 204 },
      (_, i) =>
        [0, 1, 2].reduce((sum, k) => {
          const vertex = standIn.triangles[3 * standIn.landmarkTriangles[Math.floor(i / 3)]! + k]!;
          return sum + standIn.landmarkWeights[3 * Math.floor(i / 3) + k]! * standIn.mean[3 * vertex + i % 3]!;
        }, 0),
    );
    assertAllClose(landmarks, wanted, 1e-6);
    const of = [...surfaceVertices].map((vertex) => [0, 1, 2].map((axis) => model.mean[3 * vertex + axis]!));
    const eyes = 2 * 0.045; // m
    const height = Math.max(...of.map(([, y]) => y!)) - Math.min(...of.map(([, y]) => y!));
    const whole = Math.max(...standIn.mean.filter((_, i) => i % 3 === 1)) -
      Math.min(...standIn.mean.filter((_, i) => i % 3 === 1));
    assert(height > 1.2 * eyes && height < 0.8 * whole, `${height} of ${whole} m`);
    assert(Math.min(...of.map(([, , z]) => z!)) > 0, "it reaches behind the ears");
    const neck = surface.regions.reduce((count, region) => count + (region === NECK ? 1 : 0), 0);
    assert(neck < 0.02 * surface.regions.length, `${neck} of ${surface.regions.length} vertices are of the neck`);
    const eyeNumbers = materialNumbers("sclera", "iris", "pupil");
    for (const number of eyeNumbers) assert(model.materials.includes(number), `${number} is missing`);
    model.materials.forEach((material, t) => {
      const isEye = standIn.eyeballs.has(model.triangles[3 * t]!);
      assertEquals(eyeNumbers.includes(material), isEye);
    });
  },
});

Deno.test({
  name: "readFlame() takes an OBJ's texture coordinates, and says what is missing and that pickles are not read",
  ignore,
  fn: async () => {
    await using folder = await temporaryFolder();
    const { path } = folder;
    const refuses = (pattern: RegExp) => assertThrows(() => readFlame([path]), InputError, pattern);
    await refuses(
      /found none of its files, wanted an NPZ with v_template, shapedirs and f, which data\/README\.md says how to make of https:/,
    );
    await Deno.writeTextFile(`${path}/generic_model.pkl`, "");
    await refuses(
      /found generic_model\.pkl, wanted an NPZ .*, which data\/README\.md says how to make .*; a pickle is a program /,
    );
    await writeFlame(path, standIn);
    await Deno.remove(`${path}/FLAME_texture.npz`);
    await refuses(
      /found generic_model\.pkl, FLAME_NEUTRAL\.npz, .*wanted FLAME_texture\.npz \(vt, ft\) or head_template\.obj/,
    );
    await Deno.remove(`${path}/landmark_embedding.npz`);
    const rows = (values: ArrayLike<number>, length: number, line: (row: number[]) => string) =>
      Array.from(
        { length: values.length / length },
        (_, i) => line(Array.from(values).slice(i * length, (i + 1) * length)),
      );
    const { mean, uv, triangles, uvTriangles } = standIn;
    const text = [
      ...rows(mean.slice(0, 9), 3, (row) => `v ${row.join(" ")}`),
      ...Array(mean.length / 3 - 3).fill("v 0 0 0"), // its shape does not matter
      ...Array.from({ length: uv.length / 2 }, (_, i) => `vt ${uv[2 * i]} ${uv[2 * i + 1]}`),
      ...Array.from(
        { length: triangles.length / 3 },
        (_, t) => `f ${[0, 1, 2].map((k) => `${triangles[3 * t + k]! + 1}/${uvTriangles[3 * t + k]! + 1}`).join(" ")}`,
      ),
    ];
    await Deno.writeTextFile(`${path}/head_template.obj`, text.join("\n"));
    const head = await readFlame([path]);
    assertEquals([head.landmarks, head.mesh.polygons.length], [undefined, triangles.length / 3]);
    assertEquals([...head.mesh.positions], [...mean]);
  },
});

Deno.test({
  name: "data/README.md's Python makes NPZ of FLAME's pickles, with the arrays that readFlame() takes",
  ignore: !await hasModules("numpy", "scipy"),
  fn: async () => {
    await using folder = await temporaryFolder();
    const pickles = `
import pickle, numpy as np, scipy.sparse
model = {"v_template": np.zeros((6, 3)), "shapedirs": np.zeros((6, 3, 400)), "f": np.zeros((4, 3), np.uint32), "bs_type": "lrotmin"}
model |= {"weights": np.zeros((6, 5)), "posedirs": np.zeros((6, 3, 36)), "J_regressor": scipy.sparse.csc_matrix(np.eye(5, 6))}
pickle.dump(model, open("generic_model.pkl", "wb"))
marks = {"full_lmk_faces_idx": np.zeros((1, 68), int), "full_lmk_bary_coords": np.zeros((1, 68, 3)), "dynamic_lmk_faces_idx": 0}
np.save("landmark_embedding.npy", marks, allow_pickle=True)
`;
    const readme = await Deno.readTextFile(new URL("../../../data/README.md", import.meta.url));
    const [block] = /(?:^ {4}.*\n)*^ {4}import numpy as np, pickle\n(?:^ {4}.*\n)*/m.exec(readme)!;
    const script = block.replace(/^ {4}/gm, "");
    await plainPython(`import os; os.chdir("${folder.path}")\n${pickles}\n${script}`);
    const [model, marks] = await Promise.all(
      ["flame", "landmarks"].map((name) => openNpz(`${folder.path}/${name}.npz`)),
    );
    const shapes = (npz: Npz) => Object.fromEntries(npz.names.map((name) => [name, npz.read(name).shape]));
    assertEquals(shapes(model!), {
      v_template: [6, 3],
      shapedirs: [6, 3, 400],
      f: [4, 3],
      weights: [6, 5],
      J_regressor: [5, 6],
      posedirs: [6, 3, 36],
    });
    assertEquals(shapes(marks!), { full_lmk_faces_idx: [1, 68], full_lmk_bary_coords: [1, 68, 3] });
    const objects = new Uint8Array(await Deno.readFile(`${folder.path}/landmark_embedding.npy`));
    await assertThrows(() => parseNpy(objects, "a.npy"), InputError, /a\.npy: it is of Python's objects, a pickle/);
  },
});
