import { InputError } from "@/lib/errors.ts";
import type { PoseAngles } from "@/lib/geometry/transforms.ts";
import { hundredths, poseInDegrees } from "@/lib/track/face_record.ts";
import { liveLinkHeader, liveLinkRow } from "@/lib/export/live_link.ts";

/** What one line says of one face in one frame. */
export interface TrackLine {
  readonly frame: number;
  /** Seconds. */
  readonly time: number;
  readonly id: number;
  /** [68, 3], the video's pixels. */
  readonly landmarks: Float32Array;
  readonly pose: PoseAngles | undefined;
  readonly score: number;
  readonly expression: Float32Array;
}

/**
 * A new folder with `landmarks.jsonl` and `landmarks.csv` (columns as OpenFace 2 names them), and `blendshapes.csv` (as Live
 * Link Face lays it out) where the model knows expressions; under temporary names until they are finished.
 */
export class TrackFiles implements AsyncDisposable {
  readonly #folder: string;
  readonly #names: readonly string[];
  readonly #files = new Map<
    string,
    { readonly file: Deno.FsFile; readonly writer: WritableStreamDefaultWriter<Uint8Array> }
  >();
  readonly #expressionNames: readonly string[];
  #isFinished = false;

  private constructor(folder: string, names: readonly string[], expressionNames: readonly string[]) {
    this.#folder = folder;
    this.#names = names;
    this.#expressionNames = expressionNames;
  }

  /** Throws an InputError where the folder is there already and holds something. */
  static async create(
    folder: string,
    { expressionNames }: { readonly expressionNames: readonly string[] },
  ): Promise<TrackFiles> {
    try {
      await Deno.mkdir(folder, { recursive: true });
      for await (const _ of Deno.readDir(folder)) {
        throw new InputError(`Cannot write to ${folder}: it is not empty; name another folder by --out`);
      }
    } catch (error) {
      if (error instanceof InputError) throw error;
      throw new InputError(`Cannot make the folder ${folder}: ${(error as Error).message}`);
    }
    const names = ["landmarks.jsonl", "landmarks.csv", ...expressionNames.length > 0 ? ["blendshapes.csv"] : []];
    const files = new TrackFiles(folder, names, expressionNames);
    for (const name of names) {
      const file = await Deno.open(`${folder}/${name}.tmp`, { write: true, createNew: true });
      files.#files.set(name, { file, writer: file.writable.getWriter() });
    }
    await files.#write("landmarks.csv", openFaceHeader());
    if (expressionNames.length > 0) await files.#write("blendshapes.csv", liveLinkHeader());
    return files;
  }

  path(name: string): string {
    return `${this.#folder}/${name}`;
  }

  async add(line: TrackLine): Promise<void> {
    const { frame, time, id, landmarks, pose, score, expression } = line;
    const points = Array.from({ length: 68 }, (_, i) => [...landmarks.subarray(3 * i, 3 * i + 3)].map(hundredths));
    await this.#write(
      "landmarks.jsonl",
      JSON.stringify({
        frame,
        time: Math.round(1e4 * time) / 1e4,
        face: id,
        score: hundredths(score),
        ...pose && { pose: poseInDegrees(pose) },
        landmarks: points,
        ...expression.length > 0 && {
          expression: Object.fromEntries(this.#expressionNames.map((name, i) => [name, hundredths(expression[i]!)])),
        },
      }),
    );
    const axis = (k: number) => points.map((point) => point[k]!);
    const angles = pose ? [pose.pitch, pose.yaw, pose.roll].map((angle) => angle.toFixed(4)) : ["", "", ""];
    await this.#write(
      "landmarks.csv",
      [
        ...[frame + 1, id, time.toFixed(4), score.toFixed(3), 1, ...angles],
        ...[0, 1, 0, 1, 2].flatMap(axis),
      ].join(","),
    );
    if (expression.length > 0) {
      await this.#write("blendshapes.csv", liveLinkRow({ time, names: this.#expressionNames, expression, pose }));
    }
  }

  async finish(): Promise<void> {
    for (const name of this.#names) {
      const { file, writer } = this.#files.get(name)!;
      await file.sync();
      await writer.close();
      await Deno.rename(`${this.#folder}/${name}.tmp`, this.path(name));
    }
    this.#isFinished = true;
  }

  /** What is not finished leaves nothing. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isFinished) return;
    for (const [name, { writer }] of this.#files) {
      await writer.close().catch(() => {});
      await Deno.remove(`${this.#folder}/${name}.tmp`).catch(() => {});
    }
    await Deno.remove(this.#folder).catch(() => {});
  }

  async #write(name: string, line: string): Promise<void> {
    await this.#files.get(name)!.writer.write(new TextEncoder().encode(`${line}\n`));
  }
}

/** Of OpenFace 2's columns those that are known here: x, y in pixels; X, Y, Z too, as scaled orthography has no meters. */
function openFaceHeader(): string {
  const points = ["x", "y", "X", "Y", "Z"].flatMap((axis) => Array.from({ length: 68 }, (_, i) => `${axis}_${i}`));
  return ["frame", "face_id", "timestamp", "confidence", "success", "pose_Rx", "pose_Ry", "pose_Rz", ...points].join(
    ",",
  );
}
