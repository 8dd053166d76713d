import { InputError } from "@/lib/errors.ts";
import type { TestReport } from "@/tasks/testing/test_file.ts";

/** Why a test may be skipped, by "path: name". */
export type Skips = ReadonlyMap<string, string>;

/**
 * Reads a list of tests that may be skipped: lines "path: name", each group of them below a line "# reason". Throws an
 * InputError at a line that is neither, or that has no reason above it.
 */
export function parseSkips(text: string): Skips {
  const skips = new Map<string, string>();
  let reason = "";
  for (const [index, line] of text.split("\n").entries()) {
    if (line.startsWith("#")) reason = line.slice(1).trim();
    else if (/^tests\/\S+_test\.ts: \S/.test(line) && reason !== "") skips.set(line, reason);
    else if (line !== "") {
      throw new InputError(
        `Cannot read the list of skipped tests, line ${
          index + 1
        }: found "${line}", "path: name" below a "# reason" is wanted`,
      );
    }
  }
  return skips;
}

/** What is wrong about the tests that were skipped, and about what the list says of the files that were run. */
export function checkSkips(reports: readonly TestReport[], skips: Skips): string[] {
  const named = (names: (report: TestReport) => readonly string[]) =>
    reports.flatMap((report) => names(report).map((name) => `${report.path}: ${name}`));
  const all = new Set(named(({ passed, failed, skipped }) => [...passed, ...failed, ...skipped]));
  const paths = new Set(reports.map(({ path }) => path));
  return [
    ...named(({ skipped }) => skipped)
      .filter((test) => !skips.has(test))
      .map((test) => `skipped, and tests/skips.txt does not say why: ${test}`),
    ...[...skips.keys()]
      .filter((test) => paths.has(test.slice(0, test.indexOf(": "))) && !all.has(test))
      .map((test) => `named by tests/skips.txt, and there is no such test: ${test}`),
  ];
}
