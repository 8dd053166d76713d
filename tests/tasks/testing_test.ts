import { fileURLToPath } from "node:url";
import { InputError } from "@/lib/errors.ts";
import { checkSkips, parseSkips } from "@/tasks/testing/skips.ts";
import { readJunit, runTestFile, type TestReport } from "@/tasks/testing/test_file.ts";
import { assert, assertEquals, assertThrows } from "@/tests/support.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

const root = fileURLToPath(new URL("../..", import.meta.url));

async function runSource(source: string, filter?: string): Promise<TestReport> {
  await using folder = await temporaryFolder();
  const path = `${folder.path}/some_test.ts`;
  await Deno.writeTextFile(path, source);
  return await runTestFile(path, { root, filter, signal: new AbortController().signal });
}

Deno.test("runTestFile() names what passed, failed and was skipped, and keeps what a failed test threw", async () => {
  const { passed, failed, skipped, output } = await runSource(`
    Deno.test("a <b> & \\"c\\" isn't d", () => {});
    Deno.test("throws", () => { throw new Error("its own words"); });
    Deno.test({ name: "not today", ignore: true, fn() {} });
  `);
  assertEquals([passed, failed, skipped], [[`a <b> & "c" isn't d`], ["throws"], ["not today"]]);
  assert(output.includes("its own words"), output);
});

Deno.test("runTestFile() runs the tests that a filter names, and fails a file that ends or throws outside of them", async () => {
  assertEquals((await runSource(`for (const n of ["one", "two"]) Deno.test(n, () => {});`, "two")).passed, ["two"]);
  for (const end of [`throw new Error("early")`, `Deno.test("a", () => {}); Deno.kill(Deno.pid, "SIGKILL")`]) {
    const { passed, failed } = await runSource(end);
    assertEquals([passed, failed], [[], ["the file itself"]]);
  }
});

Deno.test("checkSkips() wants a reason for each skipped test, and a test for each reason", async () => {
  const report: TestReport = {
    path: "tests/a_test.ts",
    passed: ["one"],
    failed: [],
    skipped: ["two: b", "three"],
    seconds: 1,
    output: "",
  };
  const text = "# no data\ntests/a_test.ts: two: b\ntests/a_test.ts: one\n\n# other\ntests/b_test.ts: not run now\n";
  const skips = parseSkips(text);
  assertEquals(skips.get("tests/a_test.ts: two: b"), "no data");
  assertEquals(checkSkips([report], skips).map((line) => line.replace(/.*: tests/, "tests")), [
    "tests/a_test.ts: three",
  ]);
  const stale = parseSkips(`${text}tests/a_test.ts: three\ntests/a_test.ts: gone\n`);
  assertEquals(checkSkips([report], stale).map((line) => line.replace(/.*: tests/, "tests")), [
    "tests/a_test.ts: gone",
  ]);
  for (const bad of ["tests/a_test.ts: one\n", "# reason\nsome test\n"]) {
    await assertThrows(
      () => parseSkips(bad),
      InputError,
      /line [12]: found ".*", "path: name" below a "# reason" is wanted/,
    );
  }
  assertEquals(readJunit("").passed, []);
});
