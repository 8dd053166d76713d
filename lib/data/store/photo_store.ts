import * as z from "zod";
import { counted } from "@/lib/counted.ts";
import type { LabeledPhoto } from "@/lib/data/augment.ts";
import { decodePhoto, encodeJpeg } from "@/lib/data/files/images.ts";
import { cropPhoto } from "@/lib/data/maps/crop.ts";
import { uvLayout } from "@/lib/data/maps/uv_layout.ts";
import { splits } from "@/lib/data/sample.ts";
import { splitBySubject } from "@/lib/data/sets/subject_splits.ts";
import type { LabeledFace, Labeler } from "@/lib/data/sets/own_photos/labeler.ts";
import type { OwnPhoto } from "@/lib/data/sets/own_photos/listing.ts";
import { bySplit, personNumbers, photoSamples } from "@/lib/data/sources/photo_samples.ts";
import type { OpenOptions, Source, SourceSpec } from "@/lib/data/sources/source.ts";
import { checkShard, encodeShard, Shard } from "@/lib/data/store/shard.ts";
import { decodeSample, encodeSample, type StoredSample } from "@/lib/data/store/stored_sample.ts";
import { packingLoss } from "@/lib/data/store/packed_map.ts";
import { InputError, reasonOf, SettingError } from "@/lib/errors.ts";
import type { FaceSurface } from "@/lib/face/morphable_model.ts";
import { float32s, surface, uint32s } from "@/lib/face/surface_schema.ts";
import {
  claimFolder,
  isThere,
  makeFolder,
  namesIn,
  parseJson,
  readBytes,
  readText,
  removeTemporaries,
  writeFileAtomic,
} from "@/lib/files.ts";
import { parseSealed, sealJson, sha256 } from "@/lib/formats/seal.ts";
import type { Photo } from "@/lib/types.ts";

const number = z.number().nonnegative();

const photoSchema = z.strictObject({
  name: z.string(),
  subject: z.string(),
  /** In hexadecimal digits: what its file must be made of. */
  key: z.hex().length(64),
  /** {@linkcode LabeledFace.error} of each of its faces. */
  errors: z.array(number),
});

const indexSchema = z.strictObject({
  format: z.literal("posmap photos 1"),
  about: z.string(),
  errorMeans: z.string(),
  fingerprint: z.string(),
  license: z.string(),
  imageSize: z.int().positive(),
  surface,
  mirror: uint32s.optional(),
  neutralLandmarks: float32s.optional(),
  /** The photos that were looked at, by name; null until all have been. */
  photos: z.array(photoSchema).nullable(),
  /** The largest error of a position that 16 bits leave, in pixels of the crop. */
  loss: number,
  /** Photos that could not be used, and why. */
  refused: z.array(z.strictObject({ name: z.string(), reason: z.string() })),
});
type Index = Readonly<Omit<z.infer<typeof indexSchema>, "surface">> & { readonly surface: FaceSurface };
type IndexedPhoto = Readonly<z.infer<typeof photoSchema>>;

const choicesSchema = z.strictObject({
  format: z.literal("posmap choices 1"),
  /** Faces whose labels are further off are left out; null for no limit. */
  mostError: number.nullable(),
  /** Faces that a person has thrown out: "anna.jpg#0", the first face of anna.jpg. */
  out: z.array(z.string()),
});

/** Which of a store's faces are used. */
export type Choices = Omit<Readonly<z.infer<typeof choicesSchema>>, "format">;

const INDEX = "photos.json", CHOICES = "choices.json", FACES = "faces";

/** Side of the part of a photo that is kept, in sides of the crop: as much as training turns, shifts and shrinks into view. */
const SURROUND = 1.8;
/** Pixels of a photo that are kept for one of the map, along a side. */
const FINENESS = 2;

export interface LabelOptions {
  readonly labeler: Labeler;
  /** License of what is learned from the photos. */
  readonly license: string;
  /** Called after each photo; what it throws ends the work, to be taken up later. */
  readonly onPhoto?: (report: PhotoReport) => void;
  /** Called where another process works in that folder, for which this one waits. */
  readonly onWait?: () => void;
  /** Called with the number of photos that are there no more, and whose labels were removed. */
  readonly onRemoved?: (count: number) => void;
}

export interface PhotoReport {
  readonly name: string;
  readonly faces: number;
  /** Why the photo could not be used. */
  readonly refused?: string;
  /** Whether its labels were there. */
  readonly isKept: boolean;
}

/**
 * Labels the faces of photos and keeps them in a folder, a file for each photo: those that are there, of the same photo and the same
 * labels, stay as they are, so that photos may be added and the work be ended on the way. Throws an InputError where the folder
 * holds anything else, and where no photo has a face, when which faces it has stays as it was.
 */
export async function labelPhotos(
  folder: string,
  photos: readonly OwnPhoto[],
  { labeler, license, onWait, onPhoto, onRemoved }: LabelOptions,
): Promise<PhotoStore> {
  const { about, errorMeans, fingerprint, imageSize, surface, mirror, neutralLandmarks } = labeler;
  const facts = {
    format: "posmap photos 1",
    about,
    errorMeans,
    fingerprint,
    license,
    imageSize,
    surface,
    ...mirror && { mirror },
    ...neutralLandmarks && { neutralLandmarks },
  } as const;
  await makeFolder(`${folder}/${FACES}`);
  using _claim = await claimFolder(folder, { onWait });
  await removeTemporaries(`${folder}/${FACES}`);
  await prepareFolder(folder, { ...facts, photos: null, loss: 0, refused: [] });
  const labeled: IndexedPhoto[] = [], refused: { name: string; reason: string }[] = [];
  let loss = 0, unwritten: unknown; // a full disk is no fault of a photo
  for (const { name, subject, path } of photos) {
    try {
      const bytes = await readBytes(path, "a photo was expected");
      const photo = await decodePhoto(bytes, path);
      const about = [fingerprint, imageSize, name, await sha256(bytes), await labeler.inputs(name, photo)];
      const key = Uint8Array.fromHex(await sha256(JSON.stringify(about)));
      const file = await fileOf(folder, name);
      const there = await Deno.readFile(file).then((bytes) => checkShard(bytes, key), () => undefined);
      const isKept = there?.isOurs === true;
      let { errors, loss: photoLoss } = isKept ? there.facts : {};
      if (!errors) {
        const faces = await labeler.label(name, photo);
        errors = faces.map(({ error }) => error);
        const samples = await Promise.all(faces.map((face) => storedFace(photo, face, imageSize)));
        const encoded = samples.map(encodeSample);
        photoLoss = encoded.reduce((most, { packed }) => Math.max(most, packingLoss(packed)), 0);
        const shard = encodeShard(encoded.map(({ bytes }) => bytes), {
          key,
          facts: { loss: photoLoss, refused: [], errors },
        });
        await writeFileAtomic(file, shard).catch((error) => {
          throw unwritten = error;
        });
      }
      loss = Math.max(loss, photoLoss!);
      labeled.push({ name, subject, key: key.toHex(), errors });
      onPhoto?.({ name, faces: errors.length, isKept });
    } catch (error) {
      if (!(error instanceof InputError) || error === unwritten) throw error;
      refused.push({ name, reason: error.message });
      onPhoto?.({ name, faces: 0, refused: error.message, isKept: false });
    }
  }
  if (labeled.every(({ errors }) => errors.length === 0)) {
    throw new InputError(
      `Found no face to label in ${counted(photos.length, "photo")}: ${labeled.length} without a face, ` +
        `${refused.length} left out; a photo was expected whose face can be used`,
    );
  }
  await writeIndex(folder, { ...facts, photos: labeled, loss, refused });
  const removed = await removeOthers(folder, photos);
  if (removed > 0) onRemoved?.(removed);
  return await PhotoStore.open(folder);
}

/** What training may show of the photo around a face, not finer than it can use. */
async function storedFace(photo: Photo, { crop, label }: LabeledFace, imageSize: number): Promise<StoredSample> {
  const side = SURROUND * crop.side, margin = (side - crop.side) / 2;
  const pixels = Math.max(1, Math.round(SURROUND * Math.min(crop.side, FINENESS * imageSize)));
  const around = cropPhoto(photo, { left: crop.left - margin, top: crop.top - margin, side }, pixels);
  const kept = pixels / SURROUND;
  return {
    photo: await encodeJpeg(around, { quality: 95 }),
    crop: { left: (pixels - kept) / 2, top: (pixels - kept) / 2, side: kept },
    label,
  };
}

async function prepareFolder(folder: string, index: Index): Promise<void> {
  const names = namesIn(folder);
  const foreign = names.find((name) => ![INDEX, CHOICES, FACES].includes(name));
  if (foreign !== undefined) {
    throw new InputError(
      `Cannot keep labels in ${folder}: it has ${foreign}; a new folder or a store of labels was expected`,
    );
  }
  const isNew = !names.includes(INDEX) || [...Deno.readDirSync(`${folder}/${FACES}`)].length === 0;
  if (isNew) return await writeIndex(folder, index);
  const { about, fingerprint, imageSize } = await readIndex(folder);
  if (fingerprint === index.fingerprint && imageSize === index.imageSize) return;
  throw new InputError(
    `Cannot keep labels in ${folder}: it holds others (${about}, ${imageSize} pixels, not ${index.about}, ` +
      `${index.imageSize} pixels); name another folder by --out`,
  );
}

/** Removes what was kept of photos that are there no more, and says of how many. */
async function removeOthers(folder: string, photos: readonly OwnPhoto[]): Promise<number> {
  const ours = new Set(await Promise.all(photos.map(({ name }) => fileOf(folder, name))));
  let removed = 0;
  for await (const { name } of Deno.readDir(`${folder}/${FACES}`)) {
    const path = `${folder}/${FACES}/${name}`;
    if (ours.has(path) || !/^[0-9a-f]{32}\.shard$/.test(name)) continue;
    await Deno.remove(path);
    removed++;
  }
  return removed;
}

async function writeIndex(folder: string, index: Index): Promise<void> {
  await writeFileAtomic(
    `${folder}/${INDEX}`,
    await sealJson(z.encode(indexSchema, index as z.output<typeof indexSchema>)) + "\n",
  );
}

async function readIndex(folder: string): Promise<Index> {
  const path = `${folder}/${INDEX}`;
  const expected = "a folder that `deno task prepare photos` has made was expected";
  const text = new TextDecoder().decode(await readBytes(path, expected));
  try {
    return indexSchema.parse(await parseSealed(text));
  } catch (error) {
    const reason = error instanceof z.ZodError ? error.issues[0]!.message : reasonOf(error);
    throw new InputError(`Cannot read ${path}: ${reason}; ${expected}`);
  }
}

async function fileOf(folder: string, name: string): Promise<string> {
  return `${folder}/${FACES}/${(await sha256(name)).slice(0, 32)}.shard`;
}

/** A face of a photo in a store. */
export interface StoredFace {
  /** "anna.jpg#0". */
  readonly id: string;
  readonly photo: string;
  readonly subject: string;
  readonly error: number;
  readonly shard: Shard;
  /** Its place among the photo's. */
  readonly index: number;
}

/** Faces of one's own photos with their labels, and which of them are used. */
export class PhotoStore {
  readonly faces: readonly StoredFace[];
  #choices: Choices;

  private constructor(readonly folder: string, readonly index: Index, shards: readonly Shard[], choices: Choices) {
    this.faces = index.photos!.flatMap(({ name, subject, errors }, p) =>
      errors.map((error, index) => ({
        id: `${name}#${index}`,
        photo: name,
        subject,
        error,
        shard: shards[p]!,
        index,
      }))
    );
    this.#choices = choices;
  }

  /** Throws an InputError where the folder holds no finished store. */
  static async open(folder: string): Promise<PhotoStore> {
    const index = await readIndex(folder);
    if (!index.photos) {
      throw new InputError(`Cannot open ${folder}: not all of its photos were labeled; preparing it again goes on`);
    }
    const shards = await Promise.all(
      index.photos.map(async ({ name, key, errors }) =>
        new Shard(await fileOf(folder, name), Uint8Array.fromHex(key), errors.length)
      ),
    );
    return new PhotoStore(folder, index, shards, await readChoices(folder));
  }

  get choices(): Choices {
    return this.#choices;
  }

  /**
   * Keeps the choices for all trainings from now on. A face that is thrown out already stays so when its photo is gone, which
   * may come back. Throws an InputError where there never was such a face.
   */
  async choose(choices: Choices): Promise<void> {
    const known = new Set([...this.faces.map(({ id }) => id), ...this.#choices.out]);
    const stranger = choices.out.find((id) => !known.has(id));
    if (stranger !== undefined) throw new InputError(`Cannot leave out ${stranger}: ${this.folder} has no such face`);
    const content = choicesSchema.parse({ format: "posmap choices 1", ...choices });
    await writeFileAtomic(`${this.folder}/${CHOICES}`, JSON.stringify(content, null, 1) + "\n");
    this.#choices = choices;
  }

  /** The faces that are used. */
  chosen(): StoredFace[] {
    const { mostError, out } = this.#choices;
    const isOut = new Set(out);
    return this.faces.filter(({ id, error }) => !isOut.has(id) && !(mostError !== null && error > mostError));
  }

  /** Throws an InputError where its file is damaged. */
  async read({ shard, index }: StoredFace): Promise<LabeledPhoto> {
    const bytes = await shard.read(index);
    try {
      const { photo, ...sample } = decodeSample(bytes, this.index.imageSize);
      return { photo: await decodePhoto(photo), ...sample };
    } catch (error) {
      throw shard.damaged(index, error);
    }
  }
}

async function readChoices(folder: string): Promise<Choices> {
  const path = `${folder}/${CHOICES}`;
  if (!await isThere(path)) return { mostError: null, out: [] };
  const wanted = "remove it to use all faces";
  const { format: _, ...choices } = parseJson(await readText(path), { path, schema: choicesSchema, wanted });
  return choices;
}

/** Photos that a sentence names. */
const MOST_NAMED = 5;

/**
 * The chosen faces of a store as samples. Which split a photo is in is a matter of the names of all photos that a face was found in:
 * it stays there whichever are chosen.
 */
export function photoStoreSource(store: PhotoStore, options: SourceSpec & OpenOptions): Source {
  const { imageSize, onRefused } = options;
  const { index, folder } = store;
  const photos = index.photos!.filter(({ errors }) => errors.length > 0);
  if (index.imageSize !== imageSize) {
    throw new SettingError((nameOf) =>
      `Cannot use ${folder} with ${nameOf("imageSize")} ${imageSize}: its labels were made for ${index.imageSize}`
    );
  }
  for (const { reason } of index.refused) onRefused?.(reason);
  const places = splitBySubject(photos);
  const chosen = Map.groupBy(store.chosen(), ({ photo }) => photo);
  const faces = bySplit((split) => [...places[split]].flatMap((place) => chosen.get(photos[place]!.name) ?? []));
  const empty = splits.find((split) => faces[split].length === 0);
  if (empty) {
    const names = [...places[empty]].map((place) => photos[place]!.name);
    const [most, more] = [names.slice(0, MOST_NAMED).join(", "), names.length > MOST_NAMED ? " …" : ""];
    throw new InputError(
      `Cannot use ${folder}: no face is used of its photos for ${empty} (${most}${more}); take one back, or add photos`,
    );
  }
  return {
    surface: index.surface,
    layout: uvLayout(index.surface, imageSize),
    ...photoSamples({
      counts: bySplit((split) => faces[split].length),
      labeledPhoto(place, split) {
        options.timer?.begin("read");
        return store.read(faces[split][place]!);
      },
      people: bySplit((split) => personNumbers(faces[split].map(({ subject }) => subject))),
    }, options),
    facts: () => ({ mirror: index.mirror, neutralLandmarks: index.neutralLandmarks, license: index.license }),
    fingerprint: () =>
      sha256(JSON.stringify([index.fingerprint, photos.map(({ key }) => key), store.chosen().map(({ id }) => id)])),
  };
}
