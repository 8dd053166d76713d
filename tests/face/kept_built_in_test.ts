import { cp } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { builtInFace } from "@/lib/face/built_in.ts";
import { codeStamp, type keptBuiltInFace } from "@/lib/face/kept_built_in.ts";
import { encodeModel, modelFingerprint } from "@/lib/face/model_file.ts";
import type { MorphableModel } from "@/lib/face/morphable_model.ts";
import { drawnModel } from "@/lib/face/openness.ts";
import { assert, assertEquals, withEnvironment } from "@/tests/support.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

let processes = 0;

/** What a new process has, as that of its code is a new one. */
async function openIn(cache: string): Promise<string[]> {
  let face: MorphableModel | undefined;
  await withEnvironment({ POSMAP_CACHE: cache }, async () => {
    const code: { readonly keptBuiltInFace: typeof keptBuiltInFace } = await import(
      `@/lib/face/kept_built_in.ts?${processes++}`
    );
    face = await code.keptBuiltInFace();
  });
  return [face!, drawnModel(face!)].map(modelFingerprint);
}

Deno.test("keptBuiltInFace() gives the built-in face and how it is drawn, to the bit, made, kept or damaged, and where none can be kept", async () => {
  await using folder = await temporaryFolder();
  const { path } = folder;
  const face = builtInFace();
  const wanted = [face, drawnModel(face)].map(modelFingerprint);
  const names = ["built-in.model", "built-in-drawn.model"];
  for (const state of ["made", "kept"]) assertEquals([state, ...await openIn(path)], [state, ...wanted]);
  assertEquals([...Deno.readDirSync(path)].map(({ name }) => name).toSorted(), names.toSorted());

  const bytes = await Deno.readFile(`${path}/${names[0]}`);
  const { stamp } = JSON.parse(new TextDecoder().decode(bytes.subarray(32, bytes.indexOf(10, 32))));
  const other = { ...face, mean: face.mean.map((value) => 1.1 * value) };
  await Deno.writeFile(`${path}/${names[0]}`, encodeModel(other, stamp));
  assertEquals((await openIn(path))[0], modelFingerprint(other)); // what is kept is taken
  await Deno.writeFile(`${path}/${names[0]}`, encodeModel(other, `of other code than ${stamp}`));
  assertEquals(await openIn(path), wanted);
  await Deno.truncate(`${path}/${names[1]}`, 1000);
  assertEquals(await openIn(path), wanted);
  assertEquals(await openIn(`${path}/${names[0]}/no folder`), wanted);
});

Deno.test("codeStamp() is another for any change of the code that makes faces, and for no other", async () => {
  await using folder = await temporaryFolder();
  const root = fileURLToPath(new URL("../..", import.meta.url));
  for (const path of ["lib/face", "lib/geometry", "lib/random.ts", "deno.json"]) {
    await cp(`${root}/${path}`, `${folder.path}/${path}`, { recursive: true });
  }
  const stampHere = () => codeStamp(new URL(`file://${folder.path}/`));
  const stamp = await codeStamp();
  assertEquals(await stampHere(), stamp);
  await Deno.writeTextFile(`${folder.path}/lib/files.ts`, "export {};\n");
  assertEquals(await stampHere(), stamp);
  for (const path of ["lib/face/built_in/sculpture.ts", "lib/geometry/visibility.ts", "lib/random.ts", "deno.json"]) {
    const text = await Deno.readTextFile(`${folder.path}/${path}`);
    await Deno.writeTextFile(`${folder.path}/${path}`, text.replace("2", "3"));
    assert(await stampHere() !== stamp, path);
    await Deno.writeTextFile(`${folder.path}/${path}`, text);
  }
  assertEquals(await stampHere(), stamp);
});
