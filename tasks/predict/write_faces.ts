import type { DecodedPhoto } from "@/lib/data/files/images.ts";
import { faceFiles } from "@/lib/export/face_files.ts";
import { writeFolderAtomic } from "@/lib/files.ts";
import type { ModelDescription } from "@/lib/model/description.ts";
import { type FaceRecord, faceRecord } from "@/lib/track/face_record.ts";
import type { PhotoFace } from "@/lib/track/photo_faces.ts";
import type { FaceFileKind } from "@/lib/export/face_file_kinds.ts";

export interface WriteOptions {
  readonly photo: DecodedPhoto;
  readonly path: string;
  /** SHA-256 of its file, in hexadecimal digits. */
  readonly digest: string;
  readonly model: ModelDescription;
  readonly kinds: readonly FaceFileKind[];
  /** Ends it between two faces. */
  readonly signal?: AbortSignal;
}

/** A face, and the folder to be made for it. */
export interface NamedFace {
  readonly face: PhotoFace;
  readonly folder: string;
}

/** What is known of a face that was written. */
export type WrittenRecord = FaceRecord & {
  readonly photo: string;
  /** SHA-256 of its file, in hexadecimal digits. */
  readonly photoSha256: string;
  readonly folder: string;
};

/** A folder for each face, and what stands in its `face.json`. Throws an InputError where a folder is there already. */
export async function writeFaces(
  faces: readonly NamedFace[],
  { photo, path, digest, model, kinds, signal }: WriteOptions,
): Promise<WrittenRecord[]> {
  const records = [], fileScale = photo.fileWidth / photo.width;
  for (const { face: { fit, detection }, folder } of faces) {
    signal?.throwIfAborted();
    const facts = faceRecord(fit, model, { photo, detectorScore: detection?.score });
    const record = { photo: path, photoSha256: digest, folder, ...facts };
    const written = { photo, fileScale, fit, record, surface: model.surface, imageSize: model.imageSize };
    await writeFolderAtomic(folder, faceFiles(written, kinds));
    records.push(record);
  }
  return records;
}
