import { cp } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { splits } from "@/lib/data/sample.ts";
import { buildStore } from "@/lib/data/store/build_store.ts";
import { openStore } from "@/lib/data/store/store_source.ts";
import { InputError } from "@/lib/errors.ts";
import { namesIn } from "@/lib/files.ts";
import { standInModel, writeStandInSet } from "@/tests/data/sets/300w_lp/stand_in.ts";
import { buildStandInStore, openStandInSet, standInSpec } from "@/tests/data/store/stand_in_store.ts";
import { assert, assertAllClose, assertEquals, assertThrows } from "@/tests/support.ts";
import { attackRandom, attacks } from "@/tests/attacks/soak.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

/** A set and its store, in folders "set" and "store", made once: each test has a copy. */
const original = await temporaryFolder();
Deno.test.afterAll(async () => await original[Symbol.asyncDispose]());
await writeStandInSet(`${original.path}/set`, standInModel(), { subjects: 5, rotations: 3, side: 60 });
const content = await buildStandInStore(`${original.path}/store`, { set: `${original.path}/set` });

async function builtStore() {
  const { path, [Symbol.asyncDispose]: dispose } = await temporaryFolder();
  await cp(original.path, path, { recursive: true });
  return { set: `${path}/set`, store: `${path}/store`, [Symbol.asyncDispose]: dispose };
}

/** The folder's files and their bytes. */
async function contentOf(folder: string): Promise<Record<string, string>> {
  const names = namesIn(folder).sort();
  return Object.fromEntries(
    await Promise.all(names.map(async (name) => [name, (await Deno.readFile(`${folder}/${name}`)).toBase64()])),
  );
}

const options = { seed: 7, imageSize: 64, augment: false };

Deno.test("a store gives the samples that it was made of, changed alike, its positions to the loss that it states", async () => {
  await using built = await builtStore();
  for (const augment of [false, true]) {
    const store = await openStore(built.store, { ...options, augment });
    const source = await openStandInSet(built.set, { augment });
    assertEquals(store.counts, source.counts);
    assert(content.loss < 0.003, `${content.loss} pixels`);
    for (const split of splits) {
      for (let index = 0; index < source.counts[split]!; index++) {
        const [found, made] = [await store.sample(index, split, 2), await source.sample(index, split, 2)];
        assertEquals(found.image, made.image);
        assertAllClose(found.map.positions, made.map.positions, 1.3 * content.loss + 1e-4); // enlarged at most by 1.2
        assertEquals(found.landmarks, made.landmarks);
        assertEquals(found.person, made.person);
        assertEquals((await store.label(index, split)).landmarks, (await source.label(index, split)).landmarks);
      }
    }
    assertEquals(store.surface, source.surface);
    assertEquals(store.facts(), source.facts());
  }
});

Deno.test("buildStore() makes the same bytes with any number of workers, and again, and leaves a whole one alone", async () => {
  await using built = await builtStore();
  const expected = await contentOf(built.store);
  assertEquals(Object.keys(expected), [
    "face.model",
    "store.json",
    "test-00000.shard",
    "train-00000.shard",
    "train-00001.shard",
    "train-00002.shard",
    "validation-00000.shard",
  ]);
  await buildStandInStore(`${built.store} 3`, { set: built.set, workers: 3 }); // the original has been built by one
  assertEquals(await contentOf(`${built.store} 3`), expected);
  const states: string[] = [];
  await buildStandInStore(built.store, { set: built.set, onShard: ({ state }) => states.push(state) });
  assertEquals(states, new Array(5).fill("kept"));
  assertEquals(await contentOf(built.store), expected);
});

Deno.test("buildStore(), killed at any moment and run again, makes what it would have made", async () => {
  await using built = await builtStore();
  const expected = await contentOf(built.store);
  const random = attackRandom("kill");
  const folder = `${built.store} again`;
  const build = () => {
    const script = fileURLToPath(new URL("./stand_in_store.ts", import.meta.url));
    const args = ["run", "--quiet", "--allow-all", "--config", "deno.json", script, built.set, folder];
    return new Deno.Command(Deno.execPath(), { args, stdout: "null", stderr: "null" }).spawn();
  };
  const start = performance.now();
  assert((await build().status).success);
  const whole = performance.now() - start;
  await Deno.remove(folder, { recursive: true });
  for (let kill = 0; kill < attacks(2, 30); kill++) {
    const child = build();
    const timer = setTimeout(() => child.kill("SIGKILL"), random.uniform(0.3, 1) * whole);
    await child.status;
    clearTimeout(timer);
    await assertThrows(
      async () => {
        await openStore(folder, options); // it may have come to its end
        throw new InputError("it is not finished");
      },
      InputError,
      /it has no store\.json|it is not finished/,
    );
  }
  assert((await build().status).success);
  assertEquals(await contentOf(folder), expected);
});

/** Where the JSON at the end of a shard begins. */
function factsStart(shard: Uint8Array): number {
  return new TextDecoder("latin1").decode(shard).lastIndexOf('{"loss"');
}

Deno.test("a store that is cut or changed anywhere names the file, and preparing it again mends that one", async () => {
  await using built = await builtStore();
  const expected = await contentOf(built.store);
  const random = attackRandom("damage");
  const names = Object.keys(expected);
  const readAll = async () => {
    const refused: string[] = [];
    const source = await openStore(built.store, { ...options, onRefused: (sentence) => refused.push(sentence) });
    for (const split of splits) {
      for (let index = 0; index < source.counts[split]!; index++) await source.sample(index, split);
    }
    throw new InputError(refused.join("\n"));
  };
  for (let time = 0; time < attacks(40, 2000); time++) {
    const name = names[time % names.length]!;
    const path = `${built.store}/${name}`;
    const bytes = Uint8Array.fromBase64(expected[name]!);
    const place = random.integer(0, bytes.length - 1);
    if (random.chance(0.7)) {
      const damaged = bytes.slice();
      damaged[place]! ^= 1 << random.integer(0, 7);
      await Deno.writeFile(path, damaged);
    } else {
      await Deno.truncate(path, place);
    }
    const isCut = (await Deno.stat(path)).size < bytes.length;
    // what only the building of stores looks at: a shard's own hash, which stands in the manifest, too, and its facts
    const isForBuilding = name.endsWith(".shard") && (!isCut && place < 32 || place >= factsStart(bytes));
    if (!isForBuilding) await assertThrows(readAll, InputError, new RegExp(name.replaceAll(".", "\\.")));
    if (time % 13 > 0 && !isForBuilding) {
      await Deno.writeFile(path, bytes);
      continue;
    }
    const mended: string[] = [];
    await buildStandInStore(built.store, {
      set: built.set,
      onShard: ({ file, state }) => state === "kept" || mended.push(`${file} ${state}`),
    });
    assertEquals(mended, name.endsWith(".shard") ? [`${name} mended`] : []);
    assertEquals(await contentOf(built.store), expected);
  }
});

Deno.test("buildStore() leaves out what cannot be used, says so, and takes it in when it has come back", async () => {
  await using folder = await temporaryFolder();
  const [set, store] = [`${folder.path}/set`, `${folder.path}/store`];
  const fits = await writeStandInSet(set, standInModel(), { subjects: 4, rotations: 2, side: 60 });
  const [name] = fits.keys();
  const whole = await Deno.readFile(`${set}/${name}.jpg`);
  await Deno.writeFile(`${set}/${name}.jpg`, whole.map((byte, i) => i > 300 ? 0 : byte));
  const content = await buildStandInStore(store, { set });
  assertEquals(content.refused.map(({ photo }) => photo), [name]);
  assert(/^Cannot read LFPW\/.*\.jpg: /.test(content.refused[0]!.reason));
  assertEquals(splits.reduce((sum, split) => sum + content.samples[split], 0), 7);
  await Deno.writeFile(`${set}/${name}.jpg`, whole);
  const again = await buildStandInStore(store, { set });
  assertEquals([again.refused, splits.reduce((sum, split) => sum + again.samples[split], 0)], [[], 8]);
});

Deno.test("buildStore() refuses a folder of anything else, and a store of other photos or of another size", async () => {
  await using built = await builtStore();
  const expected = await contentOf(built.store);
  await writeStandInSet(`${built.set} 2`, standInModel(), { subjects: 4, rotations: 1, side: 60 });
  await assertThrows(
    () => buildStandInStore(built.store, { set: `${built.set} 2` }),
    InputError,
    /^Cannot make a store in .*: it holds one of another fingerprint; another folder was expected/,
  );
  await assertThrows(
    () => buildStandInStore(built.store, { set: built.set, photosPerShard: 2 }),
    InputError,
    /one of another photosPerShard/,
  );
  assertEquals(await contentOf(built.store), expected);
  await Deno.truncate(`${built.store}/store.json`, 10);
  await assertThrows(
    () => buildStandInStore(built.store, { set: `${built.set} 2` }),
    InputError,
    /\.shard: it is there already, as part of another store$/,
  );
  await assertThrows(
    () => buildStandInStore(built.set, { set: built.set }),
    InputError,
    /it has LFPW\w*; an empty folder or/,
  );
  await assertThrows(() => openStore(built.set, options), InputError, /it has no store\.json, a store was expected$/);
});

Deno.test("openStore() refuses another size of pictures, and what is not finished", async () => {
  await using built = await builtStore();
  await assertThrows(
    () => openStore(built.store, { ...options, imageSize: 128 }),
    InputError,
    /with imageSize 128: it was made for 64$/,
  );
  const stop = new Error("stop");
  const folder = `${built.store} 2`;
  const source = await openStandInSet(built.set);
  await assertThrows(
    () =>
      buildStore(folder, {
        source,
        spec: standInSpec(built.set),
        workers: 1,
        workerUrl: new URL("./idle_worker.ts", import.meta.url),
        onProgress: () => {
          throw stop;
        },
      }),
    Error,
    /^stop$/,
  );
  await assertThrows(() => openStore(folder, options), InputError, /it is not finished, preparing it again goes on$/);
});
