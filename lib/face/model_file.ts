import { createHash } from "node:crypto";
import { InputError } from "@/lib/errors.ts";
import { type LandmarkConvention, landmarkEntries } from "@/lib/face/landmarks.ts";
import { checkModel, type FaceSurface, type MorphableModel } from "@/lib/face/morphable_model.ts";
import { writeFileAtomic } from "@/lib/files.ts";

/**
 * A model in one file: the SHA-256 of all that follows it, a line of JSON, and the model's arrays one after the other.
 */
interface Header {
  readonly format: typeof FORMAT;
  /** What the model was made from; another stamp means a stale file. */
  readonly stamp: string;
  /** What else its maker wants to know again. */
  readonly details?: unknown;
  readonly name: string;
  readonly conventions: readonly LandmarkConvention[];
  readonly expressionNames: readonly string[];
  readonly identityCount: number;
  /** Numbers in each array, in the order of {@linkcode arraysOf}. */
  readonly lengths: readonly number[];
}

/** Changes whenever the layout or the meaning of what is kept changes. */
const FORMAT = "posmap face model 8";
const HASH_BYTES = 32;

type ModelArray = Float32Array | Uint32Array | Uint8Array;

/** The model in this file or, where the file is missing, damaged or of another stamp, one made and kept there. */
export async function keptModel(
  path: string,
  { stamp, make }: { readonly stamp: string; readonly make: () => Promise<MorphableModel> },
): Promise<MorphableModel> {
  const kept = await Deno.readFile(path).then((bytes) => decodeModel(bytes, stamp), () => undefined);
  if (kept) return kept;
  const model = await make();
  checkModel(model);
  await writeFileAtomic(path, encodeModel(model, stamp)).catch(({ message }) => {
    throw new InputError(`${message}. The face model is kept there; POSMAP_CACHE names another folder`);
  });
  return model;
}

/** The first 16 hexadecimal digits of the text's SHA-256: for a model's place in the cache, and its stamp. */
export function fingerprint(text: string): string {
  return createHash("sha256").update(text).digest("hex").slice(0, 16);
}

/** The SHA-256 of all that a model is but for its name, which may say where its files are; in hexadecimal digits. */
export function modelFingerprint(model: MorphableModel): string {
  const hash = createHash("sha256").update(JSON.stringify({ ...factsOf(model), name: "" }));
  for (const { buffer, byteOffset, byteLength } of arraysOf(model)) {
    hash.update(new Uint8Array(buffer, byteOffset, byteLength));
  }
  return hash.digest("hex");
}

export function encodeModel(model: MorphableModel, stamp: string, details?: unknown): Uint8Array<ArrayBuffer> {
  const header: Header = { format: FORMAT, stamp, details, ...factsOf(model) };
  const line = new TextEncoder().encode(JSON.stringify(header) + "\n");
  const arrays = arraysOf(model);
  const start = padded(HASH_BYTES + line.length);
  const bytes = new Uint8Array(arrays.reduce((end, { byteLength }) => end + padded(byteLength), start));
  bytes.set(line, HASH_BYTES);
  let offset = start;
  for (const { buffer, byteOffset, byteLength } of arrays) {
    bytes.set(new Uint8Array(buffer, byteOffset, byteLength), offset);
    offset += padded(byteLength);
  }
  bytes.set(hash(bytes));
  return bytes;
}

/** The model in these bytes, or undefined where they are damaged, of another format, or of another stamp. */
export function decodeModel(bytes: Uint8Array, stamp: string): MorphableModel | undefined {
  return decodeDetailed(bytes, stamp)?.model;
}

/** The same, with what its maker wrote beside it. */
export function decodeDetailed(
  bytes: Uint8Array,
  stamp: string,
): { readonly model: MorphableModel; readonly details: unknown } | undefined {
  const expected = hash(bytes);
  if (bytes.length < HASH_BYTES || !expected.every((byte, i) => byte === bytes[i])) return undefined;
  const end = bytes.indexOf(10, HASH_BYTES) + 1;
  const header: Header = JSON.parse(new TextDecoder().decode(bytes.subarray(HASH_BYTES, end)));
  if (header.format !== FORMAT || header.stamp !== stamp) return undefined;
  const { buffer, byteOffset } = bytes.byteOffset % 4 === 0 ? bytes : bytes.slice();
  return { model: modelOf(header, buffer, byteOffset + padded(end)), details: header.details };
}

function hash(bytes: Uint8Array): Uint8Array {
  return createHash("sha256").update(bytes.subarray(HASH_BYTES)).digest();
}

function factsOf(model: MorphableModel): Omit<Header, "format" | "stamp" | "details"> {
  return {
    name: model.name,
    conventions: landmarkEntries(model.surface.landmarks).map(([convention]) => convention),
    expressionNames: model.expressionNames,
    identityCount: model.identityModes.length,
    lengths: arraysOf(model).map((array) => array.length),
  };
}

function arraysOf({ mean, triangles, materials, surface, surfaceVertices, ...model }: MorphableModel): ModelArray[] {
  return [
    mean,
    triangles,
    materials,
    surface.uv,
    surface.triangles,
    ...landmarkEntries(surface.landmarks).flatMap(([, { vertices, weights }]) => [vertices, weights]),
    surface.regions,
    surfaceVertices,
    model.openness ?? new Float32Array(),
    ...model.identityModes,
    ...model.expressionModes,
  ];
}

/** Undoes {@linkcode arraysOf}, with views of this buffer. */
function modelOf(
  { name, conventions, expressionNames, identityCount, lengths }: Omit<Header, "format" | "stamp" | "details">,
  buffer: ArrayBufferLike,
  start: number,
): MorphableModel {
  let [next, offset] = [0, start];
  const take = <T extends ModelArray>(
    ArrayClass: { new (buffer: ArrayBufferLike, offset: number, length: number): T; BYTES_PER_ELEMENT: number },
  ): T => {
    const length = lengths[next++]!;
    const array = new ArrayClass(buffer, offset, length);
    offset += padded(array.byteLength);
    return array;
  };
  const mean = take(Float32Array);
  const triangles = take(Uint32Array);
  const materials = take(Uint8Array);
  const surface: FaceSurface = {
    uv: take(Float32Array),
    triangles: take(Uint32Array),
    landmarks: Object.fromEntries(
      conventions.map((name) => [name, { vertices: take(Uint32Array), weights: take(Float32Array) }]),
    ),
    regions: take(Uint8Array),
  };
  const surfaceVertices = take(Uint32Array);
  const openness = take(Float32Array);
  const identityModes = Array.from({ length: identityCount }, () => take(Float32Array));
  const expressionModes = expressionNames.map(() => take(Float32Array));
  return {
    name,
    mean,
    identityModes,
    expressionModes,
    expressionNames,
    triangles,
    materials,
    surface,
    surfaceVertices,
    ...openness.length > 0 && { openness },
  };
}

/** Rounded up to a whole number of 4-byte words. */
function padded(byteLength: number): number {
  return Math.ceil(byteLength / 4) * 4;
}
