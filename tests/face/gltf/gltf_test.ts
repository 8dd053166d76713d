import { InputError } from "@/lib/errors.ts";
import { encodeGlb } from "@/lib/export/glb.ts";
import { builtInFace } from "@/lib/face/built_in.ts";
import { readGltf } from "@/lib/face/gltf/gltf.ts";
import { readHeadFile } from "@/lib/face/gltf/head_file.ts";
import { eyeCornerDistance, landmarksOf, valuesAt } from "@/lib/face/landmarks.ts";
import { meshLandmarks } from "@/lib/face/morphable_model.ts";
import { assert, assertAllClose, assertClose, assertEquals, assertThrows } from "@/tests/support.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

const face = builtInFace();
const { surface, surfaceVertices } = face;
const onSurface = (values: Float32Array) =>
  Float32Array.from(
    { length: 3 * surfaceVertices.length },
    (_, i) => values[3 * surfaceVertices[Math.floor(i / 3)]! + i % 3]!,
  );
const names = ["jawOpen", "mouthSmile_L"];
const shapes = names.map((name) => onSurface(face.expressionModes[face.expressionNames.indexOf(name)]!));
const bytes = await encodeGlb(
  { positions: onSurface(face.mean), triangles: surface.triangles, uv: surface.uv },
  { metersPerUnit: 0.01, morphs: { names: ["jawOpen", "mouthSmileLeft"], shapes } },
);

Deno.test("readGltf() reads what encodeGlb() writes, with its morph targets by ARKit's names", async () => {
  const { mesh, expression, vertices } = await readGltf(bytes, { path: "a.glb" });
  assertEquals(Object.keys(expression), names);
  assertEquals(mesh.polygons.length, surface.triangles.length / 3);
  const [t, corner] = [500, 1];
  const { vertices: corners, uvs } = mesh.polygons[t]!;
  const at = surface.triangles[3 * t + corner]!;
  assertEquals(corners[corner], vertices[at]);
  assertClose(mesh.uv[2 * uvs[corner]! + 1]!, 1 - surface.uv[2 * at + 1]!, 1e-6);
  shapes.forEach((shape, m) => {
    const made = expression[names[m]!]!;
    const change = shape.map((_, i) => {
      const from = 3 * vertices[Math.floor(i / 3)]! + i % 3;
      return 100 * (made[from]! - mesh.positions[from]!);
    });
    assertAllClose(change, shape, 1e-4);
  });
});

Deno.test("readHeadFile() makes a face of a GLB, whose landmarks it takes from a list or finds", async () => {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/head.glb`;
  await Deno.writeFile(path, bytes);
  const truth = valuesAt(landmarksOf(surface.landmarks), onSurface(face.mean));
  const { vertices, weights } = landmarksOf(surface.landmarks);
  const list = Array.from(
    { length: 68 },
    (_, l) => [...vertices.subarray(3 * l, 3 * l + 3), ...weights.subarray(3 * l, 3 * l + 3)],
  );
  await Deno.writeTextFile(`${folder.path}/landmarks.json`, JSON.stringify({ "300w-lp": list }));
  const template = () => Promise.resolve(face);
  for (const landmarks of [`${folder.path}/landmarks.json`, undefined]) {
    const { model, error } = await readHeadFile(path, { landmarks, template });
    assertEquals([model.expressionNames, error === undefined], [names, landmarks !== undefined]);
    const found = valuesAt(meshLandmarks(model), model.mean).map((value) => 100 * value);
    const shift = [0, 1, 2].map((k) => (found[3 * 30 + k]! - truth[3 * 30 + k]!)); // the file has the middle at 0
    let off = 0;
    for (let l = 0; l < 68; l++) {
      off += Math.hypot(...[0, 1, 2].map((k) => found[3 * l + k]! - shift[k]! - truth[3 * l + k]!)) / 68;
    }
    assert(off < (landmarks ? 1e-3 : 0.06) * eyeCornerDistance(truth), `${off}`);
  }
  await assertThrows(
    () => readHeadFile(path, { mesh: "Hair", template }),
    InputError,
    /no mesh is called "Hair", there are "face"/,
  );
});

Deno.test("readGltf() gives a head or a sentence, wherever a file is cut or changed, and for what says it is huge", async () => {
  const refuses = (file: Uint8Array, pattern: RegExp) =>
    assertThrows(() => readGltf(file, { path: "x.glb" }), InputError, pattern);
  for (let length = 0; length < 64; length++) {
    await refuses(bytes.subarray(0, length), /^Cannot read x\.glb: .*expected$/);
  }
  await refuses(bytes.subarray(0, bytes.length - 4), /bytes, not/);
  for (
    const [from, to, pattern] of [
      [/"count":\d{4}/, '"count":9e12', /holds far more|JSON|expected/],
      [/"mesh":0/, '"mesh":7', /expected/],
      [/"children":\[0\]|"nodes":\[0\]/, '"nodes":[9]', /expected/],
      [/"name":"face","mesh":0/, '"children":[0],"mesh":0', /hold each other/],
    ] as const
  ) {
    const changed = withJson((json) => {
      assert(from.test(json), `${from} is not in ${json.slice(0, 500)}`);
      return json.replace(from, to);
    });
    await refuses(changed, pattern);
  }
});

function withJson(change: (json: string) => string): Uint8Array {
  const view = new DataView(bytes.buffer);
  const length = view.getUint32(12, true);
  const json = new TextEncoder().encode(change(new TextDecoder().decode(bytes.subarray(20, 20 + length))));
  const padded = json.length + (-json.length & 3);
  const changed = new Uint8Array(20 + padded + bytes.length - 20 - length).fill(32);
  changed.set(bytes.subarray(0, 20));
  changed.set(json, 20);
  changed.set(bytes.subarray(20 + length), 20 + padded);
  new DataView(changed.buffer).setUint32(8, changed.length, true);
  new DataView(changed.buffer).setUint32(12, padded, true);
  return changed;
}
