import * as z from "zod";
import { type Split, splits } from "@/lib/data/sample.ts";
import { InputError, reasonOf } from "@/lib/errors.ts";
import { writeFileAtomic } from "@/lib/files.ts";
import { openSealed, sealJson, sha256 } from "@/lib/formats/seal.ts";
import { jsonOf } from "@/lib/json.ts";

const whole = z.int().min(0);
const hash = z.hex().length(64);

/** What a store is to be made of: another plan means other samples. */
const planSchema = z.strictObject({
  format: z.literal("posmap store 2"),
  /** What the photos are of, such as "300w-lp". */
  source: z.string(),
  /** The source's, which says which photos and which model. */
  fingerprint: z.string(),
  license: z.string(),
  imageSize: z.int().min(2),
  photosPerShard: z.int().min(1),
  /** In each split, in the order of their places. */
  photos: z.record(z.enum(splits), whole),
});
export type StorePlan = Readonly<z.infer<typeof planSchema>>;

const shardSchema = z.strictObject({
  split: z.enum(splits),
  file: z.string().regex(/^[a-z]+-\d{5,}\.shard$/),
  samples: whole,
  bytes: whole,
  /** Hash of all but the file's first 32 bytes, which are that hash. */
  sha256: hash,
});
export type ShardEntry = Readonly<z.infer<typeof shardSchema>>;

const contentSchema = z.strictObject({
  shards: z.array(shardSchema),
  samples: z.record(z.enum(splits), whole),
  /** Who each sample shows, a number for each person within the split; stores of before do not say it. */
  people: z.record(z.enum(splits), z.array(whole)).optional(),
  bytes: whole,
  /** The largest error of a position that 16 bits leave, in pixels of the crop. */
  loss: z.number().nonnegative(),
  refused: z.array(z.strictObject({ photo: z.string(), reason: z.string() })),
});
export type StoreContent = Readonly<z.infer<typeof contentSchema>>;

const manifestSchema = z.strictObject({ ...planSchema.shape, content: contentSchema.nullable() });

/** What is in a store's folder. */
export interface Manifest {
  readonly plan: StorePlan;
  /** Null until all of the store is made. */
  readonly content: StoreContent | null;
}

export const MANIFEST = "store.json";
/** The face's surface and mean shape. */
export const FACE = "face.model";

/** As {@linkcode readManifest} reads it. Throws an InputError also where the folder has none. */
export async function needManifest(folder: string): Promise<Manifest> {
  const manifest = await readManifest(folder);
  if (manifest) return manifest;
  throw new InputError(`Cannot open the store ${folder}: it has no ${MANIFEST}, a store was expected`);
}

/** Undefined where the folder has none. Throws an InputError where it is damaged, or not of this version. */
export async function readManifest(folder: string): Promise<Manifest | undefined> {
  const path = `${folder}/${MANIFEST}`;
  try {
    const opened = await openSealed(jsonOf(await Deno.readTextFile(path)) as object);
    if (!opened) throw new Error("it is not what was written");
    const { content, ...plan } = manifestSchema.parse(opened);
    return { plan, content };
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return undefined;
    const reason = error instanceof z.ZodError ? error.issues[0]!.message : reasonOf(error);
    throw new InputError(`Cannot read ${path}: ${reason}; a store's manifest was expected`);
  }
}

/** Writes the whole manifest or leaves what was there; `content` is null until all shards are made. */
export async function writeManifest(folder: string, { plan, content }: Manifest): Promise<void> {
  await writeFileAtomic(`${folder}/${MANIFEST}`, await sealJson({ ...plan, content }) + "\n");
}

/** 32 bytes that all shards of a plan carry, and no others. */
export async function keyOf(plan: StorePlan): Promise<Uint8Array> {
  return Uint8Array.fromHex(await sha256(JSON.stringify(plan)));
}

/** The photos of one shard: consecutive ones of a split. */
export interface ShardPlan {
  readonly split: Split;
  readonly file: string;
  readonly first: number;
  readonly count: number;
}

/** The shards of all splits, each split's last one with the photos that are left. */
export function shardsOf({ photos, photosPerShard }: Pick<StorePlan, "photos" | "photosPerShard">): ShardPlan[] {
  return splits.flatMap((split) =>
    Array.from({ length: Math.ceil(photos[split] / photosPerShard) }, (_, k) => ({
      split,
      file: `${split}-${String(k).padStart(5, "0")}.shard`,
      first: k * photosPerShard,
      count: Math.min(photosPerShard, photos[split] - k * photosPerShard),
    }))
  );
}
