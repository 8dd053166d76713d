import type { ListedPhoto } from "@/lib/data/sets/300w_lp/listing.ts";
import type { PhotoSource } from "@/lib/data/sets/300w_lp/photo_source.ts";
import type { SourceSpec } from "@/lib/data/sources/source.ts";
import type { ShardPlan } from "@/lib/data/store/manifest.ts";
import { checkShard, encodeShard, type ShardFacts } from "@/lib/data/store/shard.ts";
import { encodeSample } from "@/lib/data/store/stored_sample.ts";
import { packingLoss } from "@/lib/data/store/packed_map.ts";
import { InputError } from "@/lib/errors.ts";
import { writeFileAtomic } from "@/lib/files.ts";

/** What a maker of shards is asked for, once. */
export interface ShardOrder {
  readonly spec: SourceSpec;
  readonly folder: string;
  readonly key: Uint8Array;
  readonly shards: readonly ShardPlan[];
  /** Int32 [1]: the shards that makers have taken. */
  readonly taken: SharedArrayBuffer;
}

/** A shard that is there, whole: since before, made now, or made anew in place of a damaged one. */
export interface ShardReport {
  readonly kind: "shard";
  /** Its place in the order. */
  readonly index: number;
  readonly state: "kept" | "made" | "mended";
  readonly samples: number;
  readonly bytes: number;
  readonly sha256: string;
  readonly facts: ShardFacts;
}

export type MakerReport = ShardReport | {
  readonly kind: "failed";
  readonly errorName: string;
  readonly message: string;
};

/** Turns this worker into a maker of shards: it takes one after the other and writes those that are not there, whole. */
export function serveShards(openPhotos: (spec: SourceSpec) => PhotoSource | Promise<PhotoSource>): void {
  const worker = globalThis as unknown as Worker;
  const report = (report: MakerReport) => worker.postMessage(report);
  worker.onmessage = async ({ data: order }: MessageEvent<ShardOrder>) => {
    try {
      const source = await openPhotos(order.spec);
      const taken = new Int32Array(order.taken);
      for (let index; (index = Atomics.add(taken, 0, 1)) < order.shards.length;) {
        report({ kind: "shard", index, ...await bringShard(source, order, order.shards[index]!) });
      }
    } catch (error) {
      const { name, message } = error instanceof Error ? error : new Error(String(error));
      report({ kind: "failed", errorName: name, message });
    }
  };
}

async function bringShard(
  source: PhotoSource,
  { folder, key, spec }: ShardOrder,
  { split, file, first, count }: ShardPlan,
): Promise<Omit<ShardReport, "kind" | "index">> {
  const path = `${folder}/${file}`;
  const there = await Deno.readFile(path).catch((error) => {
    if (error instanceof Deno.errors.NotFound) return undefined;
    throw new InputError(`Cannot read ${path}: ${error.message}`);
  });
  const kept = there && checkShard(there, key);
  if (kept && !kept.isOurs) throw new InputError(`Cannot write ${path}: it is there already, as part of another store`);
  // photos that could not be used may have been out of reach only
  if (kept && kept.facts.refused.length === 0) return { state: "kept", bytes: there.length, ...kept };
  const photos = source.photos[split].slice(first, first + count);
  const bytes = await makeShard(source, photos, { key, within: `${spec.source["path"]}/` });
  const made = checkShard(bytes, key)!;
  const isKept = kept?.sha256 === made.sha256;
  if (!isKept) await writeFileAtomic(path, bytes);
  return { state: isKept ? "kept" : there && !kept ? "mended" : "made", bytes: bytes.length, ...made };
}

async function makeShard(
  source: PhotoSource,
  photos: readonly ListedPhoto[],
  { key, within }: { readonly key: Uint8Array; readonly within: string },
): Promise<Uint8Array<ArrayBuffer>> {
  const samples: Uint8Array[] = [], refused: { photo: string; reason: string }[] = [];
  let loss = 0;
  for (const photo of photos) {
    try {
      const { crop, label } = await source.labeledPhoto(photo);
      const { bytes, packed } = encodeSample({ photo: await Deno.readFile(photo.photoPath), crop, label });
      samples.push(bytes);
      loss = Math.max(loss, packingLoss(packed));
    } catch (error) {
      if (!(error instanceof InputError)) throw error;
      refused.push({ photo: photo.name, reason: error.message.replaceAll(within, "") });
    }
  }
  return encodeShard(samples, { key, facts: { loss, refused } });
}
