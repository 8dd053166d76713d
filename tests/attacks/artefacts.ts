/** All that posmap writes to disks, as versions 1, 2, … of small files that say which they are. */
import { InputError } from "@/lib/errors.ts";
import { decodeModel, keptModel } from "@/lib/face/model_file.ts";
import type { MorphableModel } from "@/lib/face/morphable_model.ts";
import { writeFileAtomic, writeFolderAtomic } from "@/lib/files.ts";
import { CheckpointSeries } from "@/lib/formats/checkpoint_series.ts";
import { maskedCrc32c } from "@/lib/formats/crc32c.ts";
import { SummaryWriter } from "@/lib/formats/summary_writer.ts";
import { readMetrics, readRunConfig, RunFolder } from "@/lib/train/run_folder.ts";
import { checkNote, writeNote } from "@/lib/train/run_note.ts";
import { TrackFiles } from "@/tasks/track/track_files.ts";
import { assert, assertEquals } from "@/tests/support.ts";
import { tinyConfig } from "@/tests/train/tiny.ts";

export interface Artefact {
  /** Has a version stand in the folder, in place of the one before it, if any. */
  readonly write: (folder: string, version: number) => Promise<void>;
  /** The version that stands there, whole; undefined where there is none. Throws where it is damaged or mixes two. */
  readonly read: (folder: string) => Promise<number | undefined>;
  /** Whether it is never replaced: another version wants another folder. */
  readonly isNew?: boolean;
  /** Whether a kill may leave a temporary file for good, as others may be at work in the same folder. */
  readonly isShared?: boolean;
  /** Whether it goes before the next comes, as it can be made again from what stands beside it. */
  readonly isDerived?: boolean;
}

/** Slow to load: all else than models needs none of it. */
const modelFiles = () => import("@/tests/attacks/model_files.ts");

/** Undefined where there is no such file. */
async function readText(path: string): Promise<string | undefined> {
  return await Deno.readTextFile(path).catch((error) => {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    return undefined;
  });
}

/** Long enough to be written in parts. */
const filling = "x".repeat(9000);

/** The version in a file that consists of it and the filling. */
function versionOf(text: string | undefined): number | undefined {
  if (text === undefined) return undefined;
  assert(text.endsWith(` ${filling}`), `${text.length} letters are not a whole file`);
  return Number(text.slice(0, -filling.length));
}

/** Opens a run, or starts it; either sweeps up what killed ones left. */
async function openRun(folder: string): Promise<RunFolder> {
  const isThere = await readText(`${folder}/config.json`) !== undefined;
  return isThere ? await RunFolder.open(folder) : await RunFolder.create(folder, tinyConfig({ seed: 1 }));
}

/** A face model of one triangle; all that its surface needs. */
function faceModel(version: number): MorphableModel {
  return {
    name: String(version),
    mean: Float32Array.of(0, 0, 0, 1, 0, 0, 0, 1, 0),
    identityModes: [],
    expressionModes: [],
    expressionNames: [],
    triangles: Uint32Array.of(0, 1, 2),
    materials: new Uint8Array(1),
    surface: smallSurface,
    surfaceVertices: Uint32Array.of(0, 1, 2),
  };
}

export const smallSurface = {
  uv: Float32Array.of(0, 0, 1, 0, 0, 1),
  triangles: Uint32Array.of(0, 1, 2),
  landmarks: { outline: { vertices: new Uint32Array(204), weights: new Float32Array(204).fill(1 / 3) } },
  regions: new Uint8Array(3),
};

/** The bytes of each record whose checksum is right, up to one that was cut short, which must be at the end. */
function* records(bytes: Uint8Array<ArrayBuffer>): Generator<Uint8Array> {
  const view = new DataView(bytes.buffer);
  for (let at = 0; at + 16 <= bytes.length;) {
    const length = Number(view.getBigUint64(at, true));
    if (at + 16 + length > bytes.length) return;
    const record = bytes.subarray(at + 12, at + 12 + length);
    assertEquals(view.getUint32(at + 12 + length, true), maskedCrc32c(record));
    yield record;
    at += 16 + length;
  }
}

/** Of all of a folder's event files, in their order; none where there is no such folder. */
export async function eventRecords(folder: string): Promise<Uint8Array[]> {
  const files = (await fileNames(folder)).map((name) => Deno.readFile(`${folder}/${name}`));
  return (await Promise.all(files)).flatMap((bytes) => [...records(bytes)]);
}

/** Rows 1, 2, … must all be there up to the last. */
export function lastOf(rows: readonly number[]): number | undefined {
  assertEquals(rows, rows.map((_, i) => i + 1));
  return rows.at(-1);
}

/** Of a clock for event files. */
let second = 1e9;

/** Whole files under a name of their own. */
async function fileNames(folder: string): Promise<string[]> {
  const names = await Array.fromAsync(Deno.readDir(folder), ({ name }) => name).catch(() => []);
  return names.filter((name) => !name.endsWith(".tmp")).toSorted();
}

/** The folder for a version: one for all, or its own where none is ever replaced. */
export async function folderOf({ isNew }: Artefact, folder: string, version: number): Promise<string> {
  if (!isNew) return folder;
  await Deno.mkdir(`${folder}/${version}`, { recursive: true });
  return `${folder}/${version}`;
}

export const artefacts: Readonly<Record<string, Artefact>> = {
  "a file, such as report.html": {
    write: (folder, version) => writeFileAtomic(`${folder}/report.html`, `${version} ${filling}`),
    read: async (folder) => versionOf(await readText(`${folder}/report.html`)),
    isShared: true,
  },
  "config.json": {
    async write(folder, version) {
      using run = await openRun(folder);
      await run.changeConfig(tinyConfig({ seed: version }));
    },
    read: async (folder) =>
      await readText(`${folder}/config.json`) === undefined ? undefined : (await readRunConfig(folder)).seed,
  },
  "source.json": {
    write: (folder, version) => writeNote(folder, noteOf(version)),
    async read(folder) {
      const text = await readText(`${folder}/source.json`);
      if (text === undefined) return undefined;
      const version = Number(JSON.parse(text).fingerprint);
      await checkNote(folder, noteOf(version));
      return version;
    },
    isShared: true,
  },
  "metrics.jsonl": {
    async write(folder, version) {
      using run = await openRun(folder);
      await run.dropMetricsAfter(version - 1);
      await run.addMetrics({ step: version, loss: version / 3 });
      await run.syncMetrics();
    },
    read: async (folder) => lastOf((await readMetrics(folder)).map(({ step }) => step)),
  },
  "event files": {
    async write(folder, version) {
      const before = Date.now;
      Date.now = () => 1000 * second++; // each has a second of its own, without waiting for it
      try {
        using writer = await SummaryWriter.open(folder, { resumedAt: version - 1 });
        writer.scalar(`version ${version};`, version, version);
        await writer.sync();
      } finally {
        Date.now = before;
      }
    },
    async read(folder) {
      const found = new Set<number>();
      for (const record of await eventRecords(folder)) {
        const [, version] = /version (\d+);/.exec(new TextDecoder("latin1").decode(record)) ?? [];
        if (version) found.add(Number(version));
      }
      return lastOf([...found]);
    },
  },
  "a checkpoint": {
    async write(folder, version) {
      const warnings: string[] = [];
      const onWarning = (sentence: string) => warnings.push(sentence);
      const series = await CheckpointSeries.open(`${folder}/checkpoints/last`, { onWarning });
      await series.restore(() => false);
      await series.save([
        { name: "step", dtype: "int32", shape: [], values: Int32Array.of(version) },
        { name: "weights", dtype: "float32", shape: [3000], values: new Float32Array(3000).fill(version) },
      ]);
      const doubt = warnings.find((sentence) => sentence.includes("a power cut may lose it"));
      if (doubt) throw new InputError(doubt);
    },
    async read(folder) {
      const restored = await (await CheckpointSeries.open(`${folder}/checkpoints/last`)).restore();
      if (!restored) return undefined;
      const { step, weights } = Object.fromEntries(restored.tensors);
      const [version] = step!.values as Int32Array;
      assert((weights!.values as Float32Array).every((value) => value === version), "it mixes two");
      return version;
    },
  },
  "a model's folder": {
    write: async (folder, version) => await (await modelFiles()).writeModel(folder, version),
    read: async (folder) => await (await modelFiles()).readModel(folder),
  },
  "model.onnx": {
    write: async (folder, version) => await (await modelFiles()).writeOnnx(folder, version),
    read: async (folder) => await (await modelFiles()).readOnnx(folder),
    isDerived: true,
  },
  "an imported model's folder": {
    write: async (folder, version) => await (await modelFiles()).writeNewModel(`${folder}/imported`, version),
    async read(folder) {
      const { readModel, readOnnx } = await modelFiles(), path = `${folder}/imported`;
      const version = await readModel(path);
      assertEquals(await readOnnx(path), version);
      return version;
    },
    isNew: true,
    isShared: true,
  },
  "a kept face model": {
    write: async (folder, version) =>
      void await keptModel(`${folder}/a.model`, {
        stamp: `${version}`,
        make: () => Promise.resolve(faceModel(version)),
      }),
    async read(folder) {
      const bytes = await Deno.readFile(`${folder}/a.model`).catch(() => undefined);
      if (!bytes) return undefined;
      const [, version] = /"stamp":"(\d+)"/.exec(new TextDecoder("latin1").decode(bytes))!;
      assertEquals(decodeModel(bytes, version!), faceModel(Number(version)));
      return Number(version);
    },
    isShared: true,
  },
  "a folder of a face's files, or the page's": {
    write: (folder, version) =>
      writeFolderAtomic(`${folder}/faces/anna`, [["face.json", `${version} ${filling}`], ["maps/map.png", filling]]),
    async read(folder) {
      const version = versionOf(await readText(`${folder}/faces/anna/face.json`));
      if (version !== undefined) assertEquals(await readText(`${folder}/faces/anna/maps/map.png`), filling);
      return version;
    },
    isNew: true,
    isShared: true,
  },
  "a tracked video's files": {
    async write(folder, version) {
      await using files = await TrackFiles.create(`${folder}/out`, { expressionNames: ["jawOpen"] });
      for (const frame of [0, 1]) {
        await files.add({
          frame,
          time: frame / 30,
          id: 1,
          picture: { width: 640, height: 480 },
          landmarks: new Float32Array(204).fill(version),
          pose: { pitch: 0, yaw: 0, roll: 0 },
          score: 1,
          expressions: Float32Array.of(version),
        });
      }
      await files.finish();
    },
    async read(folder) {
      const versions = [];
      for (const name of await fileNames(`${folder}/out`)) {
        const text = await Deno.readTextFile(`${folder}/out/${name}`);
        const lines = text.trimEnd().split("\n");
        assertEquals([name, lines.length, text.endsWith("\n")], [name, name.endsWith("jsonl") ? 2 : 3, true]);
        if (name === "landmarks.jsonl") versions.push(JSON.parse(lines[1]!).landmarks[0][0]);
      }
      return versions[0];
    },
    isNew: true,
  },
};

function noteOf(version: number) {
  return { source: "built-in", fingerprint: `${version}`, landmarks: "300w-lp" };
}
