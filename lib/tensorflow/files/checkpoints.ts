import * as tf from "@tensorflow/tfjs";
import { createHash } from "node:crypto";
import { z } from "zod";
import { InputError } from "@/lib/errors.ts";
import { syncFolder, writeFileAtomic } from "@/lib/files.ts";
import { execute } from "@/lib/tensorflow/backend/backend.ts";
import { readBundleIndex, type TensorInfo } from "@/lib/tensorflow/files/bundle_index.ts";

/**
 * Checkpoints in TensorFlow's bundle format: an `.index` file and its `.data-…` file.
 *
 * Two files cannot be replaced at once, so saving to "run/last" writes a new pair, "run/last.3fa9c1d2.…", and then
 * replaces the manifest "run/last.json", which names the pair and holds its checksums. A kill or a power cut at any
 * moment leaves the manifest, old or new, with its pair. Where there is no manifest, the prefix names a pair of
 * TensorFlow's own, TF1's or TF2's, whose data carry CRC-32C checksums.
 */

export interface SaveOptions {
  /** What else belongs to this state, kept in the manifest: anything that JSON holds. */
  readonly metadata?: unknown;
}

/** Saves tensors, float32, int32, bool or string, by name. Another checkpoint of this prefix is replaced. */
export async function saveTensors(
  prefix: string,
  tensors: tf.NamedTensorMap,
  { metadata = null }: SaveOptions = {},
): Promise<void> {
  const bundle = `${prefix}.${crypto.randomUUID().slice(0, 8)}`;
  const { folder, name } = splitPath(bundle);
  await makeFolder(folder);
  const names = Object.keys(tensors).sort();
  try {
    tf.tidy(() => {
      const values = names.map((name) => tensors[name]!);
      const attributes = { dtypes: values.map(({ dtype }) => dtype) };
      execute("SaveV2", attributes, [tf.scalar(bundle, "string"), ...nameTensors(names), ...values], 0);
    });
    const files: z.infer<typeof fileSchema>[] = [];
    for (const path of await bundleFiles(bundle)) {
      using file = await Deno.open(path, { read: true, write: true });
      await file.sync();
      files.push({ name: splitPath(path).name, ...await fingerprint(file) });
    }
    await syncFolder(folder);
    const content = { bundle: name, files, metadata };
    const manifest = { sha256: sha256(JSON.stringify(content)), content };
    await writeFileAtomic(manifestPath(prefix), `${JSON.stringify(manifest)}\n`);
  } catch (error) {
    await removeAll(await bundleFiles(bundle));
    throw new InputError(`Cannot save checkpoint ${prefix}: ${(error as Error).message}`);
  }
  await removeReplaced(prefix, bundle);
}

/** Names, types and shapes of a checkpoint's tensors, sorted by name. Needs only its `.index` file, and no library. */
export async function listTensors(prefix: string): Promise<TensorInfo[]> {
  const manifest = await readManifest(prefix);
  return await listBundle(bundlePath(prefix, manifest));
}

/**
 * The tensors of these names, or all. Those of types that tfjs lacks become float32 (float64, float16, bfloat16) or
 * int32 (other integers). The caller disposes them. Throws an InputError where a file is missing, cut short or changed
 * since it was written, or has no tensor of such a name.
 */
export async function restoreTensors(prefix: string, names?: readonly string[]): Promise<tf.NamedTensorMap> {
  const manifest = await readManifest(prefix);
  const bundle = bundlePath(prefix, manifest);
  if (manifest) await checkFiles(prefix, manifest);
  const stored = new Map((await listBundle(bundle)).map((info) => [info.name, info]));
  const wanted = (names ?? [...stored.keys()]).map((name) => {
    const info = stored.get(name);
    if (!info) throw new InputError(`Cannot restore ${name} from checkpoint ${prefix}: it holds ${summarize(stored)}`);
    return info;
  });
  if (wanted.length === 0) return {};
  try {
    return tf.tidy(() => {
      const inputs = [tf.scalar(bundle, "string"), ...nameTensors(wanted.map(({ name }) => name))];
      const values = execute("RestoreV2", { dtypes: wanted.map(({ dtype }) => dtype) }, inputs, wanted.length);
      return Object.fromEntries(wanted.map(({ name, dtype }, i) => [name, toTfjsType(values[i]!, dtype)]));
    });
  } catch (error) {
    throw new InputError(`Cannot restore checkpoint ${prefix}: ${(error as Error).message}`);
  }
}

/** What `saveTensors` was given as metadata. Throws an InputError where there is no manifest, or a damaged one. */
export async function readCheckpointMetadata(prefix: string): Promise<unknown> {
  const manifest = await readManifest(prefix);
  if (!manifest) throw new InputError(`Cannot read checkpoint ${prefix}: there is no ${manifestPath(prefix)}`);
  return manifest.metadata;
}

const fileSchema = z.strictObject({ name: z.string(), bytes: z.int(), sha256: z.string() });
const contentSchema = z.strictObject({ bundle: z.string(), files: z.array(fileSchema), metadata: z.unknown() });
const manifestSchema = z.strictObject({ sha256: z.string(), content: contentSchema });

type Manifest = z.infer<typeof contentSchema>;

function manifestPath(prefix: string): string {
  return `${prefix}.json`;
}

/** Undefined where there is none. */
async function readManifest(prefix: string): Promise<Manifest | undefined> {
  const path = manifestPath(prefix);
  let text: string;
  try {
    text = await Deno.readTextFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw error;
  }
  const result = manifestSchema.safeParse(parseJson(text));
  if (!result.success || sha256(JSON.stringify(result.data.content)) !== result.data.sha256) {
    throw new InputError(`Cannot read checkpoint ${prefix}: ${path} was changed since it was written, or cut short`);
  }
  return result.data.content;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

function bundlePath(prefix: string, manifest: Manifest | undefined): string {
  return manifest ? `${splitPath(prefix).folder}/${manifest.bundle}` : prefix;
}

async function checkFiles(prefix: string, { files }: Manifest): Promise<void> {
  for (const expected of files) {
    const path = `${splitPath(prefix).folder}/${expected.name}`;
    using file = await present(Deno.open(path), prefix, path);
    const found = await fingerprint(file);
    if (found.bytes !== expected.bytes) {
      throw new InputError(
        `Cannot restore checkpoint ${prefix}: ${path} has ${found.bytes} bytes, expected ${expected.bytes}`,
      );
    }
    if (found.sha256 !== expected.sha256) {
      throw new InputError(`Cannot restore checkpoint ${prefix}: ${path} was changed since it was written`);
    }
  }
}

async function present<T>(reading: Promise<T>, prefix: string, path: string): Promise<T> {
  try {
    return await reading;
  } catch (error) {
    if (!(error instanceof Deno.errors.NotFound)) throw error;
    throw new InputError(`Cannot read checkpoint ${prefix}: there is no ${path}`);
  }
}

async function listBundle(bundle: string): Promise<TensorInfo[]> {
  const path = `${bundle}.index`;
  const bytes = await present(Deno.readFile(path), bundle, path);
  try {
    return readBundleIndex(bytes);
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new InputError(`Cannot read ${path} as the index of a TensorFlow checkpoint: ${error.message}`);
  }
}

/** SaveV2's and RestoreV2's names, and which slice of each: the whole. */
function nameTensors(names: readonly string[]): [tf.Tensor, tf.Tensor] {
  return [tf.tensor1d([...names], "string"), tf.tensor1d(names.map(() => ""), "string")];
}

function toTfjsType(value: tf.Tensor, dtype: TensorInfo["dtype"]): tf.Tensor {
  if (["float32", "int32", "bool", "string", "complex64"].includes(dtype)) return value;
  const target = ["float64", "float16", "bfloat16"].includes(dtype) ? "float32" : "int32";
  return execute("Cast", { SrcT: dtype, DstT: target, Truncate: false }, [value], 1)[0]!;
}

function summarize(stored: ReadonlyMap<string, TensorInfo>): string {
  const names = [...stored.keys()];
  const shown = names.slice(0, 5).join(", ");
  return names.length > 5 ? `${shown} and ${names.length - 5} more` : shown || "nothing";
}

/** Size and SHA-256 of a file read from its start. */
async function fingerprint(file: Deno.FsFile): Promise<{ bytes: number; sha256: string }> {
  const hash = createHash("sha256");
  const buffer = new Uint8Array(1 << 20);
  let bytes = 0;
  for (let count; (count = await file.read(buffer)) !== null; bytes += count) hash.update(buffer.subarray(0, count));
  return { bytes, sha256: hash.digest("hex") };
}

function sha256(text: string): string {
  return createHash("sha256").update(text).digest("hex");
}

/** The files of a bundle that are there, with what a killed SaveV2 leaves. */
async function bundleFiles(bundle: string): Promise<string[]> {
  const { folder, name } = splitPath(bundle);
  const paths: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    if (entry.name === `${name}.index` || entry.name.startsWith(`${name}.data-`)) paths.push(`${folder}/${entry.name}`);
  }
  return paths.sort();
}

/** Removes the pairs that this prefix's manifest no longer names: the one before, and those of saves cut short. */
async function removeReplaced(prefix: string, current: string): Promise<void> {
  const { folder, name } = splitPath(prefix);
  const kept = splitPath(current).name;
  const stale: string[] = [];
  for await (const entry of Deno.readDir(folder)) {
    const rest = entry.name.startsWith(`${name}.`) ? entry.name.slice(name.length) : "";
    if (/^\.[0-9a-f]{8}\.(index|data-)/.test(rest) && !entry.name.startsWith(`${kept}.`)) {
      stale.push(`${folder}/${entry.name}`);
    }
  }
  await removeAll(stale);
}

async function removeAll(paths: readonly string[]): Promise<void> {
  for (const path of paths) await Deno.remove(path);
}

async function makeFolder(folder: string): Promise<void> {
  try {
    await Deno.mkdir(folder, { recursive: true });
  } catch (error) {
    throw new InputError(`Cannot save a checkpoint in ${folder}: ${(error as Error).message}`);
  }
}

function splitPath(path: string): { folder: string; name: string } {
  const slash = path.lastIndexOf("/");
  return { folder: slash < 0 ? "." : path.slice(0, slash) || "/", name: path.slice(slash + 1) };
}
