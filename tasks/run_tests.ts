// deno task test [words...]: runs the files of tests, or those whose paths have one of the words, some beside each other.
import { readdir } from "node:fs/promises";
import { fileURLToPath } from "node:url";
import { counted } from "@/lib/counted.ts";
import { InputError } from "@/lib/errors.ts";
import { runTask, taskCommand } from "@/tasks/run_task.ts";
import { workThrough } from "@/tasks/testing/jobs.ts";
import { checkSkips, parseSkips } from "@/tasks/testing/skips.ts";
import { runTestFile, type TestReport } from "@/tasks/testing/test_file.ts";

const root = fileURLToPath(new URL("..", import.meta.url));

/** What takes long, the longest first: begun last, it would go on when all else has ended. */
const longFiles = [
  "tests/notebooks_test.ts",
  "tests/tasks/live_page_test.ts",
  "tests/tasks/train_test.ts",
  "tests/webgpu/webgpu_test.ts",
  "tests/attacks/resume_test.ts",
  "tests/tasks/train_ranks_test.ts",
  "tests/tasks/notebooks_test.ts",
  "tests/experiment_test.ts",
  "tests/tasks/prepare_heads_test.ts",
  "tests/tasks/compare_test.ts",
  "tests/track/drawn_tracking_test.ts",
  "tests/train/memory_test.ts",
  "tests/tasks/evaluate_test.ts",
  "tests/data/store/store_test.ts",
  "tests/train/trainer_test.ts",
  "tests/tasks/prepare_photos_test.ts",
  "tests/store_notebooks_test.ts",
  "tests/store_training_test.ts",
  "tests/tasks/track_test.ts",
];

const command = taskCommand("test")
  .description("Runs every test, each file of them in a process of its own; DENO_JOBS says how many at once")
  .argument("[words...]", "only files whose paths have one of these (default: all)")
  .option("--filter <text>", "only tests whose names have this")
  .option("--hours <count>", "again and again, until so many hours are over", "0")
  .option("--check-skips", "a test that is skipped is wrong, unless tests/skips.txt says why");

interface TestFlags {
  readonly filter?: string;
  readonly hours: string;
  readonly checkSkips?: boolean;
}

await runTask(command, async (console) => {
  const { filter, hours, checkSkips: checksSkips = false } = command.opts<TestFlags>();
  if (!(Number(hours) >= 0)) throw new InputError(`Cannot test for "${hours}" hours: --hours takes a number`);
  const skips = parseSkips(await Deno.readTextFile(`${root}/tests/skips.txt`));
  const files = await chooseFiles(command.args);
  const start = performance.now();
  console.stage(`Running ${files.length === 1 ? files[0] : `${files.length} files of tests`}`);

  const reports: TestReport[] = [];
  const run = async (path: string) => {
    const report = await runTestFile(path, { root, filter, signal: console.signal });
    reports.push(report);
    for (const line of linesOf(report)) console.print(line);
    console.show(`${reports.length} of ${files.length} files`);
  };
  do await workThrough(files, run); while (performance.now() - start < Number(hours) * 3.6e6);
  console.quiet();

  for (const { path, skipped } of reports) {
    for (const name of skipped) console.print(`skipped, ${skips.get(`${path}: ${name}`) ?? "unlisted"}: ${name}`);
  }
  const complaints = checksSkips ? checkSkips(reports, skips) : [];
  for (const complaint of complaints) console.print(complaint);
  const [passed, failed, skipped] = (["passed", "failed", "skipped"] as const).map((outcome) =>
    reports.reduce((sum, report) => sum + report[outcome].length, 0)
  ) as [number, number, number];
  console.print(`${counted(reports.length, "file")} in ${((performance.now() - start) / 1000).toFixed(0)} s`);
  globalThis.console.log(`${passed} passed, ${failed} failed, ${skipped} skipped`);
  if (failed > 0 || complaints.length > 0 || passed === 0) Deno.exitCode = 1;
});

async function chooseFiles(words: readonly string[]): Promise<string[]> {
  const names = await readdir(`${root}/tests`, { recursive: true });
  const files = names.filter((name) => name.endsWith("_test.ts")).map((name) => `tests/${name}`).toSorted();
  for (const word of words) {
    if (!files.some((path) => path.includes(word))) {
      throw new InputError(`Cannot run the tests of "${word}": no file of tests has that in its path`);
    }
  }
  return [...longFiles, ...files.filter((path) => !longFiles.includes(path))]
    .filter((path) => words.length === 0 || words.some((word) => path.includes(word)));
}

/** A line on the file; below it, where tests failed, what they printed. */
function linesOf({ path, passed, failed, skipped, seconds, output }: TestReport): string[] {
  const counts = Object.entries({ passed, failed, skipped })
    .flatMap(([outcome, names]) => names.length > 0 ? [`${names.length} ${outcome}`] : []);
  const line = `${seconds.toFixed(1).padStart(6)} s  ${path}  ${counts.join(", ")}`;
  return failed.length === 0 ? [line] : [line, output.trimEnd()];
}
