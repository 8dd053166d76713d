import { cp } from "node:fs/promises";
import { InputError } from "@/lib/errors.ts";
import { workThrough } from "@/tasks/testing/jobs.ts";
import { mutate, type Mutation } from "@/tasks/testing/mutations.ts";
import { runTestFile, type TestReport } from "@/tasks/testing/test_file.ts";

export interface Trial {
  readonly mutation: Mutation;
  /** The first test that failed, as "file: name"; undefined where none did. */
  readonly foundBy: string | undefined;
}

export interface TryOptions {
  /** The checkout, which stays as it is: faults are put into copies of it. */
  readonly root: string;
  readonly signal: AbortSignal;
  readonly onTrial: (trial: Trial) => void;
}

/**
 * Puts one fault after the other into the code, and runs its tests until one fails. Copies have no `shared` folder beside
 * them: what is found is found on every machine. Throws an InputError where a fault's line is not there, or its tests do not
 * pass without it.
 */
export async function tryMutations(
  mutations: readonly Mutation[],
  { root, signal, onTrial }: TryOptions,
): Promise<Trial[]> {
  for (const mutation of mutations) mutate(await Deno.readTextFile(`${root}/${mutation.file}`), mutation);
  const folder = await Deno.makeTempDir({ prefix: "posmap-mutate-" });
  try {
    const copies = new Map<number, Promise<string>>();
    const copyOf = (worker: number) => {
      if (!copies.has(worker)) copies.set(worker, copyCheckout(root, `${folder}/${worker}/checkout`));
      return copies.get(worker)!;
    };
    const all = [...new Set(mutations.flatMap(({ tests }) => tests))];
    await workThrough(all, async (test, worker) => {
      const { passed, failed } = await runTests(test, await copyOf(worker), signal);
      if (passed.length > 0 && failed.length === 0) return;
      throw new InputError(
        `Cannot look for faults by ${test}: without one, ${failed.length} tests fail and ${passed.length} pass`,
      );
    });
    const trials: Trial[] = [];
    await workThrough(mutations, async (mutation, worker) => {
      const copy = await copyOf(worker), undo = await putInto(copy, mutation);
      let foundBy: string | undefined;
      for (const test of mutation.tests) {
        const report = await runTests(test, copy, signal);
        if (report.failed.length === 0) continue;
        foundBy = `${report.path}: ${report.failed[0]}`;
        break;
      }
      await undo();
      const trial = { mutation, foundBy };
      trials.push(trial);
      onTrial(trial);
    });
    return trials;
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

/** What is made of the kernels, and by what. */
const KERNEL_CODE = "lib/geometry/kernels/code.ts", COMPILER = "tasks/build_kernels.ts";

/** Puts a fault into a copy, and into what is compiled of its file. Gives what takes it out again. */
async function putInto(copy: string, mutation: Mutation): Promise<() => Promise<void>> {
  const isKernel = mutation.file.endsWith(".as");
  const paths = [mutation.file, ...isKernel ? [KERNEL_CODE] : []].map((file) => `${copy}/${file}`);
  const texts = await Promise.all(paths.map((path) => Deno.readTextFile(path)));
  await Deno.writeTextFile(paths[0]!, mutate(texts[0]!, mutation));
  if (isKernel) {
    const args = ["run", "--quiet", "--allow-read", "--allow-write", "--allow-env", COMPILER];
    const { success, stderr } = await new Deno.Command(Deno.execPath(), { args, cwd: copy }).output();
    if (!success) throw new InputError(`Cannot compile ${mutation.file}: ${new TextDecoder().decode(stderr)}`);
  }
  return async () => {
    for (const [i, path] of paths.entries()) await Deno.writeTextFile(path, texts[i]!);
  };
}

async function runTests(test: string, root: string, signal: AbortSignal): Promise<TestReport> {
  const [, path, filter] = /^(.*?)(?:: (.*))?$/.exec(test)!;
  return await runTestFile(path!, { root, filter, signal });
}

/** Without what starts with a dot, runs and packages. */
async function copyCheckout(root: string, copy: string): Promise<string> {
  await Deno.mkdir(copy, { recursive: true });
  for await (const { name } of Deno.readDir(root)) {
    if (!name.startsWith(".") && name !== "runs" && name !== "node_modules") {
      await cp(`${root}/${name}`, `${copy}/${name}`, { recursive: true });
    }
  }
  return copy;
}
