import { deflateSync } from "node:zlib";
import fc from "@/tests/fast_check.ts";
import { InputError } from "@/lib/errors.ts";
import { matNumbers, MOST_MAT_BYTES, parseMat, readMat } from "@/lib/formats/mat.ts";
import { Budget } from "@/tests/attacks/budget.ts";
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
} from "@/tests/formats/mat_writer.ts";

Deno.test("parseMat() reads numbers of every class and storage, little and big endian, compressed and not", () => {
  fc.assert(fc.property(someVariables, forms, (variables, form) => {
    const read = parseMat(matFile(variables, form), "x.mat");
    assertEquals([...read.keys()], variables.map(({ name }) => name));
    for (const { name, shape, values, imaginary } of variables) {
      const array = read.get(name)!;
      assertEquals([array.className.startsWith("complex "), array.shape], [imaginary !== undefined, shape]);
      assertSameNumbers(array.values, imaginary ? undefined : values);
    }
  }));
});

Deno.test("parseMat() passes over what are no real numbers, whatever it holds", () => {
  const classes = [[1, "cell"], [2, "struct"], [3, "object"], [4, "char"], [5, "sparse"], [16, "function"]] as const;
  const other = { name: "other", shape: [2, 2], values: [1, 2, 3], dataType: 4 };
  for (const [classNumber, className] of classes) {
    for (const compressed of [true, false]) {
      const file = matFile([{ ...other, classNumber }, small[1]!], { little: true, compressed });
      const read = parseMat(file, "x.mat");
      assertEquals(read.get("other"), { className, shape: [2, 2], values: undefined });
      assertEquals([...read.get("roi")!.values!], [7, 8]);
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
  for (const shape of [[3, 3], [1, 2], [3, -2], [-3, -2], [6], [2 ** 31 - 1, 2 ** 31 - 1]]) {
    await assertThrows(
      () => parseMat(matFile([{ ...small[0]!, shape }], form), "x.mat"),
      InputError,
      /landmarks|shape|MiB/,
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
  const noise = Array.from({ length: 9000 }, (_, i) => Math.sin(i));
  const long = matVariable({ ...small[0]!, classNumber: 6, dataType: 9, shape: [1, 9000], values: noise }, form);
  assertEquals(parseMat(compress(long, 0), "x.mat").size, 1);
  await assertThrows(() => parseMat(compress(join([long, other]), 0), "x.mat"), InputError, /broken/); // not inflated
});

const declared = { ...small[0]!, name: "bomb", classNumber: 6, dataType: 2, values: new Array(999).fill(0) };
const form = { little: true, compressed: true };
const tooLarge: [string, () => Uint8Array][] = [
  [
    "a variable of many numbers",
    () => matFile([{ ...declared, shape: [1, 5e6], values: new Array(5e6).fill(0) }], form),
  ],
  ["a shape without the numbers", () => matFile([{ ...declared, shape: [60000, 60000] }], form)],
  ["a shape of many dimensions", () => matFile([{ ...declared, shape: new Array(32).fill(2 ** 31 - 1) }], form)],
  ["an element that says it is long", () => {
    const bytes = matVariable({ ...declared, shape: [1, 999] }, { little: true, compressed: false });
    new DataView(bytes.buffer).setUint32(4, 2 ** 30, true);
    const noise = Uint8Array.from({ length: 9000 }, (_, i) => Math.sin(i) * 1e9); // does not get smaller
    return join([matHeader(form), element(15, deflateSync(join([bytes, noise])), true)]);
  }],
  ["many variables", () => {
    const one = { ...declared, shape: [1, 5e5], values: new Array(5e5).fill(0) };
    return matFile(Array.from({ length: 9 }, (_, i) => ({ ...one, name: `bomb${i}` })), form);
  }],
  ["many texts, of which the beginning is inflated", () => {
    const text = matVariable({ ...declared, classNumber: 4, shape: [1, 5e6], values: new Array(5e6).fill(0) }, form);
    return join([matHeader(form), ...new Array(9).fill(text)]);
  }],
  ["very many variables", () => matFile(new Array(2e5).fill(small[1]!), { little: true, compressed: false })],
  ["a file", () => join([matFile(small, form), new Uint8Array(MOST_MAT_BYTES)])],
];
for (const [what, makeFile] of tooLarge) {
  Deno.test(`parseMat() refuses ${what}, too large to inflate or convert`, async () => {
    const bytes = makeFile();
    const budget = new Budget();
    await budget.reading(
      what,
      () => assertThrows(() => parseMat(bytes, "x.mat"), InputError, /^Cannot read x\.mat: .*32 MiB; .* was expected$/),
    );
  });
}

Deno.test("parseMat() refuses a shape that is not 2 to 32 32-bit integers", async () => {
  const name = element(1, new TextEncoder().encode("x"), true);
  const flags = element(6, Uint8Array.of(6, 0, 0, 0, 0, 0, 0, 0), true);
  const file = (type: number, bytes: number) => {
    const shape = element(type, new Uint8Array(bytes), true);
    return join([matHeader(form), element(14, join([flags, shape, name, element(9, new Uint8Array(), true)]), true)]);
  };
  assertEquals(parseMat(file(5, 128), "x.mat").get("x")!.shape.length, 32);
  for (const [type, bytes] of [[1, 8], [3, 8], [9, 16], [5, 4], [5, 6], [5, 132]] as const) {
    await assertThrows(() => parseMat(file(type, bytes), "x.mat"), InputError, /the shape of variable 1 is \d+ bytes/);
  }
});

Deno.test("parseMat() names versions 4 and 7.3, however long the file", async () => {
  const header = matHeader({ little: true });
  header.set([0x00, 0x02], 124);
  const hdf5 = Uint8Array.from({ length: 500 }, (_, i) => "\x89HDF\r\n\x1a\n".charCodeAt(i));
  for (const file of [header, join([header, new Uint8Array(MOST_MAT_BYTES)]), hdf5]) {
    await assertThrows(() => parseMat(file, "x.mat"), InputError, /it is of version 7\.3/);
  }
  for (const [little, type] of [[true, 0], [true, 51], [false, 1000]] as const) {
    const bytes = new Uint8Array(30);
    [type, 1, 1, 0, 2].forEach((value, i) => new DataView(bytes.buffer).setUint32(4 * i, value, little));
    await assertThrows(() => parseMat(bytes, "x.mat"), InputError, /it is of version 4/);
  }
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
  await assertThrows(get("roi", [2, 1]), InputError, /found 1×2 int16, 2×1/);
  await assertThrows(get("title", [1, 5]), InputError, /found 1×5 char/);
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
