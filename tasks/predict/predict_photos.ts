import { basename, extname, resolve } from "node:path";
import { counted } from "@/lib/counted.ts";
import { type DecodedPhoto, decodePhoto } from "@/lib/data/files/images.ts";
import { InputError } from "@/lib/errors.ts";
import type { FaceFileKind } from "@/lib/export/face_file_kinds.ts";
import { isThere, readBytes } from "@/lib/files.ts";
import { sha256 } from "@/lib/formats/seal.ts";
import { findFaces } from "@/lib/track/photo_faces.ts";
import { cropInPhoto, type FacePlace } from "@/tasks/predict/face_place.ts";
import type { Faces } from "@/tasks/predict/open_faces.ts";
import { writeFaces, type WrittenRecord } from "@/tasks/predict/write_faces.ts";
import { standing } from "@/tasks/standing.ts";

export interface PredictOptions {
  /** What finds and fits them. */
  readonly faces: Faces;
  readonly out: string;
  readonly kinds: readonly FaceFileKind[];
  readonly place: FacePlace | undefined;
  /** Called with each face that was written. */
  readonly onFace?: (record: WrittenRecord) => void;
  /** Called with lines about what is found and what is not. */
  readonly print: (line: string) => void;
  /** Called with the number of each photo, from 1, before it is looked at. */
  readonly onPhoto?: (number: number) => void;
  /** Ends it between two faces. */
  readonly signal?: AbortSignal;
}

/**
 * Finds the faces of photos and writes them, a folder each. Photos that cannot be read, or are without a face, are named,
 * and so are folders of theirs that are there already, as from a batch that was stopped. Throws an InputError where no photo has a
 * face, and where the folder of the only photo's is there.
 */
export async function predictPhotos(
  paths: readonly string[],
  { faces: opened, out, kinds, place, onFace, onPhoto, print, signal }: PredictOptions,
): Promise<void> {
  const { description } = opened;
  const { margin } = description.crop;
  const isMany = paths.length > 1;
  const names = new FolderNames(async (name, photo) => isMany && await isOfAnother(`${out}/${name}`, photo));
  let faceCount = 0, photoCount = 0, keptCount = 0;
  const without: string[] = [], unread: string[] = [];
  for await (const { path, photo, digest } of decodeAhead(paths)) {
    signal?.throwIfAborted();
    onPhoto?.(++photoCount);
    if (photo instanceof InputError) {
      if (paths.length === 1) throw photo;
      print(photo.message);
      unread.push(path);
      continue;
    }
    const faces = await findFaces(photo, opened, { margin, ...place && cropInPhoto(place, photo, { path, margin }) });
    if (faces.length === 0) {
      without.push(path);
      if (isMany) print(`no face: ${path}`);
      continue;
    }
    const given = await names.next({ path, digest }, faces.length);
    const named = given.map((name, i) => ({ folder: `${out}/${name}`, face: faces[i]! }));
    const isKept = await Promise.all(named.map(({ folder }) => isMany && isThere(folder)));
    const missing = named.filter((_, i) => !isKept[i]);
    const writing = { photo, path, digest, model: description, kinds, ...signal && { signal } };
    for (const record of await writeFaces(missing, writing)) {
      onFace?.(record);
    }
    faceCount += missing.length;
    keptCount += named.length - missing.length;
    for (const { folder } of named.filter((_, i) => isKept[i])) print(`left as it is: ${folder}`);
    if (!onFace && missing.length > 0) print(`${path}: ${counted(missing.length, "face")}`);
  }
  if (faceCount + keptCount === 0) {
    const count = paths.length - unread.length;
    throw new InputError(
      count === 0
        ? `Cannot read any of ${paths.length} photos`
        : place
        ? `Found no face in ${without[0]} where --${"crop" in place ? "crop" : "box"} says that it is`
        : `Found no face in ${count === 1 ? without[0] : counted(count, "photo")}; --box says where one is`,
    );
  }
  print(
    `${counted(faceCount, "face")} in ${counted(paths.length, "photo")}` +
      `${keptCount > 0 ? `, ${keptCount} left as ${keptCount === 1 ? "it is" : "they are"}` : ""}` +
      `${without.length > 0 ? `, ${without.length} without a face` : ""}` +
      `${unread.length > 0 ? `, ${unread.length} not read` : ""}: ${out}`,
  );
}

/** Photos, or why they cannot be read; the next one is read while one is looked at. */
async function* decodeAhead(
  paths: readonly string[],
): AsyncGenerator<PhotoFile & { readonly photo: DecodedPhoto | InputError }> {
  const decode = async (path: string) => {
    try {
      const bytes = await readBytes(path, "a whole JPEG, PNG or WebP picture was expected");
      return { path, digest: await sha256(bytes), photo: await decodePhoto(bytes, path) };
    } catch (error) {
      if (error instanceof InputError) return { path, digest: "", photo: error };
      throw error;
    }
  };
  let next = decode(paths[0]!);
  for (let i = 0; i < paths.length; i++) {
    const decoded = await next;
    if (i + 1 < paths.length) next = decode(paths[i + 1]!);
    yield decoded;
  }
}

interface PhotoFile {
  readonly path: string;
  /** SHA-256, in hexadecimal digits. */
  readonly digest: string;
}

/**
 * Whether a folder is there whose `face.json` says that it is of another photo: of another path, or, as it may have been
 * written from elsewhere, of another content.
 */
async function isOfAnother(folder: string, { path, digest }: PhotoFile): Promise<boolean> {
  try {
    const { photo, photoSha256 = digest } = JSON.parse(await Deno.readTextFile(`${folder}/face.json`));
    return photoSha256 !== digest || resolve(standing(), String(photo)) !== resolve(standing(), path);
  } catch {
    return false; // without one, as where only pictures were asked for, the folder's name says what it is of
  }
}

/** Names for faces' folders. */
class FolderNames {
  readonly #taken = new Set<string>();
  readonly #isTaken: (name: string, photo: PhotoFile) => Promise<boolean>;

  /** @param isTaken whether a name is that of another photo's face of before */
  constructor(isTaken: (name: string, photo: PhotoFile) => Promise<boolean>) {
    this.#isTaken = isTaken;
  }

  /**
   * One for each face of a photo: its file's name, with the face's number where there are several; "_2" follows the name where
   * another photo's face is called so.
   */
  async next(photo: PhotoFile, faceCount: number): Promise<string[]> {
    const stem = basename(photo.path, extname(photo.path));
    for (let copy = 1;; copy++) {
      const name = copy === 1 ? stem : `${stem}_${copy}`;
      const names = faceCount === 1 ? [name] : Array.from({ length: faceCount }, (_, i) => `${name}-${i + 1}`);
      if (names.some((one) => this.#taken.has(one))) continue;
      if ((await Promise.all(names.map((one) => this.#isTaken(one, photo)))).includes(true)) continue;
      for (const one of names) this.#taken.add(one);
      return names;
    }
  }
}
