import { jobCount } from "@/tasks/testing/jobs.ts";

/** What a file of tests came to. */
export interface TestReport {
  readonly path: string;
  readonly passed: readonly string[];
  readonly failed: readonly string[];
  readonly skipped: readonly string[];
  readonly seconds: number;
  /** What the tests printed, with the errors at its end. */
  readonly output: string;
}

export interface RunOptions {
  /** The checkout that the file is of. */
  readonly root: string;
  /** Only tests whose names have it. */
  readonly filter?: string | undefined;
  readonly signal: AbortSignal;
}

const permissions = [
  ...["--allow-ffi", "--allow-read", "--allow-write", "--allow-env", "--allow-sys", "--allow-run"],
  "--allow-net=127.0.0.1",
];

const cores = navigator.hardwareConcurrency;

/**
 * Runs a file's tests in a process of their own: tests change the environment and the working folder, look at the
 * process's memory, and load libraries that keep threads. Files beside each other share the processors: a small network's
 * step takes two threads twice the processor time that it takes one. Types are the gate's business.
 *
 * @param path from the checkout's root
 */
export async function runTestFile(path: string, { root, filter, signal }: RunOptions): Promise<TestReport> {
  const junit = await Deno.makeTempFile({ prefix: "posmap-test-", suffix: ".xml" });
  try {
    const start = performance.now();
    const { success, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
      args: [
        ...["test", "--quiet", "--no-check", ...permissions, `--junit-path=${junit}`],
        ...filter === undefined ? [] : [`--filter=${filter}`],
        path,
      ],
      cwd: root,
      env: { NO_COLOR: "1", TF_NUM_INTRAOP_THREADS: String(Math.max(1, Math.floor(cores / jobCount()))) },
      stdin: "null",
      signal,
    }).output();
    signal.throwIfAborted();
    const decoder = new TextDecoder();
    const cases = readJunit(await Deno.readTextFile(junit));
    if (!success && cases.failed.length === 0) cases.failed.push("the file itself"); // which no test of it catches
    const seconds = (performance.now() - start) / 1000;
    return { path, ...cases, seconds, output: decoder.decode(stdout) + decoder.decode(stderr) };
  } finally {
    await Deno.remove(junit);
  }
}

/** The names of the tests and steps in a report as `deno test --junit-path` writes it, by what became of them. */
export function readJunit(xml: string): { passed: string[]; failed: string[]; skipped: string[] } {
  const cases = { passed: [] as string[], failed: [] as string[], skipped: [] as string[] };
  for (const [, name, body] of xml.matchAll(/<testcase name="([^"]*)"[^>]*>(.*?)<\/testcase>/gs)) {
    const outcome = /<(?:failure|error)\b/.test(body!) ? "failed" : body!.includes("<skipped") ? "skipped" : "passed";
    cases[outcome].push(name!.replace(/&(\w+);/g, (entity, letters) => entities[letters] ?? entity));
  }
  return cases;
}

const entities: Readonly<Record<string, string>> = { amp: "&", lt: "<", gt: ">", quot: '"', apos: "'" };
