import { liveLinkHeader, liveLinkRow, saysBlendShapes } from "@/lib/export/live_link.ts";
import { InputError, reasonOf } from "@/lib/errors.ts";
import { LANDMARK_COUNT } from "@/lib/face/landmarks.ts";
import { isThere, keepFile, makeFolder, removeTemporaries, temporaryName, writeAll, writing } from "@/lib/files.ts";
import { hundredths, poseInDegrees } from "@/lib/track/face_record.ts";
import { openFaceColumns, type OpenFaceRow, openFaceValues } from "@/tasks/track/openface_csv.ts";

/** What one line says of one face in one frame. */
export interface TrackLine extends OpenFaceRow {
  /** [expressionCount]; empty where the model says none. */
  readonly expressions: Float32Array;
}

/**
 * A new folder with `landmarks.jsonl` and `landmarks.csv` (columns as OpenFace 2 names them), and `blendshapes.csv` (as Live
 * Link Face lays it out; further faces have files of their own) where the model knows expressions; under temporary names
 * until they are finished.
 */
export class TrackFiles implements AsyncDisposable {
  readonly #folder: string;
  readonly #expressionNames: readonly string[];
  readonly #files = new Map<string, { readonly file: Deno.FsFile; readonly temporary: string }>();
  readonly #isOwn: boolean;
  #isFinished = false;

  /** `isOwn`: the folder was not there before. */
  private constructor(folder: string, expressionNames: readonly string[], isOwn: boolean) {
    this.#folder = folder;
    this.#expressionNames = expressionNames;
    this.#isOwn = isOwn;
  }

  /** Throws an InputError where the folder is there already and holds something. */
  static async create(
    folder: string,
    { expressionNames }: { readonly expressionNames: readonly string[] },
  ): Promise<TrackFiles> {
    const isOwn = !await isThere(folder);
    await makeFolder(folder).catch((error: InputError) => {
      throw new InputError(`${error.message}; name another folder by --out`);
    });
    await writing(folder, async () => {
      await removeTemporaries(folder);
      for await (const _ of Deno.readDir(folder)) throw new Error("it is not empty; name another folder by --out");
    });
    return new TrackFiles(folder, expressionNames, isOwn);
  }

  path(name: string): string {
    return `${this.#folder}/${name}`;
  }

  async add(line: TrackLine): Promise<void> {
    const { frame, time, id, landmarks, pose, score, expressions } = line;
    const points = Array.from(
      { length: LANDMARK_COUNT },
      (_, i) => [...landmarks.subarray(3 * i, 3 * i + 3)].map(hundredths),
    );
    await this.#write(
      "landmarks.jsonl",
      JSON.stringify({
        frame,
        time: Math.round(1e4 * time) / 1e4,
        face: id,
        score: hundredths(score),
        ...pose && { pose: poseInDegrees(pose) },
        landmarks: points,
        ...expressions.length > 0 && {
          expressions: Object.fromEntries(this.#expressionNames.map((name, i) => [name, hundredths(expressions[i]!)])),
        },
      }),
    );
    await this.#write("landmarks.csv", openFaceValues(line).join(","), () => openFaceColumns.join(","));
    if (!saysBlendShapes(this.#expressionNames)) return;
    const row = liveLinkRow({ time, names: this.#expressionNames, expressions, pose });
    await this.#write(nameForFace("blendshapes.csv", id), row, liveLinkHeader);
  }

  async finish(): Promise<void> {
    for (const [name, { file, temporary }] of this.#files) {
      file.close();
      await keepFile(temporary, this.path(name));
    }
    this.#isFinished = true;
  }

  /** What is not finished leaves nothing. */
  async [Symbol.asyncDispose](): Promise<void> {
    if (this.#isFinished) return;
    for (const { file, temporary } of this.#files.values()) {
      try {
        file.close();
      } catch { /* it was closed to be kept */ }
      await Deno.remove(temporary).catch(() => {});
    }
    if (this.#isOwn) await Deno.remove(this.#folder).catch(() => {}); // which goes where it is empty
  }

  /** The header comes before the first line. */
  async #write(name: string, line: string, header?: () => string): Promise<void> {
    try {
      let entry = this.#files.get(name), text = `${line}\n`;
      if (!entry) {
        const temporary = temporaryName(this.path(name));
        entry = { temporary, file: await Deno.open(temporary, { write: true, createNew: true }) };
        this.#files.set(name, entry);
        if (header) text = `${header()}\n${text}`;
      }
      await writeAll(entry.file, new TextEncoder().encode(text));
    } catch (error) {
      throw new InputError(`Cannot write ${this.path(name)}: ${reasonOf(error)}`);
    }
  }
}

/** A file of the first face has the name as it is, that of another one its number before the extension. */
export function nameForFace(name: string, id: number): string {
  return id === 1 ? name : name.replace(/(?=\.\w+$)/, `-${id}`);
}
