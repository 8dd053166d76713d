/**
 * Files of other programs, damaged at random: each is read, or refused in one sentence. What hangs, crashes the process or
 * takes all memory ends the tests.
 */
import sharp from "sharp";
import { decodePhoto } from "@/lib/data/files/images.ts";
import { parseMat } from "@/lib/formats/mat.ts";
import { parseNpy } from "@/lib/formats/npy.ts";
import { parseNpz } from "@/lib/formats/npz.ts";
import { encodeGlb } from "@/lib/export/glb.ts";
import { readGltf } from "@/lib/face/gltf/gltf.ts";
import { parseObj } from "@/lib/face/obj/obj.ts";
import type { Random } from "@/lib/random.ts";
import { assert } from "@/tests/support.ts";
import { hasFfmpeg, writeVideo } from "@/tests/track/video_files.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";
import { Budget } from "@/tests/attacks/budget.ts";
import { countFrames, unlessRefused } from "@/tests/attacks/readers.ts";
import { attackRandom, attacks, attackSeed } from "@/tests/attacks/soak.ts";
import { matFile, type Variable } from "@/tests/formats/mat_writer.ts";
import { matlabFiles } from "@/tests/formats/matlab_files.ts";
import { hasNumpy, writeNpz } from "@/tests/formats/numpy_files.ts";
import { npyFile } from "@/tests/formats/npy_file.ts";

/** Some bytes changed, left out, doubled or put in, or the end cut off; numbers in files are short, so bytes are made extreme. */
function mutate(bytes: Uint8Array, random: Random): Uint8Array {
  let result = bytes.slice();
  for (let change = random.integer(1, 4); change > 0; change--) {
    const at = random.integer(0, Math.max(0, result.length - 1));
    const length = random.integer(1, 16);
    const splice = (from: number, middle: Uint8Array) =>
      Uint8Array.from([...result.subarray(0, at), ...middle, ...result.subarray(from)]);
    switch (random.integer(0, 5)) {
      case 0:
        result[at] = random.integer(0, 255);
        break;
      case 1:
        result.fill(random.pick([0, 0x7f, 0x80, 0xff]), at, Math.min(result.length, at + random.pick([1, 2, 4, 8])));
        break;
      case 2:
        result = splice(at + length, new Uint8Array());
        break;
      case 3:
        result = splice(at, result.slice(at, at + length));
        break;
      case 4:
        result = splice(at, Uint8Array.from({ length }, () => random.integer(0, 255)));
        break;
      case 5:
        result = result.slice(0, at);
    }
  }
  return result;
}

interface Attack {
  /** One, or some to choose from. */
  readonly whole: Uint8Array | readonly Uint8Array[];
  readonly read: (bytes: Uint8Array) => unknown;
  /** In CI, and in a soak. */
  readonly counts: readonly [number, number];
}

function test(kind: string, { whole, read, counts }: Attack): void {
  Deno.test(`${kind} damaged at random is read, or refused in one sentence`, async () => {
    const random = attackRandom(kind);
    const wholes = whole instanceof Uint8Array ? [whole] : whole;
    for (const bytes of wholes) await unlessRefused(() => read(bytes), kind); // what is made once is made
    const budget = new Budget();
    let refused = 0;
    const count = attacks(...counts);
    for (let i = 0; i < count; i++) {
      const damaged = mutate(random.pick(wholes), random);
      const where = `seed ${attackSeed}, file ${i} (${damaged.subarray(0, 150).toBase64()})`;
      if (await unlessRefused(() => budget.reading(where, () => read(damaged)), where)) refused++;
    }
    assert(refused > count / 20, `only ${refused} of ${count} were refused`);
  });
}

const obj = [
  "mtllib a.mtl",
  ...Array.from(
    { length: 9 },
    (_, i) => `v ${i % 3} ${Math.floor(i / 3)} 0.5\nvt ${(i % 3) / 2} ${Math.floor(i / 3) / 2}`,
  ),
  "usemtl face",
  "f 1/1 2/2 5/5 4/4",
  "f 2/2 3/3 6/6",
  "f -1/-1 -2/-2 -5/-5",
].join("\n") + "\n";

test("an OBJ", {
  whole: new TextEncoder().encode(obj),
  read: (bytes) => parseObj(new TextDecoder().decode(bytes), "a.obj"),
  counts: [2000, 100_000],
});
test("a GLB", {
  whole: await encodeGlb(
    {
      positions: Float32Array.of(0, 0, 0, 1, 0, 0, 0, 1, 0),
      triangles: Uint32Array.of(0, 1, 2),
      uv: Float32Array.of(0, 0, 1, 0, 0, 1),
    },
    { metersPerUnit: 0.01, morphs: { names: ["jawOpen"], shapes: [new Float32Array(9).fill(0.5)] } },
  ),
  read: (bytes) => readGltf(bytes, { path: "a.glb" }),
  counts: [500, 20_000],
});
const variables: readonly Variable[] = [
  { name: "landmarks", classNumber: 7, shape: [3, 2], values: [1, 2, 3, 4, 5, 6.5], dataType: 7 },
  { name: "roi", classNumber: 10, shape: [1, 2], values: [7, 8], dataType: 2 },
];
for (const compressed of [false, true]) {
  test(`a ${compressed ? "compressed" : "plain"} .mat`, {
    whole: matFile(variables, { little: true, compressed }),
    read: (bytes) => parseMat(bytes, "a.mat"),
    counts: [2000, 50_000],
  });
}
if (matlabFiles.length > 0) {
  test("a .mat of scipy's own", { // of all versions and types, by MATLAB itself
    whole: matlabFiles.map((path) => Deno.readFileSync(path)).filter(({ length }) => length < 20_000),
    read: (bytes) => parseMat(bytes, "a.mat"),
    counts: [2000, 100_000],
  });
}
test("a .npy", {
  whole: npyFile([1, 2, 3, 4, 5, 6], [2, 3]),
  read: (bytes) => parseNpy(bytes, "a.npy"),
  counts: [2000, 100_000],
});

if (hasNumpy) {
  await using folder = await temporaryFolder();
  const arrays = {
    mean: { shape: [40, 3], values: new Float32Array(120).map((_, i) => i % 7) },
    names: ["jawOpen", "smile"],
  };
  const paths = (["savez", "savez_compressed"] as const).map((save) => [save, `${folder.path}/${save}.npz`] as const);
  for (const [save, path] of paths) await writeNpz(path, arrays, save);
  test("a .npz of numpy's own", {
    whole: paths.map(([, path]) => Deno.readFileSync(path)),
    read(bytes) {
      const npz = parseNpz(bytes, "a.npz");
      for (const name of npz.names) name === "names" ? npz.readTexts(name) : npz.read(name);
    },
    counts: [2000, 100_000],
  });
}

const noise = { width: 40, height: 30, channels: 3 as const };
const pixels = Uint8Array.from({ length: 40 * 30 * 3 }, (_, i) => i * 7919 % 256);
for (const format of ["jpeg", "png", "webp"] as const) {
  test(`a ${format} picture`, {
    whole: await sharp(pixels, { raw: noise }).toFormat(format).toBuffer(),
    read: (bytes) => decodePhoto(bytes),
    counts: [150, 5_000],
  });
}

Deno.test({
  name: "a video damaged at random is read, in whole or up to somewhere, or refused in one sentence",
  ignore: !hasFfmpeg,
  fn: async () => {
    await using folder = await temporaryFolder();
    const path = `${folder.path}/a.mp4`;
    const frame = { width: 40, height: 30, rgb: pixels };
    await writeVideo(path, Array.from({ length: 12 }, () => frame));
    const whole = await Deno.readFile(path);
    const random = attackRandom("a video");
    const budget = new Budget();
    for (let i = 0; i < attacks(25, 2000); i++) {
      await Deno.writeFile(path, mutate(whole, random));
      const where = `seed ${attackSeed}, video ${i}`;
      await unlessRefused(() => budget.reading(where, () => countFrames(path)), where);
    }
  },
});
