import { kernelCode } from "@/lib/geometry/kernels/code.ts";

type TypedArray = Float32Array | Int32Array | Int16Array | Uint32Array | Uint8Array;

/** The functions of lib/geometry/kernels/*.as, which say what they do; arrays are those of the same kernels. */
type Kernel = (...args: (number | TypedArray)[]) => number;
type KernelName =
  | "snapToGrid"
  | "rasterizeFronts"
  | "markSeen"
  | "shadePixels"
  | "softenPixels"
  | "blend"
  | "halve"
  | "double"
  | "averageSides"
  | "develop"
  | "interpolateTexels"
  | "fitTexels"
  | "fillTexels"
  | "sumModes"
  | "warpLight"
  | "warpPixels";

const FIRST_BYTE = 1024;
const PAGE = 65_536;
/** After each array, so that four numbers can be read where there is only one. */
const PADDING = 64;

let compiled: WebAssembly.Module | undefined;

/**
 * Functions that sweep over pixels four numbers at a time (WebAssembly), and the memory that their arrays lie in. The
 * arrays are ordinary ones, which live as long as the kernels do.
 */
export class Kernels {
  readonly run: Readonly<Record<KernelName, Kernel>>;
  readonly #buffer: ArrayBufferLike;
  #next = FIRST_BYTE;

  /** Memory is taken from the system where it is first written to: plenty costs nothing. */
  constructor(byteLength: number) {
    const memory = new WebAssembly.Memory({ initial: Math.ceil((FIRST_BYTE + byteLength) / PAGE) });
    compiled ??= new WebAssembly.Module(kernelCode);
    const { exports } = new WebAssembly.Instance(compiled, { env: { memory } });
    this.#buffer = memory.buffer;
    const functions = Object.entries(exports as Record<KernelName, (...args: number[]) => number>);
    const onArrays = (run: (...args: number[]) => number): Kernel => (...args) =>
      run(...args.map((arg) => this.#placeOf(arg)));
    this.run = Object.fromEntries(functions.map(([name, run]) => [name, onArrays(run)])) as Record<KernelName, Kernel>;
  }

  /** Zeros, or a copy of these numbers. */
  floats(values: number | Float32Array): Float32Array {
    return this.#put(Float32Array, values);
  }

  ints(values: number | Int32Array): Int32Array {
    return this.#put(Int32Array, values);
  }

  words(values: number | Uint32Array): Uint32Array {
    return this.#put(Uint32Array, values);
  }

  bytes(values: number | Uint8Array): Uint8Array {
    return this.#put(Uint8Array, values);
  }

  holds(array: TypedArray): boolean {
    return array.buffer === this.#buffer;
  }

  /** Where an array begins in memory, or the number itself. */
  #placeOf(value: number | TypedArray): number {
    if (typeof value === "number") return value;
    if (!this.holds(value)) throw new TypeError("Cannot run a kernel on an array that was not made by its kernels");
    return value.byteOffset;
  }

  #put<T extends TypedArray>(
    ArrayClass: { new (buffer: ArrayBufferLike, offset: number, length: number): T; BYTES_PER_ELEMENT: number },
    values: number | T,
  ): T {
    const length = typeof values === "number" ? values : values.length;
    const start = this.#next;
    const end = start + length * ArrayClass.BYTES_PER_ELEMENT;
    if (end + PADDING > this.#buffer.byteLength) {
      throw new RangeError(
        `Cannot give an array of ${length} numbers a place: of ${this.#buffer.byteLength} bytes ${start} are taken`,
      );
    }
    this.#next = Math.ceil((end + PADDING) / 16) * 16;
    const array = new ArrayClass(this.#buffer, start, length);
    if (typeof values !== "number") array.set(values);
    return array;
  }
}
