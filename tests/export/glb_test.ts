import { encodeGlb, type Morphs, type Motion } from "@/lib/export/glb.ts";
import { readGlb } from "@/tests/export/three_reader.ts";
import { assert, assertAllClose, assertClose, assertEquals } from "@/tests/support.ts";

/** A tetrahedron of pixels, far from the origin. */
const mesh = {
  positions: Float32Array.of(100, 100, 0, 110, 100, 0, 100, 110, 0, 100, 100, 10),
  triangles: Uint32Array.of(0, 2, 1, 0, 1, 3, 0, 3, 2, 1, 2, 3),
  uv: Float32Array.of(0, 0, 1, 0, 0, 1, 1, 1),
};
const morphs: Morphs = {
  names: ["jawOpen", "eyeBlink_L"],
  shapes: [Float32Array.from({ length: 12 }, (_, i) => i === 1 ? 20 : 0), new Float32Array(12).fill(10)],
};
const motion: Motion = { times: Float32Array.of(0, 1, 3), weights: Float32Array.of(0, 0, 1, 0.5, 0, 1) };

Deno.test("encodeGlb() writes shapes that three.js moves by the weights of each time, in between too", async () => {
  const glb = await readGlb(await encodeGlb(mesh, { metersPerUnit: 0.01, morphs, motion }));
  const at = (time: number) => {
    const { jawOpen, eyeBlink_L } = glb.morphsAt(time);
    return [jawOpen!, eyeBlink_L!];
  };
  assertAllClose(at(0), [0, 0], 1e-6);
  assertAllClose(at(0.5), [0.5, 0.25], 1e-6);
  assertAllClose(at(1), [1, 0.5], 1e-6);
  assertAllClose(at(2), [0.5, 0.75], 1e-6);
  assertAllClose(glb.morph("jawOpen"), morphs.shapes[0]!.map((value) => 0.01 * value), 1e-6);
  assertAllClose(glb.morph("eyeBlink_L"), morphs.shapes[1]!.map((value) => 0.01 * value), 1e-6);
});

Deno.test("encodeGlb() names the vertices that a shape moves where these are few, and says nothing on the terminal", async () => {
  const warn = console.warn, said: unknown[] = [];
  console.warn = (...words) => said.push(...words);
  try {
    await encodeGlb(mesh, { metersPerUnit: 0.01, morphs });
  } finally {
    console.warn = warn;
  }
  assertEquals(said, []);
  const many: typeof mesh = { ...mesh, positions: new Float32Array(3 * 3000) };
  const lengthWith = async (movingCount: number) => {
    const shape = many.positions.map((_, i) => i < 3 * movingCount ? 1 : 0);
    return (await encodeGlb(many, { metersPerUnit: 1, morphs: { names: ["jawOpen"], shapes: [shape] } })).length;
  };
  const [few, half, all] = [await lengthWith(3), await lengthWith(1500), await lengthWith(3000)];
  assert(few < half && half < all && all - few > 11 * 3000, `${[few, half, all]}`);
});

Deno.test("encodeGlb() brings the mesh's middle to the origin and its lengths to meters", async () => {
  const { positions, triangles, uv } = await readGlb(await encodeGlb(mesh, { metersPerUnit: 0.01 }));
  assertAllClose(positions, mesh.positions.map((value, i) => 0.01 * (value - [105, 105, 5][i % 3]!)), 1e-6);
  assertEquals([triangles, [...uv!]], [mesh.triangles, [...mesh.uv]]);
});

Deno.test("encodeGlb() keeps vertex colors, which glTF has in linear light", async () => {
  const colors = Uint8Array.of(0, 255, 188, 0, 255, 188, 0, 255, 188, 0, 255, 188);
  const glb = await readGlb(await encodeGlb({ ...mesh, colors }, { metersPerUnit: 1 }));
  assertClose(glb.colors![0]!, 0, 1e-6);
  assertClose(glb.colors![1]!, 1, 1e-6);
  assertClose(glb.colors![2]!, 0.5, 0.005);
});
