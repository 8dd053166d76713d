import * as z from "zod";
import { type Config, parseSavedConfig, type SourceSettings } from "@/lib/config.ts";
import { InputError, reasonOf } from "@/lib/errors.ts";
import { isThere, makeFolder, removeTemporaries, syncFile, writeFileAtomic, writing } from "@/lib/files.ts";
import { crc32c } from "@/lib/formats/crc32c.ts";
import { parseSealed, sealJson } from "@/lib/formats/seal.ts";
import { CheckpointSeries, type CheckpointSeriesOptions } from "@/lib/formats/checkpoint_series.ts";

/** One line of `metrics.jsonl`: the step, and what was measured at it. */
export type MetricsRow = Readonly<{ step: number }> & Readonly<Record<string, number>>;

/**
 * The folder of one run: `config.json`, `source.json`, `metrics.jsonl`, TensorBoard events, `checkpoints/`, `model/`, `report.html`.
 * Whoever holds a RunFolder is the only process that writes there; disposing it lets go.
 */
export class RunFolder implements Disposable {
  readonly #lock: Deno.FsFile;
  readonly #warn: (sentence: string) => void;
  #config: Config;

  private constructor(
    readonly path: string,
    config: Config,
    lock: Deno.FsFile,
    /** `last`, what a resume goes on from, and `best`, by the validation error. */
    readonly checkpoints: Readonly<Record<"last" | "best", CheckpointSeries>>,
    { onWarning = () => {} }: CheckpointSeriesOptions,
  ) {
    this.#warn = onWarning;
    this.#config = config;
    this.#lock = lock;
  }

  /** Makes a new run's folder. Throws an InputError where the folder holds anything already. */
  static async create(path: string, config: Config, options: CheckpointSeriesOptions = {}): Promise<RunFolder> {
    await checkRunFolder(path);
    await makeFolder(path);
    const lock = await lockFolder(path);
    try {
      await checkRunFolder(path); // again: another process may have begun and ended in between
      const run = new RunFolder(path, config, lock, await openCheckpoints(path, options), options);
      await run.changeConfig(config);
      return run;
    } catch (error) {
      lock.close();
      throw error;
    }
  }

  /**
   * Opens a run to go on with it, and sweeps up what killed writes left. Throws an InputError where there is none, or
   * another process has it.
   */
  static async open(path: string, options: CheckpointSeriesOptions = {}): Promise<RunFolder> {
    const config = await readRunConfig(path);
    const lock = await lockFolder(path);
    try {
      await removeTemporaries(path).catch((error) => {
        options.onWarning?.(`Cannot remove what killed writes left in ${path}: ${reasonOf(error)}`);
      });
      return new RunFolder(path, config, lock, await openCheckpoints(path, options), options);
    } catch (error) {
      lock.close();
      throw error;
    }
  }

  [Symbol.dispose](): void {
    this.#lock.close();
  }

  get config(): Config {
    return this.#config;
  }

  /** What a later resume goes on with. */
  async changeConfig(config: Config): Promise<void> {
    await writeFileAtomic(`${this.path}/${configName}`, await sealJson(config, 2) + "\n");
    this.#config = config;
  }

  async addMetrics(row: MetricsRow): Promise<void> {
    const path = `${this.path}/${metricsName}`;
    await writing(path, () => Deno.writeTextFile(path, formatRow(row), { append: true }));
  }

  /** Has the rows so far outlive a power cut, as what a checkpoint goes on from must: they are not measured again. */
  async syncMetrics(): Promise<void> {
    await syncFile(`${this.path}/${metricsName}`);
  }

  /**
   * Drops what a killed process had measured after the checkpoint that the run goes on from. A file with damaged lines
   * is set aside, with a warning, and goes on without them.
   */
  async dropMetricsAfter(step: number): Promise<void> {
    const path = `${this.path}/${metricsName}`;
    const { rows, damagedLines } = await parseMetrics(this.path);
    if (damagedLines.length > 0) {
      const aside = `${path}.damaged-${Date.now()}`;
      await writing(aside, () => Deno.rename(path, aside));
      this.#warn(`${path} has lines that cannot be read, such as line ${damagedLines[0]}: it is kept as ${aside}`);
    }
    const kept = rows.filter((row) => row.step <= step);
    await writeFileAtomic(path, kept.map(formatRow).join(""));
  }
}

/** Throws an InputError where a new run cannot have this folder, because it holds something. */
export async function checkRunFolder(path: string): Promise<void> {
  try {
    for await (const { name } of Deno.readDir(path)) {
      if (isLeftover(name)) continue;
      throw new InputError(
        `Cannot start a run in ${path}: the folder is not empty. Go on with its run by --resume, or name another by --run`,
      );
    }
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return;
    if (error instanceof InputError) throw error;
    throw new InputError(`Cannot start a run in ${path}: ${reasonOf(error)}; name another folder by --run`);
  }
}

/** The settings of a run. Throws an InputError where the folder holds no run, or its settings were changed there. */
export async function readRunConfig(path: string): Promise<Config> {
  let text: string;
  try {
    text = await Deno.readTextFile(`${path}/${configName}`);
  } catch {
    throw new InputError(`Cannot open the run ${path}: found no ${configName} there, which every run has`);
  }
  try {
    return parseSavedConfig(await parseSealed(text));
  } catch (error) {
    throw new InputError(`Cannot open the run ${path}: its ${configName} is not one (${reasonOf(error)})`);
  }
}

/** A run's source, with the place of its files, which its model does not say; undefined where the folder is no run's. */
export async function readRunSource(path: string): Promise<SourceSettings | undefined> {
  return await isThere(`${path}/${configName}`) ? (await readRunConfig(path)).source : undefined;
}

/** The settings in a file such as a run's `config.json`. Throws an InputError where it cannot be read, or is another's. */
export async function readConfigFile(path: string): Promise<Config> {
  try {
    return parseSavedConfig(await parseSealed(await Deno.readTextFile(path)));
  } catch (error) {
    throw new InputError(
      `Cannot use the settings in ${path}: ${reasonOf(error)}; a run's ${configName} is wanted, where it was edited ` +
        "without its last entry, sha256, and the comma before it",
    );
  }
}

/** The rows so far, in the order of writing; lines that a kill cut short, or that are damaged, are left out. */
export async function readMetrics(path: string): Promise<MetricsRow[]> {
  return (await parseMetrics(path)).rows;
}

/** Damaged lines are numbered from 1. */
async function parseMetrics(path: string): Promise<{ rows: MetricsRow[]; damagedLines: number[] }> {
  let text: string;
  try {
    text = await Deno.readTextFile(`${path}/${metricsName}`);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return { rows: [], damagedLines: [] };
    throw new InputError(`Cannot read ${path}/${metricsName}: ${reasonOf(error)}`);
  }
  const lines = text.split("\n");
  lines.pop(); // empty, or cut short
  const parsed = lines.map(parseRow);
  return {
    rows: parsed.filter((row) => row !== undefined),
    damagedLines: parsed.flatMap((row, i) => row ? [] : [i + 1]),
  };
}

const rowSchema = z.object({ step: z.int().min(1) }).catchall(z.number());

/** A line, with the checksum of the row as its last entry. */
function formatRow(row: MetricsRow): string {
  return JSON.stringify({ ...row, crc32c: checksum(row) }) + "\n";
}

/** Undefined where the line is damaged; lines of older runs have no checksum. */
function parseRow(line: string): MetricsRow | undefined {
  try {
    const { crc32c: found, ...rest } = JSON.parse(line);
    const row = rowSchema.parse(rest);
    return found === undefined || found === checksum(rest) ? row : undefined;
  } catch {
    return undefined;
  }
}

/** In hexadecimal digits. */
function checksum(row: MetricsRow): string {
  return crc32c(new TextEncoder().encode(JSON.stringify(row))).toString(16).padStart(8, "0");
}

const metricsName = "metrics.jsonl";
const configName = "config.json";
const lockName = ".lock";

/** What a process leaves that was killed before its run began. */
function isLeftover(name: string): boolean {
  return name === lockName || name.startsWith(`${configName}.`);
}

async function openCheckpoints(path: string, options: CheckpointSeriesOptions): Promise<RunFolder["checkpoints"]> {
  const open = (name: string) => CheckpointSeries.open(`${path}/checkpoints/${name}`, options);
  if (await isThere(`${path}/checkpoints/last.json`)) { // it named a pair of files
    throw new InputError(`Cannot go on with the run ${path}: an earlier version of posmap wrote its checkpoints`);
  }
  return { last: await open("last"), best: await open("best") };
}

async function lockFolder(path: string): Promise<Deno.FsFile> {
  let file: Deno.FsFile;
  try {
    file = await Deno.open(`${path}/${lockName}`, { write: true, create: true });
  } catch (error) {
    throw new InputError(`Cannot use the run ${path}: cannot write there (${reasonOf(error)})`);
  }
  if (await file.tryLock(true)) return file; // until the file is closed or the process ends
  file.close();
  throw new InputError(
    `Cannot use the run ${path}: another process is at work in it. Wait for it, or name another run`,
  );
}
