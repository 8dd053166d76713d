import * as tf from "@tensorflow/tfjs";
import { InputError } from "@/lib/errors.ts";
import { openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import {
  listTensors,
  readCheckpointMetadata,
  restoreTensors,
  saveTensors,
} from "@/lib/tensorflow/files/checkpoints.ts";
import { assert, assertEquals, assertThrows, sharedData } from "@/tests/support.ts";

const tensorFlow = await openTensorFlow({ device: "cpu" });

function someTensors(seed = 1): tf.NamedTensorMap {
  return {
    "conv/weights": tf.randomNormal([3, 3, 4, 5], 0, 1, "float32", seed),
    "conv/bias": tf.randomNormal([5], 0, 1, "float32", seed + 1),
    step: tf.scalar(1234 + seed, "int32"),
    flags: tf.tensor2d([[true], [false]], [2, 1], "bool"),
  };
}

function values(tensors: tf.NamedTensorMap): Record<string, unknown> {
  return Object.fromEntries(
    Object.keys(tensors).sort().map((name) => {
      const { dtype, shape } = tensors[name]!;
      return [name, { dtype, shape, values: [...tensors[name]!.dataSync()] }];
    }),
  );
}

/** A folder that goes when the test ends. */
async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await Deno.makeTempDir();
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

function fileNames(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

Deno.test("restoreTensors() gives back what saveTensors() was given, and leaves no tensor behind", async () => {
  await using folder = await temporaryFolder();
  const tensors = someTensors();
  const expected = values(tensors);
  await saveTensors(`${folder.path}/first`, tensors); // has TensorFlow take up what tfjs still held
  const before = [tf.memory().numTensors, tensorFlow.handleCount];
  await saveTensors(`${folder.path}/new/last`, tensors, { metadata: { step: 7, note: "ä", nothing: null } });
  assertEquals([tf.memory().numTensors, tensorFlow.handleCount], before);

  const restored = await restoreTensors(`${folder.path}/new/last`);
  assertEquals(values(restored), expected);
  const some = await restoreTensors(`${folder.path}/new/last`, ["step"]);
  assertEquals(values(some), { step: expected.step });
  assertEquals(await readCheckpointMetadata(`${folder.path}/new/last`), { step: 7, note: "ä", nothing: null });
  tf.dispose([restored, some]);
  assertEquals([tf.memory().numTensors, tensorFlow.handleCount], before);
  tf.dispose(tensors);
});

Deno.test("listTensors() reads names, types and shapes of what saveTensors() wrote", async () => {
  await using folder = await temporaryFolder();
  const tensors = someTensors();
  // enough names for several blocks of the index
  for (let i = 0; i < 300; i++) tensors[`layer_${String(i).padStart(3, "0")}/weights`] = tf.zeros([i % 7, 2]);
  await saveTensors(`${folder.path}/last`, tensors);
  const names = Object.keys(tensors).sort();
  assertEquals(
    await listTensors(`${folder.path}/last`),
    names.map((name) => ({ name, dtype: tensors[name]!.dtype, shape: tensors[name]!.shape })),
  );
  tf.dispose(tensors);
});

Deno.test("saving again replaces a checkpoint and leaves no file of the one before, nor of a save cut short", async () => {
  await using folder = await temporaryFolder();
  const [first, second] = [someTensors(1), someTensors(2)];
  await saveTensors(`${folder.path}/last`, first);
  await saveTensors(`${folder.path}/last.best`, first); // its name begins like the other's
  Deno.writeTextFileSync(`${folder.path}/last.0123abcd.data-00000-of-00001.tempstate123`, "cut short");
  await saveTensors(`${folder.path}/last`, second);
  const names = fileNames(folder.path).map((name) => name.replace(/\.[0-9a-f]{8}\./, ".0."));
  assertEquals(names.sort(), [
    "last.0.data-00000-of-00001",
    "last.0.index",
    "last.best.0.data-00000-of-00001",
    "last.best.0.index",
    "last.best.json",
    "last.json",
  ]);
  const restored = [await restoreTensors(`${folder.path}/last`), await restoreTensors(`${folder.path}/last.best`)];
  assertEquals(restored.map(values), [values(second), values(first)]);
  tf.dispose([first, second, ...restored]);
});

Deno.test("a save that fails leaves the checkpoint before it as it was", async () => {
  await using folder = await temporaryFolder();
  const tensors = someTensors();
  await saveTensors(`${folder.path}/last`, tensors);
  const before = fileNames(folder.path);
  const disposed = tf.scalar(1);
  disposed.dispose();
  await assertThrows(
    () => saveTensors(`${folder.path}/last`, { disposed }),
    InputError,
    /Cannot save checkpoint .*last/,
  );
  assertEquals(fileNames(folder.path), before);
  await assertThrows(() => saveTensors(`${folder.path}/last.json/x`, tensors), InputError, /Cannot save .*last\.json/);
  Deno.mkdirSync(`${folder.path}/other.json`); // in the manifest's place, so that the last stage fails
  await assertThrows(() => saveTensors(`${folder.path}/other`, tensors), InputError, /Cannot save checkpoint .*other/);
  assertEquals(fileNames(folder.path), [...before, "other.json"]);
  tf.dispose(tensors);
});

Deno.test("a process killed while it saves leaves the old checkpoint or the new one, whole", async () => {
  await using folder = await temporaryFolder();
  const prefix = `${folder.path}/last`;
  const writer = new Deno.Command(Deno.execPath(), {
    args: ["run", "-A", new URL("./save_forever.ts", import.meta.url).pathname, prefix],
    stdout: "piped",
    stderr: "null",
  });
  for (let kill = 0; kill < 3; kill++) {
    const child = writer.spawn();
    const reader = child.stdout.getReader();
    await reader.read(); // saved once
    await new Promise((resolve) => setTimeout(resolve, 3 + 29 * kill));
    child.kill("SIGKILL");
    await child.status;
    await reader.cancel();
    const { step } = await readCheckpointMetadata(prefix) as { step: number };
    const restored = await restoreTensors(prefix);
    assert(restored.a!.dataSync().every((value) => value === step), `Checkpoint ${step} holds something else`);
    tf.dispose(restored);
  }
});

Deno.test("a flipped bit, a cut and a missing file are noticed, with the file's name", async () => {
  await using folder = await temporaryFolder();
  const prefix = `${folder.path}/last`;
  const tensors = someTensors();
  await saveTensors(prefix, tensors, { metadata: { step: 1 } });
  for (const name of fileNames(folder.path)) {
    const path = `${folder.path}/${name}`;
    const bytes = Deno.readFileSync(path);
    const refused = () => assertThrows(() => restoreTensors(prefix), InputError, new RegExp(`last.*${name}`));
    for (let i = 0; i < 40; i++) {
      const flipped = bytes.slice();
      flipped[Math.floor(i / 40 * (bytes.length - 1))]! ^= 1 << (i % 8); // the last byte may be a line's end
      Deno.writeFileSync(path, flipped);
      await refused();
    }
    Deno.writeFileSync(path, bytes.subarray(0, bytes.length - 3));
    await refused();
    Deno.removeSync(path);
    await assertThrows(() => restoreTensors(prefix), InputError, /last.*there is no .*last/);
    Deno.writeFileSync(path, bytes);
  }
  tf.dispose(await restoreTensors(prefix));
  tf.dispose(tensors);
});

Deno.test("a TensorFlow bundle without a manifest is restored, and its own checksums are heeded", async () => {
  await using folder = await temporaryFolder();
  const tensors = someTensors();
  await saveTensors(`${folder.path}/last`, tensors);
  const bundle = `${folder.path}/model.ckpt-1`;
  for (const name of fileNames(folder.path)) {
    const suffix = /\.(index|data-.*)$/.exec(name);
    if (suffix) Deno.copyFileSync(`${folder.path}/${name}`, `${bundle}${suffix[0]}`);
  }
  const restored = await restoreTensors(bundle);
  assertEquals(values(restored), values(tensors));
  for (const path of [`${bundle}.index`, `${bundle}.data-00000-of-00001`]) {
    const bytes = Deno.readFileSync(path);
    const flipped = bytes.slice();
    flipped[20]! ^= 4;
    Deno.writeFileSync(path, flipped);
    await assertThrows(() => restoreTensors(bundle), InputError, /model\.ckpt-1/);
    Deno.writeFileSync(path, bytes);
  }
  tf.dispose([tensors, restored]);
});

Deno.test("an .index file cut at any byte is refused, and one changed at any byte is too or lists the same", async () => {
  await using folder = await temporaryFolder();
  const tensors = someTensors();
  await saveTensors(`${folder.path}/last`, tensors);
  const name = fileNames(folder.path).find((name) => name.endsWith(".index"))!;
  const bytes = Deno.readFileSync(`${folder.path}/${name}`);
  const listed = await listTensors(`${folder.path}/last`);
  const list = (bytes: Uint8Array) => {
    Deno.writeFileSync(`${folder.path}/other.index`, bytes);
    return listTensors(`${folder.path}/other`);
  };
  for (let i = 0; i < bytes.length; i++) {
    await assertThrows(() => list(bytes.subarray(0, i)), InputError, /other\.index/);
    const changed = bytes.slice();
    changed[i]! ^= 1 << (i % 8);
    assertEquals(await list(changed).catch((error) => error instanceof InputError && listed), listed);
  }
  tf.dispose(tensors);
});

Deno.test("restoreTensors() names the tensor that a checkpoint lacks, and what it has", async () => {
  await using folder = await temporaryFolder();
  const tensors = someTensors();
  await saveTensors(`${folder.path}/last`, tensors);
  await assertThrows(() => restoreTensors(`${folder.path}/last`, ["step", "gamma"]), InputError, /gamma.*conv\/bias/);
  await assertThrows(() => restoreTensors(`${folder.path}/none`), InputError, /none: there is no .*none\.index/);
  tf.dispose(tensors);
});

const prnet = sharedData("prnet/256_256_resfcn256_weight.index");

Deno.test({
  name: "listTensors() reads the index of PRNet's published TF1 checkpoint: 13,353,618 weights",
  ignore: !prnet,
  fn: async () => {
    const tensors = await listTensors(prnet!.replace(/\.index$/, ""));
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
