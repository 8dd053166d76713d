import { InputError } from "@/lib/errors.ts";
import { type Symbols, symbols } from "@/lib/tensorflow/library/c_symbols.ts";
import { withoutStandardError } from "@/lib/tensorflow/library/standard_error.ts";

export interface LibraryOptions {
  /** See TensorFlowOptions. */
  readonly lowLatency: boolean;
  /** Whether others work with this process: the loss of one, of which TensorFlow logs a lot, is reported in other ways. */
  readonly hasRanks?: boolean;
}

/**
 * Opens TensorFlow's library, which reads its environment now: oneDNN's kernels are on, and only errors are logged, unless
 * the environment says otherwise. Throws an InputError where the file is no TensorFlow library of this platform.
 */
export function openLibrary(path: string, { lowLatency, hasRanks = false }: LibraryOptions): Symbols {
  const level = hasRanks ? NOTHING : ERRORS_ONLY;
  setDefault("TF_ENABLE_ONEDNN_OPTS", "1");
  if (lowLatency) setDefault("TF_ONEDNN_THREADPOOL_USE_CALLER_THREAD", "1");
  setDefault("TF_CPP_MIN_LOG_LEVEL", level);
  const open = () => {
    const library = Deno.dlopen(path, symbols).symbols;
    // Deno unloads it at the end, but C calls its exit handlers after that
    library.dlopen(cName(path), RTLD_NOW | RTLD_NODELETE);
    return library;
  };
  try {
    return quietly(open); // before it heeds the log level, it writes notes about oneDNN and CUDA
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(
      `Cannot open TensorFlow's library ${path} (${reason}): ` +
        "have TENSORFLOW_LIBRARY name one that works on this machine",
    );
  }
}

/** Makes the call without what C code writes to standard error, unless the environment asks for more logs than usual. */
export function quietly<T>(call: () => T): T {
  const isUsual = [ERRORS_ONLY, NOTHING].includes(Deno.env.get("TF_CPP_MIN_LOG_LEVEL") ?? "");
  return isUsual ? withoutStandardError(call) : call();
}

const RTLD_NOW = 2;
const RTLD_NODELETE = Deno.build.os === "darwin" ? 0x80 : 0x1000;
const [ERRORS_ONLY, NOTHING] = ["2", "3"];

function setDefault(name: string, value: string): void {
  if (Deno.env.get(name) === undefined) Deno.env.set(name, value);
}

/** TF_Code (tensorflow/c/tf_status.h), in order. */
const statusCodes = [
  "OK",
  "CANCELLED",
  "UNKNOWN",
  "INVALID_ARGUMENT",
  "DEADLINE_EXCEEDED",
  "NOT_FOUND",
  "ALREADY_EXISTS",
  "PERMISSION_DENIED",
  "RESOURCE_EXHAUSTED",
  "FAILED_PRECONDITION",
  "ABORTED",
  "OUT_OF_RANGE",
  "UNIMPLEMENTED",
  "INTERNAL",
  "UNAVAILABLE",
  "DATA_LOSS",
  "UNAUTHENTICATED",
] as const;

export type StatusCode = (typeof statusCodes)[number];

/** TensorFlow refused a call. */
export class TensorFlowError extends Error {
  override readonly name = "TensorFlowError";

  constructor(
    /** The op, such as "Conv2D", or what else was tried. */
    readonly action: string,
    readonly code: StatusCode,
    reason: string,
  ) {
    super(`${action}: ${reason} (${code})`);
  }
}

/** Whether TensorFlow, XLA, or one of CUDA's libraries that they call, has too little memory: each says so in its own words. */
export function isOutOfMemory(error: unknown): boolean {
  return error instanceof TensorFlowError &&
    (error.code === "RESOURCE_EXHAUSTED" || outOfMemory.test(error.message));
}

const outOfMemory =
  /out of memory|OOM when|DNN library initialization failed|could not create (a handle|cudnn handle)|failed to allocate/i;

/** What TensorFlow's messages say of the nodes and functions that it wraps single ops in. */
const graphNote = /\s*(\[\[)?\{\{(node|function_node) [^}]*\}\}(\]\])?|\s*\[Op:\w*\]( name: *$)?/g;

/** A TF_Status that any number of calls use, one after the other. */
export class Status {
  readonly pointer: Deno.PointerValue;
  readonly #symbols: Symbols;

  constructor(symbols: Symbols) {
    this.#symbols = symbols;
    this.pointer = symbols.TF_NewStatus();
  }

  delete(): void {
    this.#symbols.TF_DeleteStatus(this.pointer);
  }

  /** Throws a TensorFlowError that names the action, where the last call failed. */
  check(action: string): void {
    const code = this.#symbols.TF_GetCode(this.pointer);
    if (code === 0) return;
    const message = cString(this.#symbols.TF_Message(this.pointer)).replaceAll(graphNote, "").trim();
    this.#symbols.TF_SetStatus(this.pointer, 0, cName(""));
    throw new TensorFlowError(action, statusCodes[code] ?? "UNKNOWN", message);
  }
}

/** Text that ends with a zero byte, kept: the same name gives the same buffer. */
export function cName(name: string): Uint8Array<ArrayBuffer> {
  let bytes = names.get(name);
  if (!bytes) names.set(name, bytes = new TextEncoder().encode(`${name}\0`));
  return bytes;
}

const names = new Map<string, Uint8Array<ArrayBuffer>>();

/** The text at a pointer to zero-terminated UTF-8. */
export function cString(pointer: Deno.PointerValue): string {
  return pointer === null ? "" : Deno.UnsafePointerView.getCString(pointer);
}
