import fc from "@/tests/fast_check.ts";
import { InputError } from "@/lib/errors.ts";
import { parseNpy, readNpy } from "@/lib/formats/npy.ts";
import { matNumbers, readMat } from "@/lib/formats/mat.ts";
import { npyFile } from "@/tests/formats/npy_file.ts";
import { assertAllClose, assertEquals, assertThrows, sharedData } from "@/tests/support.ts";

Deno.test("parseNpy() reads both orders to the same rows", () => {
  assertEquals([...parseNpy(npyFile([1, 2, 3, 4, 5, 6], [2, 3]), "x.npy").values], [1, 2, 3, 4, 5, 6]);
  assertEquals([...parseNpy(npyFile([1, 4, 2, 5, 3, 6], [2, 3], true), "x.npy").values], [1, 2, 3, 4, 5, 6]);
  assertEquals(parseNpy(npyFile([7], []), "x.npy").shape, []);
  assertEquals(parseNpy(npyFile([7, 8], [2]), "x.npy").shape, [2]);
});

Deno.test("parseNpy() refuses a file cut at any byte, or longer than its shape", async () => {
  const bytes = npyFile([1, 2, 3, 4, 5, 6], [2, 3]);
  for (let length = 0; length < bytes.length; length++) {
    await assertThrows(() => parseNpy(bytes.subarray(0, length), "cut.npy"), InputError, /^Cannot read cut\.npy: /);
  }
  await assertThrows(() => parseNpy(new Uint8Array([...bytes, 0]), "x.npy"), InputError, /has 25 bytes/);
  const deep = npyFile([1], Array.from({ length: 65 }, () => 1));
  await assertThrows(() => parseNpy(deep, "x.npy"), InputError, /has 65 axes/);
  await assertThrows(() => readNpy("/nowhere/x.npy"), InputError, /nowhere\/x\.npy/);
});

Deno.test("parseNpy() gives an array or an InputError whatever bits are flipped", () => {
  const bytes = npyFile([1, 2, 3, 4, 5, 6], [2, 3]);
  fc.assert(fc.property(fc.array(fc.nat(8 * 128 - 1), { minLength: 1, maxLength: 5 }), (bits) => {
    const flipped = bytes.slice();
    for (const bit of bits) flipped[bit >> 3]! ^= 1 << (bit & 7);
    try {
      parseNpy(flipped, "x.npy");
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
    }
  }));
});

Deno.test({
  name: "readNpy() and readMat() read the same landmarks of AFLW2000-3D",
  ignore: !sharedData("aflw2000-3d"),
  fn: async () => {
    const folder = sharedData("aflw2000-3d")!;
    const { shape, values } = await readNpy(`${folder}/annotations/AFLW2000-3D.pts68.npy`);
    assertEquals(shape, [2000, 3, 68]);
    const path = `${folder}/samples/image00050.mat`;
    const points = matNumbers(await readMat(path), { name: "pt3d_68", shape: [3, 68], path });
    const row = values.subarray(28 * 204, 29 * 204); // image00050 is the 29th
    assertAllClose(Array.from({ length: 204 }, (_, i) => points[i % 68 * 3 + Math.floor(i / 68)]!), row, 0);
  },
});
