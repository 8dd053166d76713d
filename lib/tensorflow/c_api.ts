import { InputError } from "@/lib/errors.ts";
import { withoutStandardError } from "./standard_error.ts";

/** The part of TensorFlow's C API that posmap calls (tensorflow/c/c_api.h and tensorflow/c/eager/c_api.h). */
const symbols = {
  dlopen: { parameters: ["buffer", "i32"], result: "pointer" }, // C's own

  TF_Version: { parameters: [], result: "pointer" },

  TF_NewStatus: { parameters: [], result: "pointer" },
  TF_DeleteStatus: { parameters: ["pointer"], result: "void" },
  TF_SetStatus: { parameters: ["pointer", "i32", "buffer"], result: "void" },
  TF_GetCode: { parameters: ["pointer"], result: "i32" },
  TF_Message: { parameters: ["pointer"], result: "pointer" },

  TF_AllocateTensor: { parameters: ["i32", "buffer", "i32", "usize"], result: "pointer" },
  TF_DeleteTensor: { parameters: ["pointer"], result: "void" },
  TF_TensorData: { parameters: ["pointer"], result: "pointer" },
  TF_TensorByteSize: { parameters: ["pointer"], result: "usize" },
  TF_TensorElementCount: { parameters: ["pointer"], result: "i64" },

  TF_StringInit: { parameters: ["pointer"], result: "void" },
  TF_StringCopy: { parameters: ["pointer", "buffer", "usize"], result: "void" },
  TF_StringGetDataPointer: { parameters: ["pointer"], result: "pointer" },
  TF_StringGetSize: { parameters: ["pointer"], result: "usize" },

  TFE_NewContextOptions: { parameters: [], result: "pointer" },
  TFE_ContextOptionsSetConfig: { parameters: ["pointer", "buffer", "usize", "pointer"], result: "void" },
  TFE_DeleteContextOptions: { parameters: ["pointer"], result: "void" },
  TFE_NewContext: { parameters: ["pointer", "pointer"], result: "pointer" },
  TFE_DeleteContext: { parameters: ["pointer"], result: "void" },
  TFE_ContextListDevices: { parameters: ["pointer", "pointer"], result: "pointer" },
  TF_DeviceListCount: { parameters: ["pointer"], result: "i32" },
  TF_DeviceListName: { parameters: ["pointer", "i32", "pointer"], result: "pointer" },
  TF_DeviceListType: { parameters: ["pointer", "i32", "pointer"], result: "pointer" },
  TF_DeleteDeviceList: { parameters: ["pointer"], result: "void" },

  TFE_NewTensorHandle: { parameters: ["pointer", "pointer"], result: "pointer" },
  TFE_DeleteTensorHandle: { parameters: ["pointer"], result: "void" },
  TFE_TensorHandleNumDims: { parameters: ["pointer", "pointer"], result: "i32" },
  TFE_TensorHandleDim: { parameters: ["pointer", "i32", "pointer"], result: "i64" },
  TFE_TensorHandleDataType: { parameters: ["pointer"], result: "i32" },
  TFE_TensorHandleResolve: { parameters: ["pointer", "pointer"], result: "pointer" },
  TFE_TensorHandleCopyToDevice: { parameters: ["pointer", "pointer", "buffer", "pointer"], result: "pointer" },

  TFE_NewOp: { parameters: ["pointer", "buffer", "pointer"], result: "pointer" },
  TFE_DeleteOp: { parameters: ["pointer"], result: "void" },
  TFE_OpAddInput: { parameters: ["pointer", "pointer", "pointer"], result: "void" },
  TFE_OpGetAttrType: { parameters: ["pointer", "buffer", "buffer", "pointer"], result: "i32" },
  TFE_OpSetAttrString: { parameters: ["pointer", "buffer", "buffer", "usize"], result: "void" },
  TFE_OpSetAttrStringList: { parameters: ["pointer", "buffer", "buffer", "buffer", "i32"], result: "void" },
  TFE_OpSetAttrInt: { parameters: ["pointer", "buffer", "i64"], result: "void" },
  TFE_OpSetAttrIntList: { parameters: ["pointer", "buffer", "buffer", "i32"], result: "void" },
  TFE_OpSetAttrFloat: { parameters: ["pointer", "buffer", "f32"], result: "void" },
  TFE_OpSetAttrFloatList: { parameters: ["pointer", "buffer", "buffer", "i32"], result: "void" },
  TFE_OpSetAttrBool: { parameters: ["pointer", "buffer", "u8"], result: "void" },
  TFE_OpSetAttrBoolList: { parameters: ["pointer", "buffer", "buffer", "i32"], result: "void" },
  TFE_OpSetAttrType: { parameters: ["pointer", "buffer", "i32"], result: "void" },
  TFE_OpSetAttrTypeList: { parameters: ["pointer", "buffer", "buffer", "i32"], result: "void" },
  TFE_OpSetAttrShape: { parameters: ["pointer", "buffer", "buffer", "i32", "pointer"], result: "void" },
  TFE_OpSetAttrShapeList: { parameters: ["pointer", "buffer", "buffer", "buffer", "i32", "pointer"], result: "void" },
  TFE_Execute: { parameters: ["pointer", "buffer", "buffer", "pointer"], result: "void" },
} as const satisfies Deno.ForeignLibraryInterface;

export type Symbols = Deno.DynamicLibrary<typeof symbols>["symbols"];

/**
 * Opens TensorFlow's library, which reads its environment now: oneDNN's kernels are on, and only errors are logged, unless
 * the environment says otherwise. Throws an InputError where the file is no TensorFlow library of this platform.
 */
export function openLibrary(path: string): Symbols {
  setDefault("TF_ENABLE_ONEDNN_OPTS", "1");
  setDefault("TF_CPP_MIN_LOG_LEVEL", ERRORS_ONLY);
  const open = () => {
    const library = Deno.dlopen(path, symbols).symbols;
    // Deno unloads it at the end, but C calls its exit handlers after that
    library.dlopen(cName(path), RTLD_NOW | RTLD_NODELETE);
    return library;
  };
  try {
    // while it is loaded, before it heeds the log level, it writes notes about oneDNN and CUDA
    return Deno.env.get("TF_CPP_MIN_LOG_LEVEL") === ERRORS_ONLY ? withoutStandardError(open) : open();
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    const reason = error instanceof Error ? error.message : String(error);
    throw new InputError(
      `Cannot open TensorFlow's library ${path} (${reason}): ` +
        "run `deno task setup`, or have TENSORFLOW_LIBRARY name a working copy",
    );
  }
}

const RTLD_NOW = 2;
const RTLD_NODELETE = Deno.build.os === "darwin" ? 0x80 : 0x1000;
const ERRORS_ONLY = "2";

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
