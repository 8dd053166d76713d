import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { InputError } from "@/lib/errors.ts";
import { mutate, mutations } from "@/tasks/testing/mutations.ts";
import { type Trial, tryMutations } from "@/tasks/testing/try_mutations.ts";
import { assert, assertEquals, assertThrows } from "@/tests/support.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

const root = fileURLToPath(new URL("../..", import.meta.url)).replace(/\/$/, "");

Deno.test("every fault's line is there once, what comes of it is code, and its tests are there", async () => {
  try {
    for (const mutation of mutations) {
      const text = mutate(await Deno.readTextFile(`${root}/${mutation.file}`), mutation);
      await esbuild.transform(text, { loader: "ts", logLevel: "silent" });
      for (const test of mutation.tests) {
        const [path, words = ""] = test.split(": ");
        assert((await Deno.readTextFile(`${root}/${path}`)).includes(words), `${test} is not there`);
      }
    }
  } finally {
    await esbuild.stop();
  }
});

Deno.test("there are faults in every folder of lib, also in those below", async () => {
  const folders = await foldersOf(`${root}/lib`);
  assert(folders.length > 20, `found only ${folders}`);
  const faulty = new Set(mutations.map(({ file }) => `${root}/${dirname(file)}`));
  assertEquals(folders.filter((folder) => !faulty.has(folder)), []);
});

/** Those that hold code, not only folders. */
async function foldersOf(folder: string): Promise<string[]> {
  const entries = await Array.fromAsync(Deno.readDir(folder));
  const below = entries.filter(({ isDirectory }) => isDirectory).map(({ name }) => foldersOf(`${folder}/${name}`));
  return [...entries.some(({ isFile }) => isFile) ? [folder] : [], ...(await Promise.all(below)).flat()];
}

Deno.test("tryMutations() tells what is found from what is not, and leaves the checkout as it was", async () => {
  await using folder = await temporaryFolder();
  const code = "export const sum = (a: number, b: number) =>\n  a + b;\n";
  await Deno.writeTextFile(`${folder.path}/sum.ts`, code);
  await Deno.writeTextFile(`${folder.path}/deno.json`, "{}");
  const test = (name: string, assertion: string) =>
    `import { sum } from "./sum.ts";\nDeno.test("${name}", () => { if (${assertion}) throw new Error("wrong"); });\n`;
  await Deno.writeTextFile(`${folder.path}/lax_test.ts`, test("a lax one", "sum(2, 2) !== 4"));
  await Deno.writeTextFile(`${folder.path}/strict_test.ts`, test("a strict one", "sum(2, 3) !== 5"));
  const fault = { file: "sum.ts", line: "a + b;", replacement: "a * b;" };
  const trials: Trial[] = [];
  const tryAll = (...tests: string[][]) =>
    tryMutations(tests.map((tests) => ({ ...fault, tests })), {
      root: folder.path,
      signal: new AbortController().signal,
      onTrial: (trial) => trials.push(trial),
    });
  await tryAll(["lax_test.ts"], ["lax_test.ts", "strict_test.ts: strict"]);
  assertEquals(trials.map(({ foundBy }) => foundBy).sort(), ["strict_test.ts: a strict one", undefined]);
  assertEquals(await Deno.readTextFile(`${folder.path}/sum.ts`), code);
  await assertThrows(() => tryAll(["lax_test.ts: no such test"]), InputError, /0 tests fail and 0 pass/);
  await Deno.writeTextFile(`${folder.path}/wrong_test.ts`, test("a wrong one", "sum(2, 3) !== 6"));
  await assertThrows(() => tryAll(["wrong_test.ts"]), InputError, /without one, 1 tests fail and 0 pass/);
  for (const text of ["a - b;\n", `${code}${code}`]) {
    await Deno.writeTextFile(`${folder.path}/sum.ts`, text);
    await assertThrows(
      () => tryAll(["lax_test.ts"]),
      InputError,
      /the line "a \+ b;" is there [02] times, wanted once/,
    );
  }
});
