import { type Config, parseConfig } from "@/lib/config.ts";
import { InputError } from "@/lib/errors.ts";
import { writeFileAtomic } from "@/lib/files.ts";

/** One line of `metrics.jsonl`: the step, and what was measured at it. */
export type MetricsRow = Readonly<{ step: number }> & Readonly<Record<string, number>>;

/**
 * The folder of one run: `config.json`, `metrics.jsonl`, TensorBoard events, `checkpoints/`, `model/`, `report.html`.
 * Whoever holds a RunFolder is the only process that writes there; disposing it lets go.
 */
export class RunFolder implements Disposable {
  readonly #lock: Deno.FsFile;

  private constructor(readonly path: string, readonly config: Config, lock: Deno.FsFile) {
    this.#lock = lock;
  }

  /** Makes a new run's folder. Throws an InputError where the folder holds anything already. */
  static async create(path: string, config: Config): Promise<RunFolder> {
    await checkRunFolder(path);
    await makeFolder(path);
    const lock = await lockFolder(path);
    const run = new RunFolder(path, config, lock);
    await writeFileAtomic(`${path}/config.json`, JSON.stringify(config, null, 2) + "\n");
    return run;
  }

  /** Opens a run to go on with it. Throws an InputError where there is none, or another process has it. */
  static async open(path: string): Promise<RunFolder> {
    const config = await readRunConfig(path);
    return new RunFolder(path, config, await lockFolder(path));
  }

  [Symbol.dispose](): void {
    this.#lock.close();
  }

  async addMetrics(row: MetricsRow): Promise<void> {
    await Deno.writeTextFile(`${this.path}/metrics.jsonl`, JSON.stringify(row) + "\n", { append: true });
  }

  /** Drops what a killed process had measured after the checkpoint that the run goes on from. */
  async dropMetricsAfter(step: number): Promise<void> {
    const kept = (await readMetrics(this.path)).filter((row) => row.step <= step);
    await writeFileAtomic(`${this.path}/metrics.jsonl`, kept.map((row) => JSON.stringify(row) + "\n").join(""));
  }
}

/** Throws an InputError where a new run cannot have this folder, because it holds something. */
export async function checkRunFolder(path: string): Promise<void> {
  try {
    for await (const entry of Deno.readDir(path)) {
      if (entry.name === lockName) continue; // of a run that ended before it began
      throw new InputError(
        `Cannot start a run in ${path}: the folder is not empty. Go on with its run by --resume, or name another by --run`,
      );
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    if (error instanceof InputError) throw error;
    throw new InputError(`Cannot start a run in ${path}: it is no folder (${(error as Error).message})`);
  }
}

/** The settings that a run was started with. Throws an InputError where the folder holds no run. */
export async function readRunConfig(path: string): Promise<Config> {
  let text: string;
  try {
    text = await Deno.readTextFile(`${path}/config.json`);
  } catch {
    throw new InputError(`Cannot open the run ${path}: found no config.json there, which every run has`);
  }
  try {
    return parseConfig(JSON.parse(text));
  } catch (error) {
    throw new InputError(`Cannot open the run ${path}: its config.json is not one (${(error as Error).message})`);
  }
}

/** The rows so far, in the order of writing; a line that a kill cut short is left out. */
export async function readMetrics(path: string): Promise<MetricsRow[]> {
  let text: string;
  try {
    text = await Deno.readTextFile(`${path}/metrics.jsonl`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
  const lines = text.split("\n");
  lines.pop(); // empty, or cut short
  return lines.map((line) => JSON.parse(line));
}

const lockName = ".lock";

async function makeFolder(path: string): Promise<void> {
  try {
    await Deno.mkdir(path, { recursive: true });
  } catch (error) {
    throw new InputError(`Cannot start a run in ${path}: cannot make that folder (${(error as Error).message})`);
  }
}

async function lockFolder(path: string): Promise<Deno.FsFile> {
  const file = await Deno.open(`${path}/${lockName}`, { write: true, create: true });
  if (await file.tryLock(true)) return file; // until the file is closed or the process ends
  file.close();
  throw new InputError(
    `Cannot use the run ${path}: another process is at work in it. Wait for it, or name another run`,
  );
}
