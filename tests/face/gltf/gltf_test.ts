import { InputError } from "@/lib/errors.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { readGltf } from "@/lib/face/gltf/gltf.ts";
import { glb, glbShapes } from "@/tests/face/heads/stand_ins.ts";
import { assert, assertAllClose, assertClose, assertEquals, assertThrows } from "@/tests/support.ts";

const { surface } = builtInFace();

Deno.test("readGltf() reads what encodeGlb() writes, with its morph targets by ARKit's names", async () => {
  const { mesh, expression, vertices } = await readGltf(glb, { path: "a.glb" });
  assertEquals(Object.keys(expression), ["jawOpen", "mouthSmileLeft"]);
  assertEquals(mesh.polygons.length, surface.triangles.length / 3);
  const [t, corner] = [500, 1];
  const { vertices: corners, uvs } = mesh.polygons[t]!;
  const at = surface.triangles[3 * t + corner]!;
  assertEquals(corners[corner], vertices[at]);
  assertClose(mesh.uv[2 * uvs[corner]! + 1]!, 1 - surface.uv[2 * at + 1]!, 1e-6);
  glbShapes.forEach((shape, m) => {
    const made = Object.values(expression)[m]!;
    const change = shape.map((_, i) => {
      const from = 3 * vertices[Math.floor(i / 3)]! + i % 3;
      return 100 * (made[from]! - mesh.positions[from]!);
    });
    assertAllClose(change, shape, 1e-4);
  });
});

Deno.test("readGltf() gives a head or a sentence, wherever a file is cut or changed, and for what says it is huge", async () => {
  const refuses = (file: Uint8Array, pattern: RegExp) =>
    assertThrows(() => readGltf(file, { path: "x.glb" }), InputError, pattern);
  for (let length = 0; length < 64; length++) {
    await refuses(glb.subarray(0, length), /^Cannot read x\.glb: .*expected$/);
  }
  await refuses(glb.subarray(0, glb.length - 4), /bytes, not/);
  for (
    const [from, to, pattern] of [
      [/"count":\d{4}/, '"count":9e12', /holds far more|JSON|expected/],
      [/"mesh":0/, '"mesh":7', /expected/],
      [
        /^{/,
        '{"extensionsRequired":["KHR_draco_mesh_compression"],',
        /: its mesh is compressed by KHR_draco\w+: save it without; /,
      ],
      [
        /^{/,
        '{"extensionsRequired":["EXT_meshopt_compression"],',
        /: its mesh is compressed by EXT_meshopt\w+: save it without; /,
      ],
      [/^{/, '{"extensionsRequired":["FOO_bar"],', /: it needs the extension FOO_bar, which is not read; /],
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
  const view = new DataView(glb.buffer);
  const length = view.getUint32(12, true);
  const json = new TextEncoder().encode(change(new TextDecoder().decode(glb.subarray(20, 20 + length))));
  const padded = json.length + (-json.length & 3);
  const changed = new Uint8Array(20 + padded + glb.length - 20 - length).fill(32);
  changed.set(glb.subarray(0, 20));
  changed.set(json, 20);
  changed.set(glb.subarray(20 + length), 20 + padded);
  new DataView(changed.buffer).setUint32(8, changed.length, true);
  new DataView(changed.buffer).setUint32(12, padded, true);
  return changed;
}
