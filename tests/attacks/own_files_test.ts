/**
 * Every cut of a small file of each kind that posmap writes and reads again, and one flipped bit in every byte of it: each
 * is named in a sentence, or changes nothing that is read.
 */
import * as tf from "@tensorflow/tfjs";
import { InputError } from "@/lib/errors.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { decodeModel, encodeModel, modelFingerprint } from "@/lib/face/model_file.ts";
import { readBundle, writeBundle } from "@/lib/formats/tensor_bundle.ts";
import { isSealedOnnx, sealOnnx, sha256 } from "@/lib/formats/seal.ts";
import { encodeDescription } from "@/lib/model/description.ts";
import { openOnnxModel, readDescription } from "@/lib/model/model_folder.ts";
import { openTrainedModel, saveTrainedModel } from "@/lib/model/trained_model.ts";
import { Random } from "@/lib/random.ts";
import { readMetrics, readRunConfig, RunFolder } from "@/lib/train/run_folder.ts";
import { checkNote, writeNote } from "@/lib/train/run_note.ts";
import { smallModel } from "@/tests/attacks/model_files.ts";
import { attackRandom, attacks, attackSeed } from "@/tests/attacks/soak.ts";
import { assert, assertEquals } from "@/tests/support.ts";
import { temporaryFolder, tinyConfig } from "@/tests/train/tiny.ts";

await tf.setBackend("cpu");

/** The file's bytes damaged in each way. */
function* damages(bytes: Uint8Array): Generator<{ what: string; damaged: Uint8Array }> {
  const random = new Random("flips");
  for (let length = 0; length < bytes.length; length++) {
    yield { what: `cut to ${length}`, damaged: bytes.slice(0, length) };
  }
  for (let i = 0; i < bytes.length; i++) {
    yield { what: `byte ${i} changed`, damaged: bytes.with(i, bytes[i]! ^ 1 << random.integer(0, 7)) };
  }
}

/** Reads the file damaged in each way: what is read must be as it was, or refused in one sentence that names the file. */
async function attack(path: string, read: () => Promise<unknown>, name = path): Promise<void> {
  const whole = await Deno.readFile(path);
  const expected = JSON.stringify(await read());
  let refused = 0;
  for (const { what, damaged } of damages(whole)) {
    await Deno.writeFile(path, damaged);
    try {
      assertEquals(JSON.stringify(await read()), expected);
    } catch (error) {
      const isSentence = error instanceof InputError && error.message.includes(name) && !error.message.includes("\n");
      if (!isSentence) throw new Error(`${path} with ${what}: ${error}`);
      refused++;
    }
  }
  await Deno.writeFile(path, whole);
  assert(refused > whole.length, `${path}: only ${refused} of ${2 * whole.length} were refused`);
}

const temporary = await temporaryFolder();
const folder = temporary.path;
Deno.test.afterAll(async () => await temporary[Symbol.asyncDispose]());

Deno.test("a run's settings, damaged in any way, are refused", async () => {
  (await RunFolder.create(`${folder}/run`, tinyConfig()))[Symbol.dispose]();
  await attack(`${folder}/run/config.json`, () => readRunConfig(`${folder}/run`), `${folder}/run`);
});

Deno.test("a run's measurements, damaged in any way, lose the damaged rows and no others", async () => {
  const path = `${folder}/measured`;
  const rows = [{ step: 1, "train/loss": 0.25 }, { step: 2, "train/loss": 0.125, "validation/nme68_2d": 7.5 }];
  {
    using run = await RunFolder.create(path, tinyConfig());
    for (const row of rows) await run.addMetrics(row);
  }
  const whole = await Deno.readFile(`${path}/metrics.jsonl`);
  const known = rows.map((row) => JSON.stringify(row));
  for (const { what, damaged } of damages(whole)) {
    await Deno.writeFile(`${path}/metrics.jsonl`, damaged);
    const read = (await readMetrics(path)).map((row) => JSON.stringify(row));
    assert(read.length >= 1 || what.startsWith("cut") || damaged.filter((byte) => byte === 10).length < 2, what);
    assert(read.every((row) => known.includes(row)), `${what}: ${read}`);
  }
});

Deno.test("what a run notes of its source, damaged in any way, lets no other source pass", async () => {
  const note = { source: "built-in", fingerprint: "0123456789abcdef", landmarks: "300w-lp" };
  await writeNote(folder, note);
  await attack(`${folder}/source.json`, async () => void await checkNote(folder, note), folder);
});

Deno.test("a checkpoint, damaged in any way, is refused or read as it was", async () => {
  const prefix = `${folder}/checkpoint`;
  await writeBundle(prefix, [
    { name: "weights/a", dtype: "float32", shape: [2, 3], values: Float32Array.of(1, 2, 3, 4, 5, 6) },
    { name: "posmap/progress", dtype: "string", shape: [], values: [new TextEncoder().encode('{"step":7}')] },
  ]);
  const read = async () =>
    [...await readBundle(prefix)].map(([name, { values, ...info }]) => [name, info, [...values]]);
  for (const ending of ["index", "data-00000-of-00001"]) await attack(`${prefix}.${ending}`, read, prefix);
});

Deno.test("a model's files, damaged in any way, are refused or read as they were", async () => {
  const path = `${folder}/model`;
  const model = smallModel(0.5);
  await saveTrainedModel(path, model);
  model.network.dispose();
  const weights = [...Deno.readDirSync(path)].find(({ name }) => name.endsWith(".bin"))!.name;
  const read = async () => {
    const { network, description } = await openTrainedModel(path);
    const values = network.getWeights().map((weight) => [...weight.dataSync()]);
    const topology = network.toJSON(null, false);
    network.dispose();
    return { values, topology, description };
  };
  for (const name of ["model.json", weights]) await attack(`${path}/${name}`, read, path);
  await attack(`${path}/posmap.json`, () => readDescription(path));
});

Deno.test("model.onnx, damaged in any way, is refused", async () => {
  const sealed = await sealOnnx(Uint8Array.from({ length: 500 }, (_, i) => i * 37 % 256));
  assert(await isSealedOnnx(sealed));
  for (const { what, damaged } of damages(sealed)) assert(!await isSealedOnnx(damaged as typeof sealed), what);
});

/** Kinds of files as large as they are in use: how to write one, and how to read it. */
const fullSize: Record<string, { readonly write: () => Promise<string>; readonly read: () => Promise<unknown> }> = {
  "model.onnx": {
    write: () => copyOfWeights("model.onnx"),
    read: async () => await sha256((await openOnnxModel(`${folder}/weights`)).network),
  },
  "posmap.json": {
    write: () => copyOfWeights("posmap.json"),
    read: async () => encodeDescription(await readDescription(`${folder}/weights`)),
  },
  "a checkpoint": {
    async write() {
      const values = Float32Array.from({ length: 500_000 }, Math.sin);
      const tensors = ["a", "b"].map((name) => ({ name, dtype: "float32" as const, shape: [500_000], values }));
      await writeBundle(`${folder}/full`, tensors);
      return `${folder}/full.data-00000-of-00001`;
    },
    read: async () => [...(await readBundle(`${folder}/full`)).keys()], // whose checksums are of all values
  },
  "a kept face model": {
    async write() {
      await Deno.writeFile(`${folder}/face.model`, encodeModel(builtInFace(), "stamp"));
      return `${folder}/face.model`;
    },
    async read() {
      const model = decodeModel(await Deno.readFile(`${folder}/face.model`), "stamp");
      if (model) return modelFingerprint(model);
      throw new InputError(`${folder}/face.model is made again`);
    },
  },
};

async function copyOfWeights(name: string): Promise<string> {
  await Deno.mkdir(`${folder}/weights`, { recursive: true });
  for (const file of ["model.onnx", "posmap.json"]) {
    await Deno.copyFile(`${import.meta.dirname}/../../data/weights/lite/${file}`, `${folder}/weights/${file}`);
  }
  return `${folder}/weights/${name}`;
}

for (const [name, { write, read }] of Object.entries(fullSize)) {
  Deno.test(`${name} of full size, with any bit changed, is refused or read as it was`, async () => {
    const path = await write();
    const [whole, expected] = [await Deno.readFile(path), JSON.stringify(await read())];
    const random = attackRandom(`flips in ${name}`);
    const count = attacks(25, 2500);
    let refused = 0;
    for (let i = 0; i < count; i++) {
      const [at, bit] = [random.integer(0, whole.length - 1), random.integer(0, 7)];
      using file = await Deno.open(path, { write: true });
      const put = async (byte: number) => {
        await file.seek(at, Deno.SeekMode.Start);
        await file.write(Uint8Array.of(byte));
      };
      await put(whole[at]! ^ 1 << bit);
      const found = await read().then((value) => JSON.stringify(value), (error) => error);
      await put(whole[at]!);
      const isSentence = found instanceof InputError && found.message.includes(folder) && !found.message.includes("\n");
      assert(isSentence || found === expected, `seed ${attackSeed}, bit ${bit} of byte ${at}: ${found}`);
      if (isSentence) refused++;
    }
    assert(refused > 0.9 * count, `only ${refused} of ${count} were refused`);
  });
}
