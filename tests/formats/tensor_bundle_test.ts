import * as tf from "@tensorflow/tfjs";
import { InputError } from "@/lib/errors.ts";
import {
  listBundle,
  readBundle,
  type StoredTensor,
  type TensorInfo,
  writeBundle,
} from "@/lib/formats/tensor_bundle.ts";
import { Random } from "@/lib/random.ts";
import { execute, newTensor, openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import { assert, assertEquals, assertThrows, sharedData } from "@/tests/support.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

await openTensorFlow({ device: "cpu" });

const utf8 = (text: string) => new TextEncoder().encode(text);

/** Every type that is written, odd shapes among them, and names that come out of order. */
function someTensors(seed = 1): StoredTensor[] {
  const random = new Random(seed);
  const numbers = (length: number) => Array.from({ length }, () => random.uniform(-1e6, 1e6));
  return [
    { name: "step", dtype: "int64", shape: [], values: BigInt64Array.of(-(2n ** 62n) + 5n) },
    { name: "conv/weights", dtype: "float32", shape: [3, 3, 2, 4], values: Float32Array.from(numbers(72)) },
    { name: "conv/bias", dtype: "float32", shape: [5], values: Float32Array.of(NaN, Infinity, -0, 1e-45, 3) },
    { name: "flags", dtype: "bool", shape: [2, 1], values: Uint8Array.of(1, 0) },
    { name: "pixels", dtype: "uint8", shape: [3], values: Uint8Array.of(0, 128, 255) },
    { name: "counts", dtype: "int32", shape: [2, 2], values: Int32Array.of(1, -2, 2 ** 31 - 1, 0) },
    { name: "exact", dtype: "float64", shape: [7], values: Float64Array.from(numbers(7)) },
    { name: "empty", dtype: "float32", shape: [0, 3], values: new Float32Array(0) },
    { name: "text", dtype: "string", shape: [], values: [utf8("ä – 日本")] },
    { name: "texts", dtype: "string", shape: [2, 2], values: ["", "a", "b".repeat(300), "\0"].map(utf8) },
    { name: "ä/é", dtype: "float32", shape: [1], values: Float32Array.of(1) },
  ];
}

/** Enough names for several blocks of an index that TensorFlow writes. */
function manyTensors(): StoredTensor[] {
  const shape = (i: number) => [i % 7, 2];
  return Array.from({ length: 2500 }, (_, i) => ({
    name: `layer_${String(i).padStart(4, "0")}/${"a long name ".repeat(8)}/weights`,
    dtype: "float32" as const,
    shape: shape(i),
    values: new Float32Array(shape(i)[0]! * 2).fill(i),
  }));
}

function byName<T extends { readonly name: string }>(tensors: Iterable<T>): T[] {
  return [...tensors].sort((a, b) => a.name < b.name ? -1 : 1);
}

/** As `assertEquals` compares it: by bits. */
function bits(tensors: Iterable<StoredTensor>): unknown {
  return byName(tensors).map(({ values, ...info }) => ({
    ...info,
    values: Array.isArray(values)
      ? values.map((value) => value.toHex())
      : new Uint8Array((values as Float32Array<ArrayBuffer>).slice().buffer).toHex(),
  }));
}

const names = (infos: readonly TensorInfo[]): [tf.Tensor, tf.Tensor] => [
  tf.tensor1d(infos.map(({ name }) => name), "string"),
  tf.tensor1d(infos.map(() => ""), "string"),
];

/** By TensorFlow's own op. */
function tensorFlowSaves(prefix: string, infos: readonly TensorInfo[], values: readonly tf.Tensor[]): void {
  const dtypes = infos.map(({ dtype }) => dtype);
  tf.tidy(() => execute("SaveV2", { dtypes }, [tf.scalar(prefix, "string"), ...names(infos), ...values], 0));
}

function tensorFlowRestores(prefix: string, infos: readonly TensorInfo[]): tf.Tensor[] {
  const inputs = [tf.scalar(prefix, "string"), ...names(infos)];
  return tf.tidy(() => execute("RestoreV2", { dtypes: infos.map(({ dtype }) => dtype) }, inputs, infos.length));
}

const suffixes = ["index", "data-00000-of-00001"];

async function assertSameFiles(a: string, b: string): Promise<void> {
  for (const suffix of suffixes) {
    const [found, wanted] = [await Deno.readFile(`${a}.${suffix}`), await Deno.readFile(`${b}.${suffix}`)];
    assertEquals(found.toHex(), wanted.toHex());
  }
}

Deno.test("writeBundle() writes the files of TensorFlow's SaveV2, byte for byte, and readBundle() reads them", async () => {
  await using folder = await temporaryFolder();
  const [ours, theirs] = [`${folder.path}/ours`, `${folder.path}/theirs`];
  const tensors = byName([...someTensors(), ...manyTensors().slice(0, 50)]); // several restarts of shared names
  await writeBundle(ours, tensors);
  const values = tensors.map(({ dtype, shape, values }) => newTensor(dtype, shape, values));
  tensorFlowSaves(theirs, tensors, values);
  await assertSameFiles(ours, theirs);
  assertEquals(bits((await readBundle(theirs)).values()), bits(tensors));
  tf.dispose(values);
});

Deno.test("TensorFlow's RestoreV2 restores what writeBundle() wrote, in whatever order, to the bit", async () => {
  await using folder = await temporaryFolder();
  for (const tensors of [someTensors(), manyTensors()]) {
    const [ours, again, sorted] = ["ours", "again", "sorted"].map((name) => `${folder.path}/${name}`);
    await writeBundle(ours!, tensors);
    const restored = tensorFlowRestores(ours!, byName(tensors));
    tensorFlowSaves(again!, byName(tensors), restored);
    assertEquals(bits((await readBundle(again!)).values()), bits(tensors));
    await writeBundle(sorted!, byName(tensors));
    const data = await Promise.all([again, sorted].map((prefix) => Deno.readFile(`${prefix}.${suffixes[1]}`)));
    assertEquals(data[0]!.toHex(), data[1]!.toHex());
    tf.dispose(restored);
  }
});

Deno.test("readBundle() and listBundle() read what TensorFlow saves in several blocks of an index", async () => {
  await using folder = await temporaryFolder();
  const tensors = manyTensors();
  const values = tensors.map(({ dtype, shape, values }) => newTensor(dtype, shape, values));
  tensorFlowSaves(`${folder.path}/many`, tensors, values);
  tf.dispose(values);
  assert((await Deno.stat(`${folder.path}/many.index`)).size > 2 ** 18, "the index has one block");
  assertEquals(bits((await readBundle(`${folder.path}/many`)).values()), bits(tensors));
  const infos = byName(tensors).map(({ name, dtype, shape }) => ({ name, dtype, shape }));
  assertEquals(await listBundle(`${folder.path}/many`), infos);
  const some = await readBundle(`${folder.path}/many`, (name) => name === tensors[77]!.name);
  assertEquals(bits(some.values()), bits([tensors[77]!]));
});

Deno.test("a bundle cut at any byte is refused, and one changed at any byte is too or reads the same", async () => {
  await using folder = await temporaryFolder();
  const prefix = `${folder.path}/last`;
  const tensors = someTensors();
  await writeBundle(prefix, tensors);
  const whole = JSON.stringify(bits(tensors));
  for (const suffix of suffixes) {
    const path = `${prefix}.${suffix}`;
    const bytes = await Deno.readFile(path);
    let harmless = 0;
    for (let i = 0; i < bytes.length; i++) {
      await Deno.writeFile(path, bytes.subarray(0, i));
      const error = await assertThrows(() => readBundle(prefix), InputError, /^Cannot read .*\/last\./);
      assert(error.message.includes(path), error.message);
      const changed = bytes.slice();
      changed[i]! ^= 1 << (i % 8);
      await Deno.writeFile(path, changed);
      const read = await readBundle(prefix).catch((error) => error);
      if (read instanceof InputError) continue;
      if (read instanceof Error) throw read;
      assertEquals(JSON.stringify(bits(read.values())), whole);
      harmless++;
    }
    // what nothing is read from: in the index the empty meta index, its handle, and the footer's padding
    assert(harmless <= (suffix === "index" ? 60 : 0), `${harmless} changed bytes of ${path} went unnoticed`);
    await Deno.writeFile(path, bytes);
  }
});

Deno.test("readBundle() names the file that is missing, and the type that it does not read", async () => {
  await using folder = await temporaryFolder();
  const prefix = `${folder.path}/model.ckpt-1`;
  await assertThrows(() => readBundle(prefix), InputError, /Cannot read .*ckpt-1\.index: there is no such file/);
  const complex = tf.complex([1], [2]);
  tensorFlowSaves(prefix, [{ name: "z", dtype: "complex64", shape: [1] }], [complex]);
  complex.dispose();
  assertEquals(await listBundle(prefix), [{ name: "z", dtype: "complex64", shape: [1] }]);
  await assertThrows(
    () => readBundle(prefix),
    InputError,
    /data-00000-of-00001: z is of type complex64, wanted float32/,
  );
  await Deno.remove(`${prefix}.data-00000-of-00001`);
  await assertThrows(() => readBundle(prefix), InputError, /data-00000-of-00001: there is no such file/);
});

Deno.test("writeBundle() refuses values that are not of the type or the shape", async () => {
  await using folder = await temporaryFolder();
  const wrong: StoredTensor[] = [
    { name: "a", dtype: "float32", shape: [2], values: new Float32Array(3) },
    { name: "a", dtype: "int32", shape: [2], values: new Float32Array(2) },
    { name: "a", dtype: "string", shape: [1], values: new Uint8Array(1) },
    { name: "a", dtype: "float16", shape: [1], values: new Float32Array(1) },
  ];
  for (const tensor of wrong) {
    const message = new RegExp(`Cannot store a: \\d values are no ${tensor.dtype} of shape`);
    await assertThrows(() => writeBundle(`${folder.path}/x`, [tensor]), TypeError, message);
  }
});

const prnet = sharedData("prnet/256_256_resfcn256_weight.index");

Deno.test({
  name: "listBundle() reads the index of PRNet's published TF1 checkpoint: 13,353,618 weights",
  ignore: !prnet,
  fn: async () => {
    const tensors = await listBundle(prnet!.replace(/\.index$/, ""));
    const sizes = new Map(tensors.map(({ name, shape }) => [name, shape.reduce((a, b) => a * b, 1)]));
    const total = (accept: (name: string) => boolean) =>
      [...sizes].reduce((sum, [name, size]) => sum + (accept(name) ? size : 0), 0);
    const isOptimizers = (name: string) => /\/Adam(_1)?$|_power$/.test(name);
    assertEquals(total((name) => !isOptimizers(name) && !name.includes("moving_")), 13_353_618);
    assertEquals(total((name) => name.endsWith("/weights")), 13_341_728);
    assertEquals(total((name) => /\/Adam(_1)?$/.test(name)), 2 * 13_353_618);
    assertEquals(tensors.find(({ name }) => name === "resfcn256/Conv/weights"), {
      name: "resfcn256/Conv/weights",
      dtype: "float32",
      shape: [4, 4, 3, 16],
    });
    assertEquals(tensors.find(({ name }) => name === "beta1_power")!.shape, []);
  },
});
