import { basename, dirname } from "node:path";
import { InputError, reasonOf } from "@/lib/errors.ts";
import { isTemporary, syncFolder } from "@/lib/files.ts";
import { indexPath, isBundleFile, readBundle, type StoredTensor, writeBundle } from "@/lib/formats/tensor_bundle.ts";

export interface CheckpointSeriesOptions {
  /** Called with a sentence where something went wrong that costs no checkpoint. */
  readonly onWarning?: (sentence: string) => void;
}

/**
 * Checkpoints "PREFIX-1", "PREFIX-2", …, each a pair of files in TensorFlow's format. A new one stands beside those
 * before it, which go only once it would outlive a power cut, and then the one before stays: at any moment, a kill or
 * an error leaves a whole one. One process at a time uses a series.
 */
export class CheckpointSeries {
  readonly #prefix: string;
  readonly #warn: (sentence: string) => void;
  /** The latest that is known to be whole. */
  #whole: number | undefined;

  private constructor(prefix: string, { onWarning = () => {} }: CheckpointSeriesOptions) {
    this.#prefix = prefix;
    this.#warn = onWarning;
  }

  /** Removes what saves left that were killed. The folder need not be there. */
  static async open(prefix: string, options: CheckpointSeriesOptions = {}): Promise<CheckpointSeries> {
    const series = new CheckpointSeries(prefix, options);
    await series.#remove(({ number }, numbers) => !numbers.includes(number));
    return series;
  }

  /**
   * Adds a checkpoint. Throws an InputError where that fails, and the series is as it was. Once the checkpoint is in
   * place, what fails is a warning: nothing is removed then.
   */
  async save(tensors: Iterable<StoredTensor> | AsyncIterable<StoredTensor>): Promise<void> {
    const folder = dirname(this.#prefix);
    let number: number | undefined;
    let before: number[];
    try {
      await Deno.mkdir(folder, { recursive: true });
      const { numbers, files } = await this.#list();
      before = numbers;
      number = 1 + files.reduce((most, file) => Math.max(most, file.number), 0);
      await writeBundle(this.#path(number), tensors);
    } catch (error) {
      if (number !== undefined) await this.#remove((file) => file.number === number);
      throw new InputError(`Cannot save checkpoint ${this.#prefix}: ${reasonOf(error)}`);
    }
    const kept = [number, this.#whole ?? before.at(-1)];
    this.#whole = number;
    try {
      await syncFolder(folder);
    } catch (error) {
      this.#warn(
        `Checkpoint ${this.#path(number)} is saved, but a power cut may lose it: cannot sync its folder ` +
          `(${reasonOf(error)})`,
      );
      return;
    }
    await this.#remove((file) => !kept.includes(file.number));
  }

  /**
   * The path of the newest whole checkpoint, and by name its tensors whose names are accepted; undefined where there are
   * no checkpoints. A damaged one is passed over with a warning. Throws an InputError where all are damaged.
   */
  async restore(
    accept?: (name: string) => boolean,
  ): Promise<{ path: string; tensors: Map<string, StoredTensor> } | undefined> {
    let damage: InputError | undefined;
    const { numbers } = await this.#list().catch((error) => {
      throw new InputError(`Cannot read checkpoints ${this.#prefix}: ${reasonOf(error)}`);
    });
    for (const number of numbers.toReversed()) {
      const path = this.#path(number);
      try {
        const tensors = await readBundle(path, accept);
        this.#whole = number;
        if (damage) this.#warn(`${damage.message}; checkpoint ${path}, from before, is used in its place`);
        return { path, tensors };
      } catch (error) {
        if (!(error instanceof InputError)) throw error;
        damage ??= error;
      }
    }
    if (damage) throw damage;
    return undefined;
  }

  #path(number: number): string {
    return `${this.#prefix}-${number}`;
  }

  /** The series' files, temporary ones too, and the numbers of its checkpoints, rising. */
  async #list(): Promise<{ numbers: number[]; files: SeriesFile[] }> {
    const files: SeriesFile[] = [];
    const start = `${basename(this.#prefix)}-`;
    try {
      for await (const { name } of Deno.readDir(dirname(this.#prefix))) {
        const [, number, suffix] = (name.startsWith(start) && /^(\d+)(\..*)$/.exec(name.slice(start.length))) || [];
        if (suffix && (isBundleFile(suffix) || isTemporary(name))) files.push({ name, number: Number(number) });
      }
    } catch (error) {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    }
    const indices = files.filter(({ name, number }) => name === basename(indexPath(this.#path(number))));
    return { files, numbers: indices.map(({ number }) => number).sort((a, b) => a - b) };
  }

  /** A failure is a warning: what stays does no harm, and goes another time. */
  async #remove(isMeant: (file: SeriesFile, numbers: readonly number[]) => boolean): Promise<void> {
    try {
      const { files, numbers } = await this.#list();
      const names = files.filter((file) => isMeant(file, numbers)).map(({ name }) => name);
      // an index goes before its data: without it there is no checkpoint
      for (const name of names.sort().reverse()) await Deno.remove(`${dirname(this.#prefix)}/${name}`);
    } catch (error) {
      this.#warn(`Cannot remove what is left of old checkpoints ${this.#prefix}: ${reasonOf(error)}`);
    }
  }
}

interface SeriesFile {
  readonly name: string;
  /** Its checkpoint's. */
  readonly number: number;
}
