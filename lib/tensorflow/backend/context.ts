import { cString, Status } from "@/lib/tensorflow/library/c_api.ts";
import type { Symbols } from "@/lib/tensorflow/library/c_symbols.ts";
import { bytesField, concatBytes, varintField } from "@/lib/formats/protobuf.ts";

export interface ContextOptions {
  /** That share the work of one op. */
  readonly threads: number;
  readonly opsAtOnce: number;
  /** The GPU to use, by its number among those that the driver shows; "any" for the first; none unless given. */
  readonly gpu?: number | "any" | undefined;
  /** Called with the runtime before anything else uses it. */
  readonly onStart: (context: Deno.PointerValue) => void;
}

/** TensorFlow's runtime: its devices and threads. It lives as long as the process. */
export interface Context {
  readonly pointer: Deno.PointerValue;
  /** Full name of the device that tensors go to: the first GPU, else the CPU. */
  readonly device: string;
  readonly usesGpu: boolean;
}

export function newContext(symbols: Symbols, options: ContextOptions): Context {
  const status = new Status(symbols);
  const contextOptions = symbols.TFE_NewContextOptions();
  try {
    const config = configProto(options);
    symbols.TFE_ContextOptionsSetConfig(contextOptions, config, BigInt(config.length), status.pointer);
    status.check("Set TensorFlow's options");
    const pointer = symbols.TFE_NewContext(contextOptions, status.pointer);
    status.check("Start TensorFlow");
    options.onStart(pointer);
    const devices = listDevices(symbols, pointer, status);
    const gpu = devices.find(({ type }) => type === "GPU");
    return { pointer, device: (gpu ?? devices[0]!).name, usesGpu: gpu !== undefined };
  } finally {
    symbols.TFE_DeleteContextOptions(contextOptions);
    status.delete();
  }
}

/** A serialized tensorflow.ConfigProto (tensorflow/core/protobuf/config.proto). */
function configProto({ threads, opsAtOnce, gpu }: ContextOptions): Uint8Array<ArrayBuffer> {
  const noGpu = concatBytes(bytesField(1, "GPU"), varintField(2, 0));
  const gpuOptions = concatBytes(
    varintField(4, true), // allow_growth: take a GPU's memory as it is needed
    ...(typeof gpu === "number" ? [bytesField(5, String(gpu))] : []), // visible_device_list
  );
  return concatBytes(
    ...(gpu === undefined ? [bytesField(1, noGpu)] : []), // device_count
    varintField(2, threads), // intra_op_parallelism_threads
    varintField(5, opsAtOnce), // inter_op_parallelism_threads
    bytesField(6, gpuOptions),
    varintField(7, true), // allow_soft_placement: ops without a kernel for the GPU run on the CPU
  );
}

function listDevices(symbols: Symbols, context: Deno.PointerValue, status: Status): { name: string; type: string }[] {
  const list = symbols.TFE_ContextListDevices(context, status.pointer);
  status.check("List TensorFlow's devices");
  try {
    return Array.from({ length: symbols.TF_DeviceListCount(list) }, (_, i) => ({
      name: cString(symbols.TF_DeviceListName(list, i, status.pointer)),
      type: cString(symbols.TF_DeviceListType(list, i, status.pointer)),
    }));
  } finally {
    symbols.TF_DeleteDeviceList(list);
  }
}
