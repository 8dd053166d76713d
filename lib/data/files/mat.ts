/**
 * A reader of MATLAB's Level 5 MAT-files, as `save -v6` and `save -v7` write them ("MAT-File Format", The MathWorks).
 * The only package on npm that reads them is GPL.
 */
import { inflateSync, type ZlibOptions } from "node:zlib";
import { InputError } from "@/lib/errors.ts";

/** Numbers, of whatever class. */
export interface MatNumbers {
  readonly kind: "numbers";
  readonly className: string;
  /** Rows, columns, … */
  readonly shape: readonly number[];
  /** Column-major, as MATLAB keeps them: element (row, column) is at `row + column * rows`. int64 is rounded to double. */
  readonly values: Float64Array;
  /** The imaginary part, where there is one. */
  readonly imaginary?: Float64Array;
}

/** Characters. */
export interface MatText {
  readonly kind: "text";
  /** The number of rows, and the length of each. */
  readonly shape: readonly number[];
  /** One string for each row; rows of a matrix are padded with spaces. */
  readonly rows: readonly string[];
}

/** A cell, struct, object, sparse matrix or function, which is passed over. */
export interface MatOther {
  readonly kind: "other";
  readonly className: string;
  readonly shape: readonly number[];
}

export type MatArray = MatNumbers | MatText | MatOther;

/** The variables of a MAT-file, by name. Throws an InputError where it is missing, cut or malformed. */
export async function readMat(path: string): Promise<Map<string, MatArray>> {
  let bytes;
  try {
    bytes = await Deno.readFile(path);
  } catch (error) {
    throw new InputError(`Cannot read ${path}: ${(error as Error).message}; a MAT-file was expected`);
  }
  return parseMat(bytes, path);
}

/**
 * The variables of a MAT-file, by name; the path is for messages. A file cut exactly between two variables is a valid
 * shorter file: ask for the variables you need with {@linkcode matNumbers}.
 */
export function parseMat(bytes: Uint8Array, path: string): Map<string, MatArray> {
  try {
    return parseFile(bytes);
  } catch (error) {
    if (!(error instanceof Malformed)) throw error;
    throw new InputError(`Cannot read ${path}: ${error.message}; a whole MAT-file of version 5 was expected`);
  }
}

/** The numbers of a variable that must have this shape. */
export function matNumbers(
  variables: ReadonlyMap<string, MatArray>,
  { name, shape, path }: { name: string; shape: readonly number[]; path: string },
): Float64Array {
  const found = variables.get(name);
  if (found?.kind === "numbers" && !found.imaginary && found.shape.join() === shape.join()) {
    if (found.values.every(Number.isFinite)) return found.values;
    throw new InputError(`Cannot use ${name} of ${path}: it has numbers that are not finite`);
  }
  const what = !found ? "no such variable" : `${found.shape.join("×")} ${found.kind}`;
  throw new InputError(`Cannot use ${name} of ${path}: found ${what}, ${shape.join("×")} real numbers were expected`);
}

class Malformed extends Error {}

const HEADER_BYTES = 128;

/** An inflated variable larger than this is taken for a bomb; 3D face models have variables of 250 MB. */
const MOST_INFLATED_BYTES = 2 ** 30;

const MATRIX = 14;
const COMPRESSED = 15;
const UTF8 = 16;
const UTF16 = 17;
const UTF32 = 18;

const dataTypes: Readonly<
  Record<number, { size: number; read: (view: DataView, at: number, little: boolean) => number }>
> = {
  1: { size: 1, read: (view, at) => view.getInt8(at) },
  2: { size: 1, read: (view, at) => view.getUint8(at) },
  3: { size: 2, read: (view, at, little) => view.getInt16(at, little) },
  4: { size: 2, read: (view, at, little) => view.getUint16(at, little) },
  5: { size: 4, read: (view, at, little) => view.getInt32(at, little) },
  6: { size: 4, read: (view, at, little) => view.getUint32(at, little) },
  7: { size: 4, read: (view, at, little) => view.getFloat32(at, little) },
  9: { size: 8, read: (view, at, little) => view.getFloat64(at, little) },
  12: { size: 8, read: (view, at, little) => Number(view.getBigInt64(at, little)) },
  13: { size: 8, read: (view, at, little) => Number(view.getBigUint64(at, little)) },
};

const CHAR = 4;
/** By number; the first five and the last two are not numbers. */
const classNames: Readonly<Record<number, string>> = {
  1: "cell",
  2: "struct",
  3: "object",
  4: "char",
  5: "sparse",
  6: "double",
  7: "single",
  8: "int8",
  9: "uint8",
  10: "int16",
  11: "uint16",
  12: "int32",
  13: "uint32",
  14: "int64",
  15: "uint64",
  16: "function",
  17: "opaque",
};

interface Element {
  readonly type: number;
  readonly data: Uint8Array;
}

/** Takes data elements one after the other (the format's "tag" and data). */
class Elements {
  #at = 0;
  readonly #bytes: Uint8Array;
  readonly #view: DataView;

  constructor(bytes: Uint8Array, readonly little: boolean) {
    this.#bytes = bytes;
    this.#view = viewOf(bytes);
  }

  get atEnd(): boolean {
    return this.#at === this.#bytes.length;
  }

  /** Data are padded to 8 bytes, but for compressed ones. */
  next(what: string): Element {
    const start = this.#at;
    const left = this.#bytes.length - start;
    if (left < 8) throw new Malformed(`it ends inside ${what}`);
    const word = this.#view.getUint32(start, this.little);
    const small = word >>> 16; // the byte count of a small element, whose data stand in the second half of its tag
    if (small > 4) throw new Malformed(`${what} is a small element of ${small} bytes`);
    if (small > 0) {
      this.#at += 8;
      return { type: word & 0xffff, data: this.#bytes.subarray(start + 4, start + 4 + small) };
    }
    const length = this.#view.getUint32(start + 4, this.little);
    if (length > left - 8) throw new Malformed(`it ends inside ${what}, ${length - (left - 8)} bytes early`);
    const padding = word === COMPRESSED ? 0 : -length & 7;
    if (length + padding > left - 8) throw new Malformed(`it ends inside the padding of ${what}`);
    this.#at += 8 + length + padding;
    return { type: word, data: this.#bytes.subarray(start + 8, start + 8 + length) };
  }
}

function parseFile(bytes: Uint8Array): Map<string, MatArray> {
  if (bytes.length < HEADER_BYTES) throw new Malformed(`it has ${bytes.length} bytes, its header alone takes 128`);
  const mark = String.fromCharCode(bytes[126]!, bytes[127]!);
  if (mark !== "IM" && mark !== "MI") throw new Malformed("it does not have a MAT-file's header");
  const little = mark === "IM";
  const version = viewOf(bytes).getUint16(124, little);
  if (version === 0x200) throw new Malformed("it is of version 7.3, which `save -v7` turns into version 5");
  if (version !== 0x100) throw new Malformed(`its version is 0x${version.toString(16)}`);

  const variables = new Map<string, MatArray>();
  const elements = new Elements(bytes.subarray(HEADER_BYTES), little);
  while (!elements.atEnd) {
    const what = `variable ${variables.size + 1}`;
    let element = elements.next(what);
    if (element.type === COMPRESSED) element = inflate(element.data, { little, what });
    if (element.type !== MATRIX) throw new Malformed(`${what} is an element of type ${element.type}`);
    const { name, array } = parseMatrix(new Elements(element.data, little), what);
    variables.set(name, array);
  }
  return variables;
}

/** The one element inside a compressed one. */
function inflate(data: Uint8Array, { little, what }: { little: boolean; what: string }): Element {
  let inflated;
  try {
    const options: ZlibOptions = { info: true, maxOutputLength: MOST_INFLATED_BYTES };
    // With `info`, the types notwithstanding, the engine comes too, which knows how much it took.
    inflated = inflateSync(data, options) as unknown as { buffer: Uint8Array; engine: { bytesWritten: number } };
  } catch {
    throw new Malformed(`the compressed data of ${what} are broken`);
  }
  if (inflated.engine.bytesWritten !== data.length) {
    throw new Malformed(`${data.length - inflated.engine.bytesWritten} bytes follow the compressed data of ${what}`);
  }
  const elements = new Elements(inflated.buffer, little);
  const element = elements.next(what);
  if (!elements.atEnd) throw new Malformed(`more than one element is compressed in ${what}`);
  return element;
}

function parseMatrix(elements: Elements, what: string): { name: string; array: MatArray } {
  const flags = readNumbers(elements.next(`the flags of ${what}`), elements.little);
  if (flags.length !== 2) throw new Malformed(`${what} has ${flags.length} flags`);
  const classNumber = flags[0]! & 0xff;
  const isComplex = (flags[0]! & 0x800) !== 0;
  const className = classNames[classNumber];
  if (className === undefined) throw new Malformed(`${what} is of class ${classNumber}`);
  // An opaque object (a table, a string array) has no shape; its name comes at once.
  const shape = className === "opaque" ? [] : [...readNumbers(elements.next(`the shape of ${what}`), elements.little)];
  if (
    className !== "opaque" && (shape.length < 2 || shape.some((length) => !(Number.isInteger(length) && length >= 0)))
  ) {
    throw new Malformed(`the shape of ${what} is [${shape.slice(0, 8).join(", ")}]`);
  }
  const name = readCharacters(elements.next(`the name of ${what}`), elements.little).join("");
  if (!/^[\x20-\x7e]*$/.test(name)) throw new Malformed(`the name of ${what} is not ASCII`);

  if (classNumber === CHAR) {
    const rows = readRows(elements, { shape, name });
    return { name, array: { kind: "text", shape, rows } };
  }
  if (classNumber < 6 || classNumber > 15) return { name, array: { kind: "other", className, shape } };
  const count = shape.reduce((product, length) => product * length, 1);
  const part = () => {
    const values = readNumbers(elements.next(`the numbers of ${name}`), elements.little);
    if (values.length !== count) {
      throw new Malformed(`${name} is ${shape.join("×")} but has ${values.length} numbers`);
    }
    return values;
  };
  const values = part();
  const array: MatArray = { kind: "numbers", className, shape, values, ...(isComplex && { imaginary: part() }) };
  if (!elements.atEnd) throw new Malformed(`more follows the numbers of ${name}`);
  return { name, array };
}

/** The numbers of an element: MATLAB stores them in the smallest type that holds them, whatever the array's class. */
function readNumbers({ type, data }: Element, little: boolean): Float64Array {
  const dataType = dataTypes[type];
  if (!dataType) throw new Malformed(`an element of type ${type} stands where numbers belong`);
  if (data.length % dataType.size !== 0) {
    throw new Malformed(`${data.length} bytes hold no whole numbers of type ${type}`);
  }
  const values = new Float64Array(data.length / dataType.size);
  const view = viewOf(data);
  for (let i = 0; i < values.length; i++) values[i] = dataType.read(view, i * dataType.size, little);
  return values;
}

function readRows(elements: Elements, { shape, name }: { shape: readonly number[]; name: string }): string[] {
  const [rowCount, columnCount] = [shape[0]!, shape.slice(1).reduce((product, length) => product * length, 1)];
  if (rowCount * columnCount === 0) return [];
  const { type, data } = elements.next(`the text of ${name}`);
  const characters = readCharacters({ type, data }, elements.little);
  if (characters.length !== rowCount * columnCount) {
    throw new Malformed(`${name} is ${shape.join("×")} but has ${characters.length} characters`);
  }
  return Array.from(
    { length: rowCount },
    (_, row) => Array.from({ length: columnCount }, (_, column) => characters[row + column * rowCount]).join(""),
  );
}

function readCharacters({ type, data }: Element, little: boolean): string[] {
  if (type === UTF8) {
    try {
      return [...new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(data)];
    } catch {
      throw new Malformed("a text is not UTF-8");
    }
  }
  if (type === UTF32) {
    const codes = readNumbers({ type: 6, data }, little);
    if (codes.some((code) => code > 0x10ffff)) throw new Malformed("a text is not UTF-32");
    return Array.from(codes, (code) => String.fromCodePoint(code));
  }
  const codes = readNumbers({ type: type === UTF16 ? 4 : type, data }, little);
  return Array.from(codes, (code) => String.fromCharCode(code));
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
