import type { Split } from "@/lib/data/sample.ts";
import type { PhotoSource } from "@/lib/data/sets/300w_lp/photo_source.ts";
import { bySplit, personNumbers } from "@/lib/data/sources/photo_samples.ts";
import type { SourceSpec } from "@/lib/data/sources/source.ts";
import {
  FACE,
  keyOf,
  MANIFEST,
  readManifest,
  shardsOf,
  type StorePlan,
  writeManifest,
} from "@/lib/data/store/manifest.ts";
import type { StoreContent } from "@/lib/data/store/manifest.ts";
import type { MakerReport, ShardOrder, ShardReport } from "@/lib/data/store/serve_shards.ts";
import { InputError } from "@/lib/errors.ts";
import { encodeModel } from "@/lib/face/model_file.ts";
import { claimFolder, makeFolder, namesIn, writeFileAtomic } from "@/lib/files.ts";

export interface BuildOptions {
  /** Opened from the same spec as makers open theirs. */
  readonly source: PhotoSource;
  readonly spec: SourceSpec;
  readonly workers: number;
  readonly photosPerShard?: number;
  /** Called with the part done, up to 1, a few times a second; what it throws ends the work, to be taken up later. */
  readonly onProgress?: (done: number) => void;
  /** Called where another process works in that folder, for which this one waits. */
  readonly onWait?: () => void;
  /** Called with each shard that is there. */
  readonly onShard?: (shard: ShardReport & { readonly file: string; readonly photos: number }) => void;
  /** A worker that calls `serveShards` with another way to open photos. */
  readonly workerUrl?: URL;
}

/** Photos of a shard of 10 MB, which takes less than a second to make. */
const PHOTOS_PER_SHARD = 64;

/**
 * Makes a store of all samples of photos in a folder, or what is missing or damaged of it: the same bytes whatever the number
 * of workers, and however often the work was ended on the way. Throws an InputError where the folder holds anything else.
 */
export async function buildStore(folder: string, options: BuildOptions): Promise<StoreContent> {
  const { source, spec, photosPerShard = PHOTOS_PER_SHARD } = options;
  const plan: StorePlan = {
    format: "posmap store 2",
    source: spec.source.name,
    fingerprint: await source.fingerprint(),
    license: source.facts().license ?? "",
    imageSize: spec.imageSize,
    photosPerShard,
    photos: bySplit((split) => source.photos[split].length),
  };
  const key = await keyOf(plan);
  await makeFolder(folder);
  using _claim = await claimFolder(folder, { onWait: options.onWait });
  await prepareFolder(folder, plan);
  const shards = shardsOf(plan);
  const reports = await makeShards({ spec, folder, key, shards, taken: new SharedArrayBuffer(4) }, options);
  const refused = reports.flatMap(({ facts }) => facts.refused), missing = new Set(refused.map(({ photo }) => photo));
  const people = (split: Split) => {
    const photos = source.photos[split], numbers = personNumbers(photos.map(({ subject }) => subject));
    return [...numbers].filter((_, place) => !missing.has(photos[place]!.name));
  };
  const samples = (split: Split) =>
    reports.reduce((sum, { index, samples }) => sum + (shards[index]!.split === split ? samples : 0), 0);
  const content: StoreContent = {
    shards: reports.map(({ index, samples, bytes, sha256 }) => {
      const { split, file } = shards[index]!;
      return { split, file, samples, bytes, sha256 };
    }),
    samples: bySplit(samples),
    people: bySplit(people),
    bytes: reports.reduce((sum, { bytes }) => sum + bytes, 0),
    loss: reports.reduce((most, { facts }) => Math.max(most, facts.loss), 0),
    refused,
  };
  await writeFileAtomic(`${folder}/${FACE}`, encodeModel(source.face, key.toHex()));
  await writeManifest(folder, { plan, content });
  return content;
}

/** Throws an InputError where the folder holds what this plan would not make. */
async function prepareFolder(folder: string, plan: StorePlan): Promise<void> {
  const names = namesIn(folder);
  const found = names.includes(MANIFEST) ? await readDamaged(folder) : undefined;
  if (found && JSON.stringify(found) !== JSON.stringify(plan)) {
    const differs = Object.keys(plan).find((name) => differ(found, plan, name as keyof StorePlan))!;
    throw new InputError(
      `Cannot make a store in ${folder}: it holds one of another ${differs}; another folder was expected, or that one removed`,
    );
  }
  const isOurs = /^(face\.model|store\.json|[a-z]+-\d{5,}\.shard)$/;
  const foreign = names.find((name) => !isOurs.test(name));
  if (foreign !== undefined) {
    throw new InputError(
      `Cannot make a store in ${folder}: it has ${foreign}; an empty folder or a store was expected`,
    );
  }
  if (!found) await writeManifest(folder, { plan, content: null });
}

/** The plan of a manifest; undefined where it is damaged, as shards still say which store they are of. */
async function readDamaged(folder: string): Promise<StorePlan | undefined> {
  try {
    return (await readManifest(folder))!.plan;
  } catch (error) {
    if (error instanceof InputError) return undefined;
    throw error;
  }
}

function differ(a: StorePlan, b: StorePlan, name: keyof StorePlan): boolean {
  return JSON.stringify(a[name]) !== JSON.stringify(b[name]);
}

const WAIT_MILLISECONDS = 250;

/** The reports of all shards, in their order. */
async function makeShards(
  order: ShardOrder,
  { workers: most, onProgress, onShard, workerUrl }: BuildOptions,
): Promise<ShardReport[]> {
  const { shards } = order;
  const photos = shards.reduce((sum, { count }) => sum + count, 0);
  const reports: ShardReport[] = new Array(shards.length);
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  let [left, done] = [shards.length, 0];
  const workers = Array.from({ length: Math.min(most, shards.length) }, () => {
    const url = workerUrl ?? new URL("./shard_worker.ts", import.meta.url);
    const worker = new Worker(url, { type: "module", name: "shards" });
    worker.onmessage = ({ data }: MessageEvent<MakerReport>) => {
      if (data.kind === "failed") {
        return reject(data.errorName === "InputError" ? new InputError(data.message) : new Error(data.message));
      }
      reports[data.index] = data;
      done += shards[data.index]!.count / photos;
      onShard?.({ ...data, file: shards[data.index]!.file, photos: shards[data.index]!.count });
      if (--left === 0) resolve();
    };
    worker.onerror = (event) => {
      event.preventDefault();
      reject(new Error(event.message));
    };
    worker.postMessage(order);
    return worker;
  });
  const timer = setInterval(() => {
    try {
      onProgress?.(done);
    } catch (error) {
      reject(error);
    }
  }, WAIT_MILLISECONDS);
  try {
    await promise;
  } finally {
    clearInterval(timer);
    for (const worker of workers) worker.terminate();
  }
  return reports;
}
