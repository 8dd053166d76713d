/** A reader of NumPy's `.npy` files, versions 1 to 3 (NEP 1, "A Simple File Format for NumPy Arrays"). */
import { InputError } from "@/lib/errors.ts";
import { readBytes } from "@/lib/files.ts";

/** Whether a file's name is that of a pickle, as 3DDFA_V2's and FLAME's models are: a program of Python's, which is not run here. */
export function isPickle(path: string): boolean {
  return /\.(pkl|pickle)$/i.test(path);
}

export interface NpyArray {
  readonly shape: readonly number[];
  /** Row-major (C order), whatever the file has; int64 is rounded to double. */
  readonly values: Float64Array;
}

/** Throws an InputError where the file is missing, cut, malformed or not of numbers. */
export async function readNpy(path: string): Promise<NpyArray> {
  return parseNpy(await readBytes(path, "a NumPy file was expected"), path);
}

const itemTypes: Readonly<
  Record<string, { size: number; read: (view: DataView, at: number, little: boolean) => number }>
> = {
  b1: { size: 1, read: (view, at) => view.getUint8(at) },
  i1: { size: 1, read: (view, at) => view.getInt8(at) },
  u1: { size: 1, read: (view, at) => view.getUint8(at) },
  i2: { size: 2, read: (view, at, little) => view.getInt16(at, little) },
  u2: { size: 2, read: (view, at, little) => view.getUint16(at, little) },
  i4: { size: 4, read: (view, at, little) => view.getInt32(at, little) },
  u4: { size: 4, read: (view, at, little) => view.getUint32(at, little) },
  i8: { size: 8, read: (view, at, little) => Number(view.getBigInt64(at, little)) },
  u8: { size: 8, read: (view, at, little) => Number(view.getBigUint64(at, little)) },
  f2: { size: 2, read: (view, at, little) => view.getFloat16(at, little) },
  f4: { size: 4, read: (view, at, little) => view.getFloat32(at, little) },
  f8: { size: 8, read: (view, at, little) => view.getFloat64(at, little) },
};

export interface NpyOptions {
  /** Called with the bytes that the numbers are about to take; throws where they are too many. */
  readonly spend?: (bytes: number) => void;
}

/** The path is for messages. What is made takes up to 16 times the bytes, 8 for each of an item. */
export function parseNpy(bytes: Uint8Array, path: string, { spend }: NpyOptions = {}): NpyArray {
  const { view, start, shape, count, type, little, isFortran } = openArray(bytes, {
    path,
    wanted: "real numbers of up to 64 bits",
    sizeOf: (type) => itemTypes[type]?.size,
  });
  const { size, read } = itemTypes[type]!;
  spend?.((isFortran ? 2 : 1) * Float64Array.BYTES_PER_ELEMENT * count);
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) values[i] = read(view, start + i * size, little);
  return { shape, values: isFortran ? toRowMajor(values, shape) : values };
}

/**
 * The texts of an array, such as `numpy.array(["jawOpen", "mouthPucker"])`, in the file's order. Throws an InputError where the
 * bytes are cut, malformed or not of texts; the path is for messages.
 */
export function parseNpyTexts(bytes: Uint8Array, path: string): string[] {
  const { view, start, count, type, little } = openArray(bytes, {
    path,
    wanted: "texts",
    sizeOf: (type) => /^U\d+$/.test(type) ? 4 * Number(type.slice(1)) : undefined,
  });
  const letters = Number(type.slice(1)); // each of 4 bytes, and 0 behind a text that is shorter
  return Array.from({ length: letters > 0 ? count : 0 }, (_, i) => {
    const codes = Array.from({ length: letters }, (_, k) => view.getUint32(start + 4 * (i * letters + k), little));
    if (codes.some((code) => code > MOST_CODE)) {
      throw new InputError(`Cannot read ${path}: text ${i} is not of Unicode`);
    }
    return codes.map((code) => String.fromCodePoint(code)).join("").replace(/\0+$/, "");
  });
}

const MOST_CODE = 0x10ffff;
/** As in NumPy, whose headers are of some hundred bytes. */
const [MOST_AXES, MOST_HEADER] = [64, 10_000];

/** What a file says of its array, whose items are all there. */
function openArray(
  bytes: Uint8Array,
  { path, wanted, sizeOf }: {
    readonly path: string;
    /** What items must be. */
    readonly wanted: string;
    /** Bytes of an item of a type, such as "f4"; undefined where it is not taken. */
    readonly sizeOf: (type: string) => number | undefined;
  },
) {
  const fail = (found: string) => new InputError(`Cannot read ${path}: ${found}; a whole NumPy file was expected`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || String.fromCharCode(...bytes.subarray(0, 6)) !== "\x93NUMPY") {
    throw fail("it does not have a NumPy file's header");
  }
  const version = bytes[6]!;
  if (version < 1 || version > 3) throw fail(`its version is ${version}`);
  const headerStart = version === 1 ? 10 : 12;
  const start = headerStart + (version === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (start > bytes.length) throw fail("it ends inside its header");
  if (start > MOST_HEADER) throw fail(`its header has ${start} bytes`);

  const header = new TextDecoder().decode(bytes.subarray(headerStart, start));
  if (/'descr': *'\|O'/.test(header)) {
    throw fail("it is of Python's objects, a pickle, which is a program and not run here");
  }
  const [, order, type] = /'descr': *'([<>|=])([^']{1,40})'/.exec(header) ?? [];
  const [, fortran] = /'fortran_order': *(True|False)/.exec(header) ?? [];
  const [, lengths] = /'shape': *\(((?:\d+, *)*(?:\d+,?)?)\)/.exec(header) ?? [];
  if (type === undefined || fortran === undefined || lengths === undefined) {
    throw fail(`its header is ${printable(header).trim().slice(0, 200)}`);
  }
  const size = sizeOf(type);
  if (size === undefined) {
    throw new InputError(
      `Cannot use ${path}: its items are of type ${order}${printable(type)}, wanted ${wanted}`,
    );
  }
  const shape = lengths.split(",").map((length) => length.trim()).filter(Boolean).map(Number);

  if (shape.length > MOST_AXES) throw fail(`it has ${shape.length} axes`);
  const count = shape.reduce((product, length) => product * length, 1);
  if (bytes.length - start !== count * size) {
    throw fail(`it is [${shape.join(", ")}] of ${type} but has ${bytes.length - start} bytes of them`);
  }
  return { view, start, shape, count, type, little: order !== ">", isFortran: fortran === "True" };
}

function toRowMajor(columnMajor: Float64Array, shape: readonly number[]): Float64Array {
  const values = new Float64Array(columnMajor.length);
  for (let i = 0; i < values.length; i++) {
    let [rest, from, stride] = [i, 0, values.length];
    for (let axis = shape.length - 1; axis >= 0; axis--) {
      stride /= shape[axis]!;
      from += (rest % shape[axis]!) * stride;
      rest = Math.floor(rest / shape[axis]!);
    }
    values[i] = columnMajor[from]!;
  }
  return values;
}

function printable(text: string): string {
  return text.replace(/[^ -~]+/g, " ");
}
