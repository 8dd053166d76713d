import { deflateSync } from "node:zlib";
import fc from "fast-check";
import { InputError } from "@/lib/errors.ts";
import { type MatNumbers, matNumbers, parseMat, readMat } from "@/lib/data/files/mat.ts";
import { assertEquals, assertThrows, sharedData } from "@/tests/support.ts";
import {
  assertSameNumbers,
  element,
  forms,
  join,
  matFile,
  matHeader,
  matVariable,
  someVariables,
  type Variable,
} from "@/tests/data/files/mat_writer.ts";

Deno.test("parseMat() reads numbers of every class and storage, little and big endian, compressed and not", () => {
  fc.assert(fc.property(someVariables, forms, (variables, form) => {
    const read = parseMat(matFile(variables, form), "x.mat");
    assertEquals([...read.keys()], variables.map(({ name }) => name));
    for (const { name, shape, values, imaginary } of variables) {
      const array = read.get(name) as MatNumbers;
      assertEquals([array.kind, array.shape], ["numbers", shape]);
      assertSameNumbers(array.values, values);
      assertSameNumbers(array.imaginary, imaginary);
    }
  }));
});

Deno.test("parseMat() reads text row by row", () => {
  const codes = [..."acbd"].map((letter) => letter.charCodeAt(0));
  const text = { name: "t", classNumber: 4, shape: [2, 2], values: codes };
  for (const little of [true, false]) {
    for (const dataType of [2, 4, 17]) {
      const read = parseMat(matFile([{ ...text, dataType }], { little, compressed: false }), "x.mat");
      assertEquals(read.get("t"), { kind: "text", shape: [2, 2], rows: ["ab", "cd"] });
    }
  }
});

const small: readonly Variable[] = [
  { name: "landmarks", classNumber: 7, shape: [3, 2], values: [1, 2, 3, 4, 5, 6.5], dataType: 7 },
  { name: "roi", classNumber: 10, shape: [1, 2], values: [7, 8], dataType: 2 },
  { name: "title", classNumber: 4, shape: [1, 5], values: [104, 101, 108, 108, 111], dataType: 4 },
];

Deno.test("parseMat() refuses a file that is cut inside a variable, at any byte", async () => {
  for (const little of [true, false]) {
    for (const compressed of [true, false]) {
      const form = { little, compressed };
      const bytes = matFile(small, form);
      const ends = small.map((_, i) => matFile(small.slice(0, i), form).length);
      for (let length = 0; length < bytes.length; length++) {
        const cut = bytes.subarray(0, length);
        if (ends.includes(length)) assertEquals(parseMat(cut, "cut.mat").size, ends.indexOf(length));
        else await assertThrows(() => parseMat(cut, "cut.mat"), InputError, /^Cannot read cut\.mat: .*expected$/);
      }
    }
  }
});

Deno.test("parseMat() gives a map or an InputError whatever bits are flipped", () => {
  const position = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(forms, fc.array(position, { minLength: 1, maxLength: 8 }), (form, positions) => {
      const bytes = matFile(small, form);
      for (const position of positions) {
        const bit = Math.floor(position * 8 * bytes.length);
        bytes[bit >> 3]! ^= 1 << (bit & 7);
      }
      try {
        parseMat(bytes, "x.mat");
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
      }
    }),
    { numRuns: 3000 },
  );
});

Deno.test("parseMat() refuses a shape that is not that of the numbers, and a small element of more than 4 bytes", async () => {
  const form = { little: true, compressed: false };
  for (const shape of [[3, 3], [1, 2], [3, -2], [6], [2 ** 31 - 1, 2 ** 31 - 1]]) {
    await assertThrows(
      () => parseMat(matFile([{ ...small[0]!, shape }], form), "x.mat"),
      InputError,
      /landmarks|shape/,
    );
  }
  const file = matFile([small[1]!], form);
  assertEquals(file[128 + 40 + 2], 3); // the name, "roi", is a small element
  file[128 + 40 + 2] = 5;
  await assertThrows(() => parseMat(file, "x.mat"), InputError, /small element of 5 bytes/);
});

Deno.test("parseMat() refuses bytes after what is compressed, and more than one variable in it", async () => {
  const form = { little: true, compressed: false };
  const [one, other] = [matVariable(small[0]!, form), matVariable(small[1]!, form)];
  const compress = (bytes: Uint8Array, spare: number) =>
    join([matHeader(form), element(15, join([deflateSync(bytes), new Uint8Array(spare)]), form.little)]);
  assertEquals(parseMat(compress(one, 0), "x.mat").size, 1);
  await assertThrows(() => parseMat(compress(one, 3), "x.mat"), InputError, /3 bytes follow/);
  await assertThrows(() => parseMat(compress(join([one, other]), 0), "x.mat"), InputError, /more than one/);
});

Deno.test("parseMat() names the version of MATLAB's HDF5 files", async () => {
  const header = matHeader({ little: true });
  header.set([0x00, 0x02], 124);
  await assertThrows(() => parseMat(header, "x.mat"), InputError, /version 7\.3/);
  await assertThrows(() => parseMat(new Uint8Array(500), "x.mat"), InputError, /MAT-file's header/);
});

Deno.test("readMat() names a file that is not there", async () => {
  await assertThrows(() => readMat("/nowhere/x.mat"), InputError, /^Cannot read \/nowhere\/x\.mat: .*MAT-file/);
});

Deno.test("matNumbers() refuses a missing variable, another shape, text, and what is not finite", async () => {
  const nan = { name: "nan", classNumber: 6, shape: [1, 1], values: [NaN], dataType: 9 };
  const read = parseMat(matFile([...small, nan], { little: true, compressed: false }), "x.mat");
  const get = (name: string, shape: number[]) => () => matNumbers(read, { name, shape, path: "x.mat" });
  assertEquals([...get("roi", [1, 2])()], [7, 8]);
  await assertThrows(get("pose", [1, 7]), InputError, /^Cannot use pose of x\.mat: found no such variable, 1×7/);
  await assertThrows(get("roi", [2, 1]), InputError, /found 1×2 numbers, 2×1/);
  await assertThrows(get("title", [1, 5]), InputError, /found 1×5 text/);
  await assertThrows(get("nan", [1, 1]), InputError, /not finite/);
});

Deno.test({
  name: "parseMat() reads pt3d_68 of a real file of AFLW2000-3D, and refuses it cut at any byte",
  ignore: !sharedData("aflw2000-3d"),
  fn: async () => {
    const path = `${sharedData("aflw2000-3d")}/samples/image00050.mat`;
    const bytes = Deno.readFileSync(path);
    const points = matNumbers(parseMat(bytes, path), { name: "pt3d_68", shape: [3, 68], path });
    assertEquals([...points.subarray(0, 2)].map(Math.round), [126, 210]);
    for (let length = 0; length < bytes.length; length++) {
      const read = () =>
        matNumbers(parseMat(bytes.subarray(0, length), path), { name: "pt3d_68", shape: [3, 68], path });
      await assertThrows(read, InputError, /image00050\.mat/);
    }
  },
});
