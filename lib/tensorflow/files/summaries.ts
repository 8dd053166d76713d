import * as tf from "@tensorflow/tfjs";
import { InputError } from "@/lib/errors.ts";
import type { Photo } from "@/lib/types.ts";
import { execute } from "@/lib/tensorflow/backend/backend.ts";
import { dataTypes } from "@/lib/tensorflow/backend/data_types.ts";
import { bytesField, concatBytes, doubleField, varintField } from "@/lib/tensorflow/files/protobuf.ts";

export interface SummaryWriterOptions {
  /** The last step that a resumed run takes over: TensorBoard then forgets what earlier files say of later ones. */
  readonly resumedAt?: number;
}

/**
 * Writes what TensorBoard shows, by TensorFlow's own summary ops. Every writer opens an event file of its own: what is
 * appended to a file whose end was torn by a kill would be lost.
 */
export class SummaryWriter implements Disposable {
  readonly #resource: tf.Tensor;
  #hasSession = false;
  #closed = false;

  private constructor(resource: tf.Tensor) {
    this.#resource = resource;
  }

  /** Opens a new event file in the folder, which is made where it is missing. Throws an InputError where it cannot. */
  static async open(folder: string, { resumedAt }: SummaryWriterOptions = {}): Promise<SummaryWriter> {
    let writer: SummaryWriter | undefined;
    try {
      await Deno.mkdir(folder, { recursive: true });
      await nextSecondIfUsed(folder);
      const names = { shared_name: crypto.randomUUID(), container: "" };
      const resource = tf.keep(execute("SummaryWriter", names, [], 1)[0]!);
      writer = new SummaryWriter(resource);
      tf.tidy(() => {
        const settings = [text(folder), tf.scalar(10, "int32"), tf.scalar(120_000, "int32"), text("")];
        execute("CreateSummaryFileWriter", {}, [resource, ...settings], 0);
      });
    } catch (error) {
      writer?.close();
      throw new InputError(`Cannot write TensorBoard's events into ${folder}: ${(error as Error).message}`);
    }
    if (resumedAt !== undefined) writer.#markRestart(resumedAt + 1);
    return writer;
  }

  scalar(tag: string, value: number, step: number): void {
    this.#write("WriteScalarSummary", { T: "float32" }, step, () => [text(tag), tf.scalar(value)]);
  }

  /** Of a float32 tensor of any shape. Throws a TensorFlowError where a value is not finite. */
  histogram(tag: string, values: tf.Tensor, step: number): void {
    this.#write("WriteHistogramSummary", { T: "float32" }, step, () => [text(tag), values]);
  }

  image(tag: string, { width, height, rgb }: Photo, step: number): void {
    if (rgb.length !== width * height * 3) {
      throw new TypeError(`A picture of ${width} × ${height} has ${width * height * 3} bytes, found ${rgb.length}`);
    }
    const png = tf.tidy(() => {
      const [bytes] = execute("DecodeRaw", { out_type: "uint8", little_endian: true }, [text(rgb)], 1);
      const shape = tf.tensor1d([height, width, 3], "int32");
      const [pixels] = execute("Reshape", { T: "uint8", Tshape: "int32" }, [bytes!, shape], 1);
      const [png] = execute("EncodePng", { T: "uint8", compression: -1 }, [pixels!], 1);
      return (tf.engine().readSync(png!.dataId) as Uint8Array[])[0]!;
    });
    const image = [varintField(1, height), varintField(2, width), varintField(3, 3), bytesField(4, png)];
    this.#summary(tag, [bytesField(4, concatBytes(...image))], step);
  }

  /** Shown as Markdown. */
  text(tag: string, markdown: string, step: number): void {
    const tensor = [varintField(1, dataTypes.string), bytesField(2, ""), bytesField(8, markdown)]; // TensorProto
    this.#summary(tag, [metadata("text"), bytesField(8, concatBytes(...tensor))], step);
  }

  /**
   * What TensorBoard's HParams page compares runs by: the run's settings, and the tags of scalars that measure it.
   * Called once, before or after these are written; `close` then marks the run as finished.
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

  /** Makes what was written so far visible to TensorBoard. */
  flush(): void {
    execute("FlushSummaryWriter", {}, [this.#resource], 0);
  }

  /** Writes what is left and closes the file. A closed writer may be closed again. */
  close(): void {
    if (this.#closed) return;
    this.#closed = true;
    try {
      const succeeded = concatBytes(varintField(1, 1), doubleField(2, Date.now() / 1000));
      if (this.#hasSession) this.#hparamsData("session_end_info", bytesField(4, succeeded));
      execute("CloseSummaryWriter", {}, [this.#resource], 0);
    } finally {
      this.#resource.dispose();
    }
  }

  [Symbol.dispose](): void {
    this.close();
  }

  /** An Event: 1 is its time, 2 its step, 7 a SessionLog whose status 1 is START. What has this step or more goes. */
  #markRestart(step: number): void {
    const event = [doubleField(1, Date.now() / 1000), varintField(2, step), bytesField(7, varintField(1, 1))];
    tf.tidy(() => execute("ImportEvent", {}, [this.#resource, text(concatBytes(...event))], 0));
  }

  /** A Summary of one Value with these fields besides its tag. */
  #summary(tag: string, fields: readonly Uint8Array[], step: number): void {
    const summary = bytesField(1, concatBytes(bytesField(1, tag), ...fields));
    this.#write("WriteRawProtoSummary", {}, step, () => [text(summary)]);
  }

  /** tensorboard/plugins/hparams/plugin_data.proto and summary.py: the data is in the metadata, the tensor is empty. */
  #hparamsData(kind: string, data: Uint8Array): void {
    const empty = bytesField(8, concatBytes(varintField(1, dataTypes.float32), bytesField(2, "")));
    this.#summary(`_hparams_/${kind}`, [metadata("hparams", data), empty], 0);
  }

  #write(op: string, attributes: Record<string, string>, step: number, inputs: () => tf.Tensor[]): void {
    tf.tidy(() => {
      const types = { SrcT: "int32", DstT: "int64", Truncate: false };
      const [step64] = execute("Cast", types, [tf.scalar(step, "int32")], 1);
      execute(op, attributes, [this.#resource, step64!, ...inputs()], 0);
    });
  }
}

function text(value: string | Uint8Array): tf.Scalar {
  return tf.scalar(value, "string");
}

/** SummaryMetadata: field 9 of a Summary's Value; its field 1 names the plugin and holds the plugin's data. */
function metadata(plugin: string, data: Uint8Array = new Uint8Array(0)): Uint8Array {
  return bytesField(9, bytesField(1, concatBytes(bytesField(1, plugin), bytesField(2, data))));
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
async function nextSecondIfUsed(folder: string): Promise<void> {
  const now = Date.now();
  const used = [...Deno.readDirSync(folder)].some(({ name }) => name.includes(`.tfevents.${Math.floor(now / 1000)}.`));
  if (used) await new Promise((resolve) => setTimeout(resolve, 1000 - now % 1000));
}
