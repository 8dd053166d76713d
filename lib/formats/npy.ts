/** A reader of NumPy's `.npy` files, versions 1 to 3 (NEP 1, "A Simple File Format for NumPy Arrays"). */
import { InputError } from "@/lib/errors.ts";

export interface NpyArray {
  readonly shape: readonly number[];
  /** Row-major (C order), whatever the file has; int64 is rounded to double. */
  readonly values: Float64Array;
}

/** Throws an InputError where the file is missing, cut, malformed or not of numbers. */
export async function readNpy(path: string): Promise<NpyArray> {
  let bytes;
  try {
    bytes = await Deno.readFile(path);
  } catch (error) {
    throw new InputError(`Cannot read ${path}: ${(error as Error).message}; a NumPy file was expected`);
  }
  return parseNpy(bytes, path);
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
  f4: { size: 4, read: (view, at, little) => view.getFloat32(at, little) },
  f8: { size: 8, read: (view, at, little) => view.getFloat64(at, little) },
};

/** The path is for messages. */
export function parseNpy(bytes: Uint8Array, path: string): NpyArray {
  const fail = (found: string) => new InputError(`Cannot read ${path}: ${found}; a whole NumPy file was expected`);
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.length < 12 || String.fromCharCode(...bytes.subarray(0, 6)) !== "\x93NUMPY") {
    throw fail("it does not have a NumPy file's header");
  }
  const version = bytes[6]!;
  if (version < 1 || version > 3) throw fail(`its version is ${version}`);
  const headerStart = version === 1 ? 10 : 12;
  const headerEnd = headerStart + (version === 1 ? view.getUint16(8, true) : view.getUint32(8, true));
  if (headerEnd > bytes.length) throw fail("it ends inside its header");

  const header = new TextDecoder().decode(bytes.subarray(headerStart, headerEnd));
  const [, order, type] = /'descr': *'([<>|=])([a-z]\d+)'/.exec(header) ?? [];
  const [, fortran] = /'fortran_order': *(True|False)/.exec(header) ?? [];
  const [, lengths] = /'shape': *\(((?:\d+, *)*(?:\d+,?)?)\)/.exec(header) ?? [];
  const itemType = itemTypes[type ?? ""];
  if (!itemType || fortran === undefined || lengths === undefined) {
    throw fail(`its header is ${header.replace(/[^ -~]+/g, " ").trim().slice(0, 200)}`);
  }
  const shape = lengths.split(",").map((length) => length.trim()).filter(Boolean).map(Number);

  const count = shape.reduce((product, length) => product * length, 1);
  if (bytes.length - headerEnd !== count * itemType.size) {
    throw fail(`it is [${shape.join(", ")}] of ${type} but has ${bytes.length - headerEnd} bytes of them`);
  }
  const values = new Float64Array(count);
  for (let i = 0; i < count; i++) values[i] = itemType.read(view, headerEnd + i * itemType.size, order !== ">");
  return { shape, values: fortran === "True" ? toRowMajor(values, shape) : values };
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
