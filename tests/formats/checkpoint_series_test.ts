import { InputError } from "@/lib/errors.ts";
import { CheckpointSeries } from "@/lib/formats/checkpoint_series.ts";
import type { StoredTensor } from "@/lib/formats/tensor_bundle.ts";
import { interceptFileCalls } from "@/tests/attacks/file_calls.ts";
import { assert, assertEquals, assertThrows } from "@/tests/support.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

function tensorsOf(step: number): StoredTensor[] {
  return [
    { name: "step", dtype: "int32", shape: [], values: Int32Array.of(step) },
    { name: "weights", dtype: "float32", shape: [1000], values: new Float32Array(1000).fill(step) },
  ];
}

/** A series, and all its warnings. */
async function openSeries(prefix: string): Promise<{ series: CheckpointSeries; warnings: string[] }> {
  const warnings: string[] = [];
  return {
    series: await CheckpointSeries.open(prefix, { onWarning: (sentence) => warnings.push(sentence) }),
    warnings,
  };
}

/** The step that the newest whole checkpoint holds throughout. */
async function restoredStep(series: CheckpointSeries): Promise<number | undefined> {
  const restored = await series.restore();
  if (!restored) return undefined;
  const [step] = restored.tensors.get("step")!.values as Int32Array;
  assert((restored.tensors.get("weights")!.values as Float32Array).every((value) => value === step), "it mixes two");
  return step;
}

function fileNames(folder: string): string[] {
  return [...Deno.readDirSync(folder)].map(({ name }) => name).sort();
}

function pair(checkpoint: string): string[] {
  return [`${checkpoint}.data-00000-of-00001`, `${checkpoint}.index`];
}

Deno.test("restore() gives the last of what save() was given, whole or in part, and undefined where there is none", async () => {
  await using folder = await temporaryFolder();
  const { series, warnings } = await openSeries(`${folder.path}/new/last`);
  assertEquals(await series.restore() === undefined, true);
  for (const step of [1, 2, 3]) await series.save(tensorsOf(step));
  assertEquals(await restoredStep(series), 3);
  const part = await series.restore((name) => name === "step");
  assertEquals([...part!.tensors.keys()], ["step"]);
  assertEquals([part!.path, warnings], [`${folder.path}/new/last-3`, []]);
});

Deno.test("save() keeps the checkpoint and the one before, and touches no other file", async () => {
  await using folder = await temporaryFolder();
  const others = ["last", "last-2.txt", "last-best.index", "lasting-1.index", "best-1.index"];
  for (const name of others) await Deno.writeTextFile(`${folder.path}/${name}`, "mine");
  const { series } = await openSeries(`${folder.path}/last`);
  const kept = [];
  for (const step of [1, 2, 3, 4]) {
    await series.save(tensorsOf(step));
    kept.push(fileNames(folder.path).filter((name) => !others.includes(name)));
  }
  const [a, b, c, d] = ["last-1", "last-2", "last-3", "last-4"].map(pair);
  assertEquals(kept, [[...a!], [...a!, ...b!], [...b!, ...c!], [...c!, ...d!]]);
  for (const name of others) assertEquals(await Deno.readTextFile(`${folder.path}/${name}`), "mine");
});

for (const lasting of [false, true]) {
  Deno.test(`an error at any call of save()${lasting ? " and at all after it" : ""} leaves a whole checkpoint`, async () => {
    let failing = 0;
    for (let reached = true; reached; failing++) {
      await using folder = await temporaryFolder();
      const { series, warnings } = await openSeries(`${folder.path}/last`);
      for (const step of [1, 2]) await series.save(tensorsOf(step));
      const before = fileNames(folder.path);
      let [failed, renamed, result] = ["", false, "saved"];
      {
        using _ = interceptFileCalls(({ name, index, proceed }) => {
          if (index === failing) failed = name;
          if (index === failing || lasting && index > failing) throw new Error(`EIO in ${name}`);
          renamed ||= name === "rename";
          return proceed();
        });
        await series.save(tensorsOf(3)).catch((error) => result = String(error));
      }
      reached = failed !== "";
      const [where, after] = [`call ${failing}, ${failed}: `, fileNames(folder.path)];
      const indices = after.filter((name) => name.endsWith(".index")).map((name) => name.replace(".index", ""));
      assertEquals(where + indices.flatMap(pair).filter((name) => !after.includes(name)), where); // each has its data
      const mayGo = renamed ? pair("last-1") : [];
      const missing = [...before, ...(renamed ? pair("last-3") : [])].filter((name) => !after.includes(name));
      assertEquals(where + missing.filter((name) => !mayGo.includes(name)), where);
      if (renamed) {
        // committed: the caller gets a sentence, once, and goes on
        assertEquals([where + result, warnings.length], [where + "saved", reached ? 1 : 0]);
        assert(!reached || warnings[0]!.includes(`EIO in ${failed}`), warnings[0]);
      } else {
        assert(
          new RegExp(`^InputError: Cannot save checkpoint .*/last: EIO in ${failed}`).test(result),
          where + result,
        );
        if (!lasting) assertEquals(where + after, where + before);
      }
      const reopened = await openSeries(`${folder.path}/last`);
      assertEquals([where, await restoredStep(reopened.series)], [where, renamed ? 3 : 2]);
      await reopened.series.save(tensorsOf(4));
      assertEquals([where, fileNames(folder.path).length], [where, 4]);
      assertEquals(await restoredStep(series), 4);
    }
    assert(failing > 15, `only ${failing} calls were seen`);
  });
}

Deno.test("a folder that cannot be synced after the commit is a warning that says so, and removes nothing", async () => {
  await using folder = await temporaryFolder();
  const { series, warnings } = await openSeries(`${folder.path}/last`);
  for (const step of [1, 2]) await series.save(tensorsOf(step));
  {
    let renamed = false;
    using _ = interceptFileCalls(({ name, proceed }) => {
      renamed ||= name === "rename";
      if (renamed && name === "sync") throw new Error("EIO");
      return proceed();
    });
    await series.save(tensorsOf(3));
  }
  assertEquals(warnings.length, 1);
  assert(/last-3 is saved, but a power cut may lose it: cannot sync .*EIO/.test(warnings[0]!), warnings[0]);
  assertEquals(fileNames(folder.path), ["last-1", "last-2", "last-3"].flatMap(pair));
  await series.save(tensorsOf(4));
  assertEquals(fileNames(folder.path), ["last-3", "last-4"].flatMap(pair));
});

Deno.test("a clean-up that fails after a good save is a warning, and is made good by the next", async () => {
  await using folder = await temporaryFolder();
  const { series, warnings } = await openSeries(`${folder.path}/last`);
  for (const step of [1, 2]) await series.save(tensorsOf(step));
  {
    using _ = interceptFileCalls(({ name, proceed }) => {
      if (name === "remove") throw new Error("EACCES");
      return proceed();
    });
    await series.save(tensorsOf(3));
  }
  assertEquals(warnings.length, 1);
  assert(/Cannot remove what is left of old checkpoints .*last: EACCES/.test(warnings[0]!), warnings[0]);
  assertEquals(await restoredStep(series), 3);
  await series.save(tensorsOf(4));
  assertEquals(fileNames(folder.path), ["last-3", "last-4"].flatMap(pair));
});

Deno.test("open() removes what killed saves left, and no checkpoint", async () => {
  await using folder = await temporaryFolder();
  const { series } = await openSeries(`${folder.path}/last`);
  for (const step of [1, 2]) await series.save(tensorsOf(step));
  const whole = fileNames(folder.path);
  const left = [`last-3.index.${crypto.randomUUID()}.tmp`, "last-3.data-00000-of-00001", "last-0.data-00000-of-00001"];
  for (const name of left) await Deno.writeTextFile(`${folder.path}/${name}`, "cut short");
  const reopened = await openSeries(`${folder.path}/last`);
  assertEquals(fileNames(folder.path), whole);
  assertEquals([await restoredStep(reopened.series), reopened.warnings], [2, []]);
});

Deno.test("restore() passes over a damaged checkpoint to the one before, with a word, and that one is kept", async () => {
  for (const damage of ["flipped", "cut", "empty"]) {
    for (const suffix of ["index", "data-00000-of-00001"]) {
      await using folder = await temporaryFolder();
      const { series, warnings } = await openSeries(`${folder.path}/last`);
      for (const step of [1, 2]) await series.save(tensorsOf(step));
      const path = `${folder.path}/last-2.${suffix}`;
      const bytes = await Deno.readFile(path);
      const flipped = bytes.slice();
      flipped[10]! ^= 4;
      const contents = { flipped, cut: bytes.subarray(0, bytes.length - 3), empty: new Uint8Array(0) };
      await Deno.writeFile(path, contents[damage as keyof typeof contents]);
      assertEquals(await restoredStep(series), 1);
      assertEquals(warnings.length, 1);
      assert(warnings[0]!.includes(path) && warnings[0]!.includes("last-1, from before, is used"), warnings[0]);
      await series.save(tensorsOf(3));
      assertEquals(fileNames(folder.path), ["last-1", "last-3"].flatMap(pair)); // at least two that are whole
      for (const name of pair("last-3")) await Deno.writeTextFile(`${folder.path}/${name}`, "damaged");
      assertEquals(await restoredStep(series), 1);
      for (const step of [4, 5]) await series.save(tensorsOf(step));
      assertEquals(fileNames(folder.path), ["last-4", "last-5"].flatMap(pair));
      for (const name of ["last-4.index", "last-5.index"]) {
        await Deno.writeTextFile(`${folder.path}/${name}`, "damaged");
      }
      await assertThrows(() => series.restore(), InputError, /Cannot read .*last-5\.index: the table's last 48 bytes/);
    }
  }
});

Deno.test("save() that cannot make its folder, or whose tensors cannot be had, says so in a sentence", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeTextFile(`${folder.path}/file`, "");
  const { series } = await openSeries(`${folder.path}/folder/last`);
  await series.save(tensorsOf(1));
  const broken = async function* () {
    yield* tensorsOf(2);
    throw new Error("the tensor is disposed");
  };
  await assertThrows(() => series.save(broken()), InputError, /Cannot save checkpoint .*last: the tensor is disposed/);
  assertEquals(fileNames(`${folder.path}/folder`), pair("last-1"));
  await Deno.rename(`${folder.path}/folder`, `${folder.path}/moved`);
  await Deno.rename(`${folder.path}/file`, `${folder.path}/folder`);
  await assertThrows(() => series.save(tensorsOf(2)), InputError, /Cannot save checkpoint .*folder\/last: /);
});
