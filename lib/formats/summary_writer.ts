import { InputError, reasonOf } from "@/lib/errors.ts";
import { syncFolder, writing } from "@/lib/files.ts";
import { maskedCrc32c } from "@/lib/formats/crc32c.ts";
import { dataTypes } from "@/lib/formats/data_types.ts";
import { encodeHistogram } from "@/lib/formats/histogram.ts";
import { bytesField, bytesOf, concatBytes, doubleField, floatField, varintField } from "@/lib/formats/protobuf.ts";

export interface SummaryWriterOptions {
  /** The last step that a resumed run takes over: TensorBoard then forgets what earlier files say of later ones. */
  readonly resumedAt?: number;
}

export interface EncodedPicture {
  readonly width: number;
  readonly height: number;
  readonly png: Uint8Array;
}

/**
 * Writes what TensorBoard shows: a file of Event messages (tensorflow/core/util/event.proto), each of which is in the
 * file when its call returns. Every writer opens a file of its own: what is appended to a file whose end was torn by a
 * kill would be lost. Throws an InputError where the disk takes no more.
 */
export class SummaryWriter implements Disposable {
  readonly #path: string;
  readonly #file: Deno.FsFile;
  #hasSession = false;
  #closed = false;

  private constructor(path: string) {
    this.#path = path;
    this.#file = Deno.openSync(path, { write: true, createNew: true });
    this.#event(bytesField(3, "brain.Event:2")); // the format's version
  }

  /** Opens a new event file in the folder, which is made where it is missing. Throws an InputError where it cannot. */
  static async open(folder: string, { resumedAt }: SummaryWriterOptions = {}): Promise<SummaryWriter> {
    let writer: SummaryWriter | undefined;
    try {
      await Deno.mkdir(folder, { recursive: true });
      writer = new SummaryWriter(`${folder}/events.out.tfevents.${await unusedSecond(folder)}.posmap`);
      await syncFolder(folder);
    } catch (error) {
      writer?.close();
      throw new InputError(`Cannot write TensorBoard's events into ${folder}: ${reasonOf(error)}`);
    }
    // a SessionLog whose status 1 is START: what has this step or more goes
    if (resumedAt !== undefined) writer.#event(bytesField(7, varintField(1, 1)), resumedAt + 1);
    return writer;
  }

  scalar(tag: string, value: number, step: number): void {
    this.#summary(tag, [floatField(2, value)], step);
  }

  /** Throws a RangeError where a value is not finite. */
  histogram(tag: string, values: ArrayLike<number>, step: number): void {
    this.#summary(tag, [bytesField(5, encodeHistogram(tag, values))], step);
  }

  /** A picture in RGB. */
  image(tag: string, { width, height, png }: EncodedPicture, step: number): void {
    const image = [varintField(1, height), varintField(2, width), varintField(3, 3), bytesField(4, png)];
    this.#summary(tag, [bytesField(4, concatBytes(...image))], step);
  }

  /**
   * What TensorBoard's HParams page compares runs by: the run's settings, and the tags of scalars that measure it.
   * Called once, before or after these are written; `finish` then marks the run as finished.
   */
  hparams(settings: Readonly<Record<string, string | number | boolean>>, metricTags: readonly string[]): void {
    const names = Object.keys(settings);
    const infos = names.map((name) => bytesField(4, hparamInfo(name, settings[name]!)));
    const metrics = metricTags.map((tag) => bytesField(5, bytesField(1, bytesField(2, tag))));
    this.#hparamsData("experiment", bytesField(2, concatBytes(...infos, ...metrics)));

    const values = names.map((name) =>
      bytesField(1, concatBytes(bytesField(1, name), bytesField(2, protobufValue(settings[name]!))))
    );
    this.#hparamsData("session_start_info", bytesField(3, concatBytes(...values, doubleField(5, Date.now() / 1000))));
    this.#hasSession = true;
  }

  /** Has what was written so far outlive a power cut. */
  async sync(): Promise<void> {
    await writing(this.#path, () => this.#file.sync());
  }

  /**
   * Marks the run as finished and closes the file. One that is only closed may be gone on with: it is left
   * unmarked, as TensorBoard takes the first mark of a run's several files.
   */
  finish(): void {
    using _ = this;
    const succeeded = concatBytes(varintField(1, 1), doubleField(2, Date.now() / 1000));
    if (this.#hasSession && !this.#closed) this.#hparamsData("session_end_info", bytesField(4, succeeded));
  }

  /** Closes the file. A closed writer may be closed again. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    this.#file.close();
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** A Summary of one Value with these fields besides its tag. */
  #summary(tag: string, fields: readonly Uint8Array[], step: number): void {
    this.#event(bytesField(5, bytesField(1, concatBytes(bytesField(1, tag), ...fields))), step);
  }

  /** tensorboard/plugins/hparams/plugin_data.proto and summary.py: the data is in the metadata, the tensor is empty. */
  #hparamsData(kind: string, data: Uint8Array): void {
    // SummaryMetadata: its field 1 names the plugin and holds the plugin's data
    const metadata = bytesField(9, bytesField(1, concatBytes(bytesField(1, "hparams"), bytesField(2, data))));
    const empty = bytesField(8, concatBytes(varintField(1, dataTypes.float32), bytesField(2, "")));
    this.#summary(`_hparams_/${kind}`, [metadata, empty], 0);
  }

  /** An Event, 1 its time and 2 its step, as a record: its length and the record, each followed by a checksum. */
  #event(content: Uint8Array, step = 0): void {
    const event = concatBytes(doubleField(1, Date.now() / 1000), varintField(2, step), content);
    const length = bytesOf(BigUint64Array.of(BigInt(event.length)));
    const [lengthSum, eventSum] = [length, event].map((bytes) => bytesOf(Uint32Array.of(maskedCrc32c(bytes))));
    const record = concatBytes(length, lengthSum!, event, eventSum!);
    try {
      for (let written = 0; written < record.length;) written += this.#file.writeSync(record.subarray(written));
    } catch (error) {
      this.#hasSession = false; // its end would not be written either
      throw new InputError(`Cannot write ${this.#path}: ${reasonOf(error)}`);
    }
  }
}

/** HParamInfo: 1 is the name, 4 the type. */
function hparamInfo(name: string, value: string | number | boolean): Uint8Array {
  const types = { string: 1, boolean: 2, number: 3 };
  return concatBytes(bytesField(1, name), varintField(4, types[typeof value as keyof typeof types]));
}

/** google.protobuf.Value */
function protobufValue(value: string | number | boolean): Uint8Array {
  if (typeof value === "number") return doubleField(2, value);
  return typeof value === "string" ? bytesField(3, value) : varintField(4, value);
}

/** TensorBoard reads files in the order of their names, and those order by the second they were opened in. */
async function unusedSecond(folder: string): Promise<number> {
  const now = Date.now();
  const second = Math.floor(now / 1000);
  const isUsed = [...Deno.readDirSync(folder)].some(({ name }) => name.includes(`.tfevents.${second}.`));
  if (!isUsed) return second;
  await new Promise((resolve) => setTimeout(resolve, 1000 - now % 1000));
  return await unusedSecond(folder);
}
