/**
 * A reader of the numbers in MATLAB's Level 5 MAT-files, as `save -v6` and `save -v7` write them ("MAT-File Format",
 * The MathWorks). The only package on npm that reads them is GPL.
 */
import { constants, inflateSync, type ZlibOptions } from "node:zlib";
import { InputError, reasonOf } from "@/lib/errors.ts";

/** A variable of a MAT-file. */
export interface MatArray<Numbers extends Float32Array | Float64Array = Float64Array> {
  /** MATLAB's, such as "double" or "struct"; "complex double" and the like where there are imaginary parts. */
  readonly className: string;
  /** Rows, columns, … */
  readonly shape: readonly number[];
  /**
   * Column-major, as MATLAB keeps them: element (row, column) is at `row + column * rows`. int64 is rounded to double.
   * Undefined where the variable is not an array of real numbers: text, structs and all else are passed over.
   */
  readonly values: Numbers | undefined;
}

export interface MatrixOptions {
  /**
   * Whether the numbers of a variable are wanted, by its name; "a.b" is field b of the struct a. Called before they are
   * inflated: it may throw where the shape is not what it must be.
   */
  readonly isWanted: (name: string, shape: readonly number[]) => boolean;
}

/** Bytes of a file, and of all that is inflated and converted of it. Annotations of a photo take some thousands. */
export const MOST_MAT_BYTES = 2 ** 25;
/** The same of a file of large matrices, such as a morphable model's, … */
const MOST_MATRIX_BYTES = 2 ** 30;
/** … and of what is made of it, to its size: numbers that were measured are rarely deflated to a tenth. */
const MOST_INFLATION = 64;

/**
 * The variables of a MAT-file, by name. Throws an InputError where it is missing, cut, malformed, too large, or none of
 * version 5.
 */
export async function readMat(path: string): Promise<Map<string, MatArray>> {
  return parseMat(await readBytes(path, MOST_MAT_BYTES), path);
}

/**
 * Only those variables of a MAT-file that are wanted, in single precision, for matrices of up to a gigabyte; what is not
 * wanted is not inflated. Structs are looked into, where they are 1 × 1. Throws as {@linkcode readMat} does.
 */
export async function readMatrices(path: string, options: MatrixOptions): Promise<Map<string, MatArray<Float32Array>>> {
  return parseMatrices(await readBytes(path, MOST_MATRIX_BYTES), { ...options, path });
}

/** As {@linkcode readMatrices}, of a file's bytes; what is made of them takes at most 64 times their memory. */
function parseMatrices(
  bytes: Uint8Array,
  { path, isWanted }: MatrixOptions & { readonly path: string },
): Map<string, MatArray<Float32Array>> {
  const most = Math.min(MOST_MATRIX_BYTES, MOST_INFLATION * bytes.length);
  return named(path, () => parseFile(bytes, { most, isWanted, ArrayClass: Float32Array }));
}

async function readBytes(path: string, most: number): Promise<Uint8Array> {
  try {
    using file = await Deno.open(path);
    const bytes = new Uint8Array(Math.min(file.statSync().size, most + 1));
    for (let at = 0; at < bytes.length;) at += file.readSync(bytes.subarray(at)) ?? bytes.length;
    return bytes;
  } catch (error) {
    throw new InputError(`Cannot read ${path}: ${reasonOf(error)}; a MAT-file was expected`);
  }
}

/**
 * The variables of a MAT-file, by name; the path is for messages. A file cut exactly between two variables is a valid
 * shorter file: ask for the variables you need with {@linkcode matNumbers}.
 */
export function parseMat(bytes: Uint8Array, path: string): Map<string, MatArray> {
  return named(path, () => parseFile(bytes, { most: MOST_MAT_BYTES, ArrayClass: Float64Array }));
}

function named<T>(path: string, parse: () => T): T {
  try {
    return parse();
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
  if (found?.values && found.shape.join() === shape.join()) {
    if (found.values.every(Number.isFinite)) return found.values;
    throw new InputError(`Cannot use ${name} of ${path}: it has numbers that are not finite`);
  }
  const what = !found ? "no such variable" : `${found.shape.join("×")} ${found.className}`;
  throw new InputError(`Cannot use ${name} of ${path}: found ${what}, ${shape.join("×")} real numbers were expected`);
}

class Malformed extends Error {}

const HEADER_BYTES = 128;
/** Compressed bytes that hold a variable's flags, shape and name, and inflate to 4 MB at most. */
const HEAD_BYTES = 4096;
/** What a variable takes, however small it is. */
const VARIABLE_BYTES = 256;
/** As in scipy. */
const MOST_DIMENSIONS = 32;

const INT32 = 5;
const UINT32 = 6;
const MATRIX = 14;
const COMPRESSED = 15;
/** int8, as the format has it, and what others write. */
const nameTypes = [1, 2, 16];

const dataTypes: Readonly<
  Record<number, { size: number; read: (view: DataView, at: number, little: boolean) => number }>
> = {
  1: { size: 1, read: (view, at) => view.getInt8(at) },
  2: { size: 1, read: (view, at) => view.getUint8(at) },
  3: { size: 2, read: (view, at, little) => view.getInt16(at, little) },
  4: { size: 2, read: (view, at, little) => view.getUint16(at, little) },
  [INT32]: { size: 4, read: (view, at, little) => view.getInt32(at, little) },
  [UINT32]: { size: 4, read: (view, at, little) => view.getUint32(at, little) },
  7: { size: 4, read: (view, at, little) => view.getFloat32(at, little) },
  9: { size: 8, read: (view, at, little) => view.getFloat64(at, little) },
  12: { size: 8, read: (view, at, little) => Number(view.getBigInt64(at, little)) },
  13: { size: 8, read: (view, at, little) => Number(view.getBigUint64(at, little)) },
};

/** By number, from 1. */
const classNames = ("cell struct object char sparse double single int8 uint8 int16 uint16 int32 uint32 int64 uint64 " +
  "function opaque").split(" ");

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

interface FileOptions<Numbers extends Float32Array | Float64Array> {
  /** Bytes of the file, and of what is made of it. */
  readonly most: number;
  /** All variables and no struct's fields, unless given; see {@linkcode MatrixOptions}. */
  readonly isWanted?: MatrixOptions["isWanted"];
  readonly ArrayClass: NumbersClass<Numbers>;
}

interface NumbersClass<Numbers> {
  readonly BYTES_PER_ELEMENT: number;
  new (length: number): Numbers;
}

function parseFile<Numbers extends Float32Array | Float64Array>(
  bytes: Uint8Array,
  { most, isWanted, ArrayClass }: FileOptions<Numbers>,
): Map<string, MatArray<Numbers>> {
  const little = parseHeader(bytes);
  const mebibytes = Math.ceil(most / 2 ** 20);
  if (bytes.length > most) throw new Malformed(`it is larger than ${mebibytes} MiB`);
  const variables = new Map<string, MatArray<Numbers>>();
  const elements = new Elements(bytes.subarray(HEADER_BYTES), little);
  let [left, number] = [most, 0];
  const spend = (bytes: number) => {
    if ((left -= bytes) >= 0) return;
    throw new Malformed(`variables up to number ${number} take more than ${mebibytes} MiB`);
  };
  while (!elements.atEnd) {
    const what = `variable ${++number}`;
    const options = { what, little, spend, isWanted, ArrayClass };
    for (const [name, array] of parseVariable(elements.next(what), options)) variables.set(name, array);
  }
  return variables;
}

/** Whether numbers are little-endian. */
function parseHeader(bytes: Uint8Array): boolean {
  const view = viewOf(bytes);
  if (isVersion4(view)) throw new Malformed("it is of version 4, which MATLAB's `save -v7` turns into version 5");
  if (bytes.length < HEADER_BYTES) throw new Malformed(`it has ${bytes.length} bytes, its header alone takes 128`);
  const mark = String.fromCharCode(bytes[126]!, bytes[127]!);
  const isHdf5 = String.fromCharCode(...bytes.subarray(0, 4)) === "\x89HDF";
  if (mark !== "IM" && mark !== "MI" && !isHdf5) throw new Malformed("it does not have a MAT-file's header");
  const version = view.getUint16(124, mark === "IM");
  if (version === 0x200 || isHdf5) {
    throw new Malformed("it is of version 7.3, which MATLAB's `save -v7` turns into version 5");
  }
  if (version !== 0x100) throw new Malformed(`its version is 0x${version.toString(16)}`);
  return mark === "IM";
}

/** Version 4 begins with a type of a few decimal digits, rows, columns, whether complex, and its name's length. */
function isVersion4(view: DataView): boolean {
  return view.byteLength >= 20 && [true, false].some((little) => {
    const [type, complex, nameLength] = [0, 12, 16].map((at) => view.getUint32(at, little)) as [number, number, number];
    return type < 5000 && type % 1000 < 60 && type % 10 < 3 && complex < 2 && nameLength > 0 && nameLength < 256;
  });
}

interface InflateOptions {
  /** For messages, until its name is known. */
  readonly what: string;
  readonly little: boolean;
  /** Called with the bytes that are about to be made; throws where they are too many. */
  readonly spend: (bytes: number) => void;
}

interface VariableOptions<Numbers extends Float32Array | Float64Array> extends InflateOptions {
  readonly isWanted?: MatrixOptions["isWanted"] | undefined;
  readonly ArrayClass: NumbersClass<Numbers>;
}

/** The variable and its name; of a struct whose fields are looked into, each of these. */
function parseVariable<Numbers extends Float32Array | Float64Array>(
  element: Element,
  options: VariableOptions<Numbers>,
): [string, MatArray<Numbers>][] {
  const { what, little } = options;
  const isCompressed = element.type === COMPRESSED;
  const { type, data, length } = isCompressed ? inflate(element.data, options) : { ...element, length: 0 };
  if (type !== MATRIX) throw new Malformed(`${what} is an element of type ${type}`);
  return parseMatrix(openMatrix(new Elements(data, little), what), {
    ...options,
    prefix: "",
    whole: () =>
      length > data.length
        ? openMatrix(new Elements(inflate(element.data, { ...options, length }).data, little), what)
        : undefined,
  });
}

type Matrix = ReturnType<typeof openMatrix>;

function parseMatrix<Numbers extends Float32Array | Float64Array>(
  matrix: Matrix,
  options: VariableOptions<Numbers> & {
    /** Beginning of the name, such as that of the struct and a dot. */
    readonly prefix: string;
    /** The same with all that it holds, where this is but its beginning. */
    readonly whole: () => Matrix | undefined;
  },
): [string, MatArray<Numbers>][] {
  const { little, spend, isWanted, ArrayClass, prefix, whole } = options;
  const { className, shape } = matrix;
  const name = prefix + matrix.name;
  spend(VARIABLE_BYTES);
  if (isWanted && prefix === "" && className === "struct" && shape.join() === "1,1") {
    return parseFields((whole() ?? matrix).elements, { ...options, name });
  }
  if (!/^(double|single|u?int\d+)$/.test(className) || !(isWanted?.(name, shape) ?? true)) {
    return [[name, { className, shape, values: undefined }]];
  }
  const count = shape.reduce((product, length) => product * length, 1);
  spend(ArrayClass.BYTES_PER_ELEMENT * count);
  const { elements } = whole() ?? matrix;
  const numbers = elements.next(`the numbers of ${name}`);
  const size = dataTypes[numbers.type]?.size;
  if (size === undefined) throw new Malformed(`the numbers of ${name} are of type ${numbers.type}`);
  if (numbers.data.length !== count * size) {
    throw new Malformed(`${name} is ${shape.join("×")} but has ${numbers.data.length / size} numbers`);
  }
  if (!elements.atEnd) throw new Malformed(`more follows the numbers of ${name}`);
  return [[name, { className, shape, values: readNumbers(numbers, { little, ArrayClass }) }]];
}

/** What follows a struct's name: the length of its fields' names, these, and a matrix without a name for each. */
function parseFields<Numbers extends Float32Array | Float64Array>(
  elements: Elements,
  options: VariableOptions<Numbers> & { readonly name: string },
): [string, MatArray<Numbers>][] {
  const { little, name: struct } = options;
  const { type, data } = elements.next(`the length of names in ${struct}`);
  const length = type === INT32 && data.length === 4 ? viewOf(data).getInt32(0, little) : 0;
  const names = elements.next(`the names in ${struct}`).data;
  if (!(length > 0) || names.length % length !== 0) throw new Malformed(`the fields of ${struct} have no names`);
  return Array.from({ length: names.length / length }).flatMap((_, i) => {
    const [name] = new TextDecoder().decode(names.subarray(i * length, (i + 1) * length)).split("\0", 1);
    const what = `field ${i + 1} of ${struct}`;
    const { type, data } = elements.next(what);
    if (type !== MATRIX) throw new Malformed(`${what} is an element of type ${type}`);
    if (data.length === 0) return []; // an empty one may have no content at all
    const matrix = openMatrix(new Elements(data, little), what);
    return parseMatrix(matrix, { ...options, prefix: `${struct}.${name}`, whole: () => undefined });
  });
}

/**
 * The one element inside a compressed one. Where its length is not known, only as much of it as a few compressed bytes
 * hold, with the length that it declares.
 */
function inflate(
  data: Uint8Array,
  { what, little, spend, length }: InflateOptions & { readonly length?: number },
): Element & { readonly length: number } {
  const isPart = length === undefined && data.length > HEAD_BYTES;
  if (length !== undefined) spend(length);
  const options: ZlibOptions = isPart
    ? { finishFlush: constants.Z_SYNC_FLUSH }
    : length === undefined
    ? {}
    : { maxOutputLength: 8 + length, chunkSize: 64 + length };
  let inflated;
  try {
    // With `info`, the types notwithstanding, the engine comes too, which knows how much it took.
    inflated = inflateSync(isPart ? data.subarray(0, HEAD_BYTES) : data, { ...options, info: true }) as unknown as {
      readonly buffer: Uint8Array;
      readonly engine: { readonly bytesWritten: number };
    };
  } catch {
    throw new Malformed(`the compressed data of ${what} are broken`);
  }
  const { buffer, engine } = inflated;
  if (length === undefined) spend(buffer.length);
  if (isPart && buffer.length > 8) {
    const [type, length] = [0, 4].map((at) => viewOf(buffer).getUint32(at, little)) as [number, number];
    return { type, length, data: buffer.subarray(8) };
  }
  if (engine.bytesWritten !== data.length) {
    throw new Malformed(`${data.length - engine.bytesWritten} bytes follow the compressed data of ${what}`);
  }
  const elements = new Elements(buffer, little);
  const element = elements.next(what);
  if (!elements.atEnd) throw new Malformed(`more than one element is compressed in ${what}`);
  return { ...element, length: element.data.length };
}

/** A matrix, of which all but its content is read. */
function openMatrix(elements: Elements, what: string) {
  const { little } = elements;
  const flags = elements.next(`the flags of ${what}`);
  if (flags.type !== UINT32 || flags.data.length !== 8) throw new Malformed(`${what} has no flags`);
  const flag = viewOf(flags.data).getUint32(0, little);
  const className = classNames[(flag & 0xff) - 1];
  if (className === undefined) throw new Malformed(`${what} is of class ${flag & 0xff}`);
  // An opaque object (a table, a string array) has no shape; its name comes at once.
  const shape = className === "opaque" ? [] : readShape(elements.next(`the shape of ${what}`), { little, what });
  const { type, data } = elements.next(`the name of ${what}`);
  if (!nameTypes.includes(type) || data.some((code) => code < 0x20 || code > 0x7e)) {
    throw new Malformed(`the name of ${what} is not ASCII`);
  }
  const isComplex = (flag & 0x800) !== 0;
  return {
    name: new TextDecoder().decode(data),
    className: isComplex ? `complex ${className}` : className,
    shape,
    elements,
  };
}

function readShape(element: Element, { little, what }: { little: boolean; what: string }): number[] {
  const { type, data: { length } } = element;
  if ((type !== INT32 && type !== UINT32) || length % 4 !== 0 || length < 8 || length > 4 * MOST_DIMENSIONS) {
    throw new Malformed(
      `the shape of ${what} is ${length} bytes of type ${type}, not 2 to ${MOST_DIMENSIONS} 32-bit integers`,
    );
  }
  const shape = [...readNumbers(element, { little, ArrayClass: Float64Array })];
  if (shape.some((size) => size < 0)) throw new Malformed(`the shape of ${what} is ${shape.join("×")}`);
  return shape;
}

/** The numbers of an element: MATLAB stores them in the smallest type that holds them, whatever the array's class. */
function readNumbers<Numbers extends Float32Array | Float64Array>(
  { type, data }: Element,
  { little, ArrayClass }: { readonly little: boolean; readonly ArrayClass: NumbersClass<Numbers> },
): Numbers {
  const { size, read } = dataTypes[type]!;
  const view = viewOf(data);
  const numbers = new ArrayClass(data.length / size);
  for (let i = 0; i < numbers.length; i++) numbers[i] = read(view, i * size, little);
  return numbers;
}

function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
