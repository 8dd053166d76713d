import type { Label } from "@/lib/data/sample.ts";
import { type PackedMap, packMap, unpackMap } from "@/lib/data/store/packed_map.ts";
import { LANDMARK_COUNT } from "@/lib/face/landmarks.ts";
import { pointAt } from "@/lib/geometry/vectors.ts";
import type { Crop } from "@/lib/types.ts";

/** A sample as a store keeps it: its photo as it was, which is the smallest and loses nothing, and the label in its crop. */
export interface StoredSample {
  /** A JPEG, PNG or WebP file's bytes. */
  readonly photo: Uint8Array;
  readonly crop: Crop;
  readonly label: Pick<Label, "map" | "landmarks">;
}

/** Bytes of numbers before the photo: crop, map's least and range, landmarks, the photo's length. */
const CROP = 3 * 8, RANGES = 6 * 4, LANDMARKS = 3 * LANDMARK_COUNT * 4;
const HEAD = CROP + RANGES + LANDMARKS + 4;

/** Little-endian, as {@linkcode decodeSample} reads it; and the map's packing, for what it loses. */
export function encodeSample({ photo, crop, label }: StoredSample): { bytes: Uint8Array; packed: PackedMap } {
  const packed = packMap(label.map);
  const bytes = new Uint8Array(HEAD + photo.length + packed.bytes.length);
  const view = new DataView(bytes.buffer);
  [crop.left, crop.top, crop.side].forEach((value, i) => view.setFloat64(8 * i, value, true));
  const floats = [...packed.least, ...packed.range, ...label.landmarks];
  floats.forEach((value, i) => view.setFloat32(CROP + 4 * i, value, true));
  view.setUint32(HEAD - 4, photo.length, true);
  bytes.set(photo, HEAD);
  bytes.set(packed.bytes, HEAD + photo.length);
  return { bytes, packed };
}

/** Throws where the bytes are not of a sample whose map has this size. */
export function decodeSample(bytes: Uint8Array, size: number): StoredSample {
  if (bytes.length < HEAD) throw new RangeError(`it has ${bytes.length} bytes`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  const [left, top, side] = [0, 8, 16].map((at) => view.getFloat64(at, true)) as [number, number, number];
  const floats = Float32Array.from({ length: (HEAD - 4 - CROP) / 4 }, (_, i) => view.getFloat32(CROP + 4 * i, true));
  const photoEnd = HEAD + view.getUint32(HEAD - 4, true);
  if (photoEnd > bytes.length) throw new RangeError(`its photo ends after its ${bytes.length} bytes`);
  const [least, range] = [pointAt(floats, 0), pointAt(floats, 1)];
  return {
    photo: bytes.subarray(HEAD, photoEnd),
    crop: { left, top, side },
    label: {
      map: unpackMap({ least, range, bytes: bytes.subarray(photoEnd) }, size),
      landmarks: floats.slice(6),
    },
  };
}
