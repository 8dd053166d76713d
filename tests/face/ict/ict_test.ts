import { InputError } from "@/lib/errors.ts";
import { loadIct } from "@/lib/face/ict/ict.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import {
  landmarkConventions,
  landmarkEntries,
  landmarksOf,
  mirroredLandmarks,
  outlineOf,
  renumberPoints,
  valuesAt,
} from "@/lib/face/landmarks.ts";
import {
  addModes,
  checkModel,
  materialNames,
  meshLandmarks,
  type MorphableModel,
  regionNames,
  shapeFace,
} from "@/lib/face/morphable_model.ts";
import { alignPoints3D, transformPoints3D } from "@/lib/geometry/procrustes.ts";
import { rasterize } from "@/lib/geometry/rasterize.ts";
import { placeInImage, poseRotation } from "@/lib/geometry/transforms.ts";
import { Random } from "@/lib/random.ts";
import { hasIct, ictFolder } from "@/tests/face/ict/ict_data.ts";
import { assert, assertAllClose, assertEquals, assertThrows } from "@/tests/support.ts";

const ignore = !hasIct;

/** Loaded once for all tests of this file. */
let loading: Promise<MorphableModel> | undefined;
const ict = () => loading ??= ictFolder().then((folder) => loadIct(folder));

function expressionMode(model: MorphableModel, name: string): Float32Array {
  return model.expressionModes[model.expressionNames.indexOf(name)]!;
}

Deno.test({ name: "loadIct() reads a whole model of 100 identity and 53 expression modes", ignore }, async () => {
  const model = await ict();
  checkModel(model);
  assertEquals(model.identityModes.length, 100);
  assertEquals(model.expressionModes.length, 53);
  assertEquals(model.surface.uv.length / 2, 9409);
  assertEquals(model.surface.triangles.length / 3, 2 * 9230);
  assertEquals(new Set(model.materials).size, materialNames.length);
  assertEquals(new Set(model.surface.regions).size, regionNames.length);
  const used = new Set(model.triangles);
  assertEquals(used.size, model.mean.length / 3);
});

Deno.test(
  { name: "loadIct() takes FaceXModel itself, and the second load does not read its files again", ignore },
  async () => {
    const model = await ict();
    const again = await loadIct(`${await ictFolder()}/FaceXModel`, {
      onProgress: () => assert(false, "the files were read again"),
    });
    assertAllClose(again.expressionModes[52]!, model.expressionModes[52]!, 0);
    assertAllClose(again.surface.uv, model.surface.uv, 0);
  },
);

Deno.test(
  { name: "ICT-FaceKit's landmarks come in mirrored pairs, from the image's left to its right", ignore },
  async () => {
    const model = await ict();
    for (const [, marks] of landmarkEntries(model.surface.landmarks)) {
      const flat = valuesAt(renumberPoints(marks, model.surfaceVertices), model.mean);
      const points = Array.from({ length: 68 }, (_, l) => [...flat.subarray(3 * l, 3 * l + 3)]);
      points.forEach(([x, y, z], l) => assertAllClose([-x!, y!, z!], points[mirroredLandmarks[l]!]!, SYMMETRY_CM));
      for (const left of [0, 3, 17, 31, 36, 39, 48, 59, 60]) assert(points[left]![0]! < 0, `landmark ${left}`);
      const heights = [27, 28, 29, 30, 33, 51, 62, 66, 57, 8].map((l) => points[l]![1]!);
      assertEquals(heights, heights.toSorted((a, b) => b - a));
    }
  },
);

Deno.test({
  name: "the built-in face's landmarks lie off ICT-FaceKit's mean by no more than people differ, in both conventions",
  ignore,
  fn: async () => {
    const [people, builtIn] = [await ict(), builtInFace()];
    for (const convention of landmarkConventions) {
      const at = (model: MorphableModel, values: Float32Array) =>
        valuesAt(meshLandmarks(model, (landmarks) => landmarksOf(landmarks, convention)), values);
      const mean = at(people, people.mean);
      const modes = people.identityModes.map((mode) => at(people, mode));
      // without the jaw, which lies farther from the rest in some than in others
      const laidOver = (points: Float32Array) =>
        transformPoints3D(points, alignPoints3D(points.subarray(51), mean.subarray(51)));
      const random = new Random("people");
      const spread = new Float64Array(mean.length);
      for (let n = 0; n < PEOPLE; n++) {
        const person = mean.slice();
        addModes(person, modes, modes.map(() => random.normal()));
        laidOver(person).forEach((value, i) => spread[i]! += (value - mean[i]!) ** 2 / PEOPLE);
      }
      laidOver(at(builtIn, builtIn.mean)).forEach((value, i) => {
        const off = Math.abs(value - mean[i]!) / Math.sqrt(spread[i]! + LEAST_SPREAD ** 2);
        assert(off < 2.25, `landmark ${Math.floor(i / 3)}, axis ${i % 3}, ${convention}: ${off} standard deviations`);
      });
    }
  },
});
/** Weights have two decimals. */
const SYMMETRY_CM = 0.02;
const PEOPLE = 300;
/** Centimeters: the middle of a face hardly differs sideways. */
const LEAST_SPREAD = 0.1;

Deno.test({ name: "ICT-FaceKit's regions hold their own landmarks", ignore }, async () => {
  const { surface } = await ict();
  const regionOf = (l: number) => regionNames[surface.regions[outlineOf(surface.landmarks).vertices[3 * l]!]!]!;
  for (let l = 0; l < 27; l++) assertEquals(regionOf(l), "face");
  for (let l = 27; l < 36; l++) assertEquals(regionOf(l), "nose");
  for (let l = 36; l < 48; l++) assertEquals(regionOf(l), "eyes");
  for (let l = 48; l < 68; l++) assertEquals(regionOf(l), "mouth");
});

Deno.test({ name: "ICT-FaceKit's skin shows its outside to the viewer, from any side", ignore }, async () => {
  const model = await ict();
  for (const yaw of [-1.2, 0, 1.2]) {
    const placement = {
      rotation: poseRotation({ pitch: 0, yaw, roll: 0 }),
      scale: 8,
      translation: [128, 128, 0],
    } as const;
    const positions = placeInImage(model.mean, placement);
    const options = { width: 256, height: 256 };
    const all = rasterize({ positions, triangles: model.triangles }, options).depth;
    const front = rasterize({ positions, triangles: model.triangles }, { ...options, backfaces: false }).depth;
    // The far shoulder's inside is seen from the side, but no other.
    const inside = all.reduce((count, depth, k) => count + Number(depth > front[k]! + 0.01), 0);
    const drawn = all.reduce((count, depth) => count + Number(depth > -Infinity), 0);
    assert(inside < 0.02 * drawn, `${inside} of ${drawn} pixels show the inside at yaw ${yaw}`);
  }
});

Deno.test({ name: "ICT-FaceKit's expressions move the side and the part that they name", ignore }, async () => {
  const model = await ict();
  const change = (name: string, landmark: number) => {
    const vertex = meshLandmarks(model, outlineOf).vertices[3 * landmark]!;
    return [...expressionMode(model, name).subarray(3 * vertex, 3 * vertex + 3)];
  };
  assert(change("jawOpen", 8)[1]! < -0.5, "the chin goes down");
  assert(change("eyeBlink_L", 44)[1]! < -0.5, "the lid of the person's left eye, at the image's right, goes down");
  assertAllClose(change("eyeBlink_L", 37), [0, 0, 0], 0.01);
  assert(change("mouthSmile_R", 48)[0]! < -0.2, "the mouth's corner at the image's left goes outwards");
});

Deno.test({ name: "ICT-FaceKit's eyes follow the gaze that an expression names", ignore }, async () => {
  const model = await ict();
  const pupil = (expression: string, side: -1 | 1) => {
    const amounts = model.expressionNames.map((name) => Number(name === expression));
    const vertices = shapeFace(model, { identity: [], expression: amounts });
    const corners = model.triangles.filter((vertex, corner) =>
      materialNames[model.materials[Math.floor(corner / 3)]!] === "pupil" && model.mean[3 * vertex]! * side > 0
    );
    return [0, 1, 2].map((axis) => corners.reduce((sum, v) => sum + vertices[3 * v + axis]!, 0) / corners.length);
  };
  const [x, y, z] = pupil("none", 1) as [number, number, number];
  assert(pupil("eyeLookUp_L", 1)[1]! > y + 0.4);
  assert(pupil("eyeLookDown_L", 1)[1]! < y - 0.4);
  assert(pupil("eyeLookIn_L", 1)[0]! < x - 0.4);
  assert(pupil("eyeLookOut_L", 1)[0]! > x + 0.4);
  assertAllClose(pupil("eyeLookUp_R", 1), [x, y, z], 1e-6);
  assert(pupil("eyeLookOut_R", -1)[0]! < -x - 0.4);
});

Deno.test("loadIct() says which file of ICT-FaceKit it misses", async () => {
  const folder = await Deno.makeTempDir();
  try {
    await assertThrows(() => loadIct(folder, { cacheFolder: folder }), InputError, /no generic_neutral_mesh.obj there/);
    await Deno.writeTextFile(`${folder}/generic_neutral_mesh.obj`, "");
    await assertThrows(() => loadIct(folder, { cacheFolder: folder }), InputError, /vertex_indices.json/);
    for (
      const [facts, message] of [
        ["{", /^Cannot read .*\/vertex_indices.json: /],
        [`{"expressions": ["../jawOpen"]}`, /"expressions.0": names of files are wanted/],
        [`{"expressions": ["jawOpen"], "idx_to_landmark_verts": [1, 2]}`, /"idx_to_landmark_verts": .*68/],
        [
          JSON.stringify({ expressions: ["jawOpen"], idx_to_landmark_verts: Array(68).fill(0) }),
          /^Cannot read .*\/identity000.obj: there is no such file$/,
        ],
      ] as const
    ) {
      await Deno.writeTextFile(`${folder}/vertex_indices.json`, facts);
      await assertThrows(() => loadIct(folder, { cacheFolder: folder }), InputError, message);
    }
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});

Deno.test({ name: "loadIct() refuses a file that is cut or damaged, and keeps nothing of it", ignore }, async () => {
  const real = `${await ictFolder()}/FaceXModel`;
  const damages: [string, (text: string) => string, RegExp][] = [
    ["generic_neutral_mesh.obj", (text) => text.slice(0, -5), /generic_neutral_mesh.obj: it ends within a line/],
    ["generic_neutral_mesh.obj", (text) => text.slice(0, text.lastIndexOf("\nf") + 1), /26383 faces, wanted .* 26384/],
    ["generic_neutral_mesh.obj", (text) => text.replace(/\nv \S+/, "\nv nan"), /wanted "v" and 3 numbers/],
    ["generic_neutral_mesh.obj", (text) => text.replace(/\nf 874/, "\nf 99999"), /a face uses vertex 99999/],
    ["identity000.obj", (text) => text.slice(0, text.length / 2), /identity000.obj: its texture coordinates and faces/],
    ["identity000.obj", (text) => text.replace(/\nv .*/, ""), /identity000.obj: it has 26718 vertices, wanted 26719/],
    ["identity000.obj", (text) => text.replace(/\nv \S+/, "\nv inf"), /wanted "v" and 3 numbers/],
  ];
  const folder = await Deno.makeTempDir();
  try {
    for await (const { name } of Deno.readDir(real)) await Deno.symlink(`${real}/${name}`, `${folder}/${name}`);
    for (const [name, damage, message] of damages) {
      const text = await Deno.readTextFile(`${real}/${name}`);
      await Deno.remove(`${folder}/${name}`);
      await Deno.writeTextFile(`${folder}/${name}`, damage(text));
      await assertThrows(() => loadIct(folder, { cacheFolder: folder }), InputError, message);
      await Deno.remove(`${folder}/${name}`);
      await Deno.symlink(`${real}/${name}`, `${folder}/${name}`);
    }
    for await (const { name } of Deno.readDir(folder)) assert(!name.endsWith(".model"), "a damaged model was kept");
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
});
