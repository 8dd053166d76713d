import fc from "@/tests/fast_check.ts";
import { InputError } from "@/lib/errors.ts";
import { decodeModel, encodeModel, keptModel } from "@/lib/face/model_file.ts";
import type { MorphableModel } from "@/lib/face/morphable_model.ts";
import { arbitraryModel } from "@/tests/face/arbitrary_model.ts";
import { assertEquals, assertThrows } from "@/tests/support.ts";

Deno.test("decodeModel() undoes encodeModel()", () => {
  fc.assert(fc.property(arbitraryModel, fc.string(), (model, stamp) => {
    assertEquals(decodeModel(encodeModel(model, stamp), stamp), model);
  }));
});

Deno.test("decodeModel() takes bytes that start anywhere in memory", () => {
  fc.assert(fc.property(arbitraryModel, fc.integer({ min: 1, max: 9 }), (model, offset) => {
    const bytes = encodeModel(model, "");
    const moved = new Uint8Array(bytes.length + offset);
    moved.set(bytes, offset);
    assertEquals(decodeModel(moved.subarray(offset), ""), model);
  }));
});

Deno.test("decodeModel() finds any flipped bit, any cut and any other stamp", () => {
  fc.assert(fc.property(arbitraryModel, fc.nat(), fc.nat(), (model, where, bit) => {
    const bytes = encodeModel(model, "stamp");
    const damaged = bytes.slice();
    damaged[where % bytes.length]! ^= 1 << bit % 8;
    assertEquals(decodeModel(damaged, "stamp"), undefined);
    assertEquals(decodeModel(bytes.subarray(0, where % bytes.length), "stamp"), undefined);
    assertEquals(decodeModel(bytes, "another stamp"), undefined);
  }));
});

Deno.test("keptModel() makes a model once, and again when its file is damaged, cut, removed or of another stamp", async () => {
  const path = `${await Deno.makeTempDir()}/a.model`;
  const [first, second] = fc.sample(arbitraryModel, { numRuns: 2, seed: 3 }) as [MorphableModel, MorphableModel];
  const use = (model: MorphableModel, stamp = "a") => keptModel(path, { stamp, make: () => Promise.resolve(model) });
  assertEquals(await use(first), first);
  assertEquals(await use(second), first);
  const whole = await Deno.readFile(path);
  for (const bytes of [whole.with(whole.length - 9, whole.at(-9)! ^ 1), whole.slice(0, -1), new Uint8Array(0)]) {
    await Deno.writeFile(path, bytes);
    assertEquals(await use(second), second);
    await Deno.writeFile(path, whole);
  }
  assertEquals(await use(second, "b"), second);
  await Deno.remove(path);
  assertEquals(await use(first), first);
  await Deno.remove(path);
  await assertThrows(
    () => keptModel("/nowhere/a.model", { stamp: "a", make: () => Promise.resolve(first) }),
    InputError,
    /Cannot write \/nowhere\/a.model: .*POSMAP_CACHE/,
  );
  const broken = { ...first, mean: first.mean.with(0, NaN) };
  await assertThrows(() => use(broken), InputError, /NaN/);
  assertEquals([...Deno.readDirSync(path.replace("/a.model", ""))], []);
});
