import { InputError } from "@/lib/errors.ts";
import { missingDocs } from "@/tasks/testing/missing_docs.ts";
import { assertEquals, assertThrows } from "@/tests/support.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

Deno.test("missingDocs() names exports without a word, but for fields, options and types of others", async () => {
  await using folder = await temporaryFolder();
  const source = [
    "/** Said. */",
    "export const said = 1;",
    "export const unsaid = 2;",
    "type Hidden = number;",
    "export interface SaidOptions {\n  readonly width: number;\n}",
    "/** Said. */",
    "export interface Box {\n  readonly width: Hidden;\n}",
    "/** Said. */",
    "export class Said {\n  method(): void {}\n}",
    "export function unsaidToo(): void {}",
  ];
  await Deno.writeTextFile(`${folder.path}/a.ts`, source.join("\n"));
  await Deno.writeTextFile(`${folder.path}/good.ts`, source.slice(0, 2).join("\n"));
  assertEquals(await missingDocs(["a.ts", "good.ts"], folder.path), [
    "a.ts:3: export const unsaid = 2;",
    "a.ts:16: export function unsaidToo(): void {}",
  ]);
  assertEquals(await missingDocs(["good.ts"], folder.path), []);
  await assertThrows(() => missingDocs(["none.ts"], folder.path), InputError, /Cannot read the documentation of lib: /);
});
