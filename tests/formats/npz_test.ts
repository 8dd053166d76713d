/** numpy as the outside judge of the reader. */
import { InputError } from "@/lib/errors.ts";
import { type Npz, openNpz, parseNpz } from "@/lib/formats/npz.ts";
import { hasModules, plainPython } from "@/tests/python.ts";
import { assert, assertEquals, assertThrows } from "@/tests/support.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

const write = `
import json, sys, numpy as np
arrays = {
  "plain": np.arange(6, dtype=np.float32).reshape(2, 3) / 7,
  "columns": np.asfortranarray(np.arange(24, dtype=np.int16).reshape(2, 3, 4)),
  "half": np.float16([1.5, -2]), "swapped": np.array([1, 2], ">i4"), "yes": np.array([True, False]), "one": np.array(5),
  "none": np.zeros((0, 3)), "ü": np.arange(300, dtype=np.int64) % 7,
}
np.savez(sys.argv[1] + "/stored.npz", **arrays)
np.savez_compressed(sys.argv[1] + "/deflated.npz", **arrays)
np.savez(sys.argv[1] + "/objects.npz", good=np.zeros(2), bad=np.array([{}, None]), texts=np.array([["jawOpen"], ["ü😀"]]))
np.savez_compressed(sys.argv[1] + "/bomb.npz", zeros=np.zeros(10_000_000, np.uint8))
print(json.dumps({name: [list(a.shape), a.ravel().astype(float).tolist()] for name, a in arrays.items()}))
`;
type Contents = Readonly<Record<string, readonly [shape: readonly number[], values: readonly number[]]>>;

function contents(npz: Npz): Contents {
  return Object.fromEntries(npz.names.map((name) => {
    const { shape, values } = npz.read(name);
    return [name, [shape, [...values]]];
  }));
}

const ignore = !await hasModules("numpy");

for (const kind of ["stored", "deflated"]) {
  Deno.test({
    name: `parseNpz() reads what numpy has ${kind}, and refuses it cut at any byte`,
    ignore,
    fn: async () => {
      await using folder = await temporaryFolder();
      const wanted: Contents = JSON.parse(await plainPython(write, folder.path));
      const path = `${folder.path}/${kind}.npz`;
      assertEquals(contents(await openNpz(path)), wanted);
      const bytes = await Deno.readFile(path);
      for (let length = 0; length < bytes.length; length++) {
        await assertThrows(() => parseNpz(bytes.subarray(0, length), "a.npz"), InputError, /^Cannot read a\.npz: it /);
      }
    },
  });

  Deno.test({
    name:
      `parseNpz() gives the same arrays, or refuses in one sentence, whichever bit of what numpy has ${kind} is flipped`,
    ignore,
    fn: async () => {
      await using folder = await temporaryFolder();
      const wanted = await plainPython(write, folder.path).then((text): Contents => JSON.parse(text));
      const bytes = await Deno.readFile(`${folder.path}/${kind}.npz`);
      let refused = 0;
      for (let bit = 0; bit < 8 * bytes.length; bit++) {
        bytes[bit >> 3]! ^= 1 << (bit & 7);
        try {
          assertEquals(contents(parseNpz(bytes, "a.npz")), wanted);
        } catch (error) {
          if (!(error instanceof InputError)) throw error;
          assert(/^Cannot (read|find) [^\n]*$/.test(error.message), error.message);
          refused++;
        }
        bytes[bit >> 3]! ^= 1 << (bit & 7);
      }
      assert(refused > 4 * bytes.length, `${refused} of ${8 * bytes.length} flips were refused`); // others are of dates, rights, lengths told twice
    },
  });
}

Deno.test({
  name: "openNpz() refuses pickles, what says that it holds far more than its size, and what is no archive",
  ignore,
  fn: async () => {
    await using folder = await temporaryFolder();
    await plainPython(write, folder.path);
    const objects = await openNpz(`${folder.path}/objects.npz`);
    assertEquals([...objects.read("good").values], [0, 0]);
    const read = (name: string) => () => objects.read(name);
    await assertThrows(
      read("bad"),
      InputError,
      /^Cannot read bad of .*objects\.npz: it is of Python's objects, a pickle/,
    );
    await assertThrows(read("other"), InputError, /^Cannot find other in .*objects\.npz: it has good, bad, texts$/);
    assertEquals(objects.readTexts("texts"), ["jawOpen", "ü😀"]);
    await assertThrows(
      read("texts"),
      InputError,
      /^Cannot use texts of .*: its items are of type <U7, wanted real numbers/,
    );
    await assertThrows(
      () => objects.readTexts("good"),
      InputError,
      /^Cannot use good of .*: its items are of type <f8, wanted texts$/,
    );
    const bomb = () => openNpz(`${folder.path}/bomb.npz`);
    await assertThrows(bomb, InputError, /bomb\.npz: it says that it holds more than 64 times its size; a whole NumPy/);
    await Deno.writeTextFile(`${folder.path}/text.npz`, "v_template".repeat(10));
    const text = () => openNpz(`${folder.path}/text.npz`);
    await assertThrows(text, InputError, /text\.npz: it does not end as an archive does; a whole NumPy archive/);
    await assertThrows(
      () => openNpz(`${folder.path}/none.npz`),
      InputError,
      /^Cannot read .*none\.npz: there is no such file$/,
    );
  },
});
