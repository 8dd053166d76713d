import { bytesText } from "@/lib/counted.ts";
import { InputError, reasonOf } from "@/lib/errors.ts";
import { cString } from "@/lib/tensorflow/library/c_api.ts";

const out = "buffer"; // what the call fills
/** The part of NVIDIA's driver that is asked (cuda.h); each gives 0, or what went wrong. */
const driverSymbols = {
  cuInit: { parameters: ["u32"], result: "i32" },
  cuDriverGetVersion: { parameters: [out], result: "i32" },
  cuGetErrorString: { parameters: ["i32", out], result: "i32" },
  cuDeviceGetCount: { parameters: [out], result: "i32" },
  cuDeviceGet: { parameters: [out, "i32"], result: "i32" },
  cuDeviceGetName: { parameters: [out, "i32", "i32"], result: "i32" },
  cuDeviceGetAttribute: { parameters: [out, "i32", "i32"], result: "i32" },
  cuDeviceTotalMem_v2: { parameters: [out, "i32"], result: "i32" },
  cuDevicePrimaryCtxRetain: { parameters: [out, "i32"], result: "i32" },
  cuCtxPushCurrent_v2: { parameters: ["pointer"], result: "i32" },
  cuCtxPopCurrent_v2: { parameters: [out], result: "i32" },
  cuMemGetInfo_v2: { parameters: [out, out], result: "i32" },
} as const satisfies Deno.ForeignLibraryInterface;

type Driver = Deno.DynamicLibrary<typeof driverSymbols>["symbols"];

/** What keeps TensorFlow from using a GPU, and what helps. */
export class GpuObstacle extends InputError {
  constructor(
    /** Such as "NVIDIA's driver finds no GPU". */
    readonly reason: string,
    remedy: string,
    { isAbsence = false }: { readonly isAbsence?: boolean } = {},
  ) {
    super(`Cannot use a GPU: ${reason}. ${remedy}`);
    this.isAbsence = isAbsence;
  }

  /** Whether there is none, as on a machine that is to use its processor; else one is there that could be used. */
  readonly isAbsence: boolean;
}

/** A GPU that NVIDIA's driver gives to this process. */
export interface CudaGpu {
  /** From 0, as `--device gpu:0` counts. */
  readonly index: number;
  /** Such as "NVIDIA H200". */
  readonly name: string;
  readonly bytes: number;
  /** Bytes that no program holds, TensorFlow's own among them. Throws a GpuObstacle where it cannot begin for want of any. */
  freeBytes(): number;
  /** NVIDIA's number for the kind of processor, such as 9 for 9.0. */
  readonly capability: number;
}

/** Where the driver comes to lie on Linux, and in Windows' subsystem for it. */
const DRIVER = "libcuda.so.1";
/** What the pinned build has code for: compute capability from 6.0, up to 8.9 as it is; what is newer compiles its PTX 8.5. */
const [LEAST_CAPABILITY, PTX_CAPABILITY] = [6, 9] as const;
const [LEAST_CUDA, PTX_CUDA] = [12_000, 12_050] as const;
const WANTED = "NVIDIA's driver 525.60 or newer is wanted, 555 or newer for Hopper, Blackwell and what follows";
/** For kernels, cuDNN's and XLA's handles, before anything is computed. */
const LEAST_FREE = 0.5e9;

/**
 * The GPU of this index as the driver sees it. TensorFlow says nothing of one that it leaves out, and the driver tells
 * why. Throws a GpuObstacle where the pinned build cannot use it.
 */
export function findCudaGpu(index: number): CudaGpu {
  const driver = openDriver();
  const version = readInt((into) => driver.cuDriverGetVersion(into));
  if (version < LEAST_CUDA) throw tooOld(version, LEAST_CUDA);
  const failure = driver.cuInit(0);
  if (failure !== 0 && failure !== NO_DEVICE) {
    throw new GpuObstacle(
      `NVIDIA's driver does not start (${errorText(driver, failure)})`,
      "`nvidia-smi` says more; after an update of the driver the machine has to be restarted",
    );
  }
  const count = failure === 0 ? readInt((into) => driver.cuDeviceGetCount(into)) : 0;
  if (count === 0) throw noGpu();
  const gpus = Array.from({ length: count }, (_, i) => describeGpu(driver, i));
  const gpu = gpus[index];
  if (!gpu) {
    const known = gpus.map(({ name }, i) => `gpu:${i} (${name})`).join(", ");
    throw new GpuObstacle(`there is no gpu:${index}`, `There is ${known}, counted as CUDA_VISIBLE_DEVICES has them`);
  }
  if (gpu.capability < LEAST_CAPABILITY) {
    throw new GpuObstacle(
      `${gpu.name} is of compute capability ${gpu.capability.toFixed(1)}, and TensorFlow wants 6.0 or more`,
      "GPUs of the last ten years have it; --backend webgpu uses older ones",
    );
  }
  if (gpu.capability >= PTX_CAPABILITY && version < PTX_CUDA) throw tooOld(version, PTX_CUDA);
  const free = gpu.freeBytes();
  if (free < LEAST_FREE) throw tooFull(gpu, `${bytesText(free)} of its ${bytesText(gpu.bytes)} are free`);
  return gpu;
}

const NO_DEVICE = 100; // CUDA_ERROR_NO_DEVICE
const OUT_OF_MEMORY = 2; // CUDA_ERROR_OUT_OF_MEMORY
const [CAPABILITY_MAJOR, CAPABILITY_MINOR] = [75, 76] as const; // CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_…

function openDriver(): Driver {
  try {
    return Deno.dlopen(DRIVER, driverSymbols).symbols;
  } catch (error) {
    if (error instanceof Deno.errors.NotCapable) throw error;
    const reason = reasonOf(error);
    const isMissing = /No such file|not found/i.test(reason);
    throw new GpuObstacle(
      isMissing
        ? `NVIDIA's driver is not here (no ${DRIVER})`
        : `NVIDIA's driver ${DRIVER} cannot be opened (${reason})`,
      `${WANTED}; a container has the machine's when it is started with --gpus all`,
      { isAbsence: isMissing },
    );
  }
}

function tooOld(found: number, wanted: number): GpuObstacle {
  const [has, needs] = [found, wanted].map((cuda) => `${Math.floor(cuda / 1000)}.${cuda % 1000 / 10}`);
  return new GpuObstacle(`NVIDIA's driver is for CUDA ${has} or older, and ${needs} is needed`, `${WANTED}: update it`);
}

function noGpu(): GpuObstacle {
  const hidden = Deno.env.get("CUDA_VISIBLE_DEVICES");
  return new GpuObstacle(
    "NVIDIA's driver finds no GPU",
    hidden === undefined
      ? "`nvidia-smi` lists those it knows; a batch system gives one to jobs that ask for it, such as by --gres=gpu:1"
      : `CUDA_VISIBLE_DEVICES is "${hidden}": it names those that programs may see`,
    { isAbsence: true },
  );
}

/** What to throw where other programs hold a GPU's memory. */
export function tooFull({ index, name }: Pick<CudaGpu, "index" | "name">, found: string): GpuObstacle {
  return new GpuObstacle(
    `gpu:${index} (${name}) is full, ${found}`,
    "Other programs hold the rest: `nvidia-smi` lists them; wait for them, end them, or name another GPU by --device",
  );
}

function describeGpu(driver: Driver, index: number): CudaGpu {
  const device = readInt((into) => check(driver, driver.cuDeviceGet(into, index)));
  const nameBytes = new Uint8Array(256);
  check(driver, driver.cuDeviceGetName(nameBytes, nameBytes.length, device));
  const attribute = (which: number) =>
    readInt((into) => check(driver, driver.cuDeviceGetAttribute(into, which, device)));
  const name = new TextDecoder().decode(nameBytes.subarray(0, nameBytes.indexOf(0)));
  const gpu = {
    index,
    name,
    bytes: readSize((into) => check(driver, driver.cuDeviceTotalMem_v2(into, device))),
    capability: attribute(CAPABILITY_MAJOR) + attribute(CAPABILITY_MINOR) / 10,
  };
  return { ...gpu, freeBytes: () => freeBytes(driver, { ...gpu, device }) };
}

function freeBytes(driver: Driver, gpu: Pick<CudaGpu, "index" | "name"> & { readonly device: number }): number {
  const context = new BigUint64Array(1);
  const failure = driver.cuDevicePrimaryCtxRetain(context, gpu.device); // the one that TensorFlow works in
  if (failure === OUT_OF_MEMORY) throw tooFull(gpu, "there is no room to begin");
  check(driver, failure);
  check(driver, driver.cuCtxPushCurrent_v2(Deno.UnsafePointer.create(context[0]!)));
  try {
    const total = new BigUint64Array(1);
    return readSize((into) => check(driver, driver.cuMemGetInfo_v2(into, total)));
  } finally {
    driver.cuCtxPopCurrent_v2(context);
  }
}

function check(driver: Driver, failure: number): number {
  if (failure === 0) return 0;
  throw new GpuObstacle(`NVIDIA's driver fails (${errorText(driver, failure)})`, "`nvidia-smi` says more");
}

function errorText(driver: Driver, failure: number): string {
  const text = new BigUint64Array(1);
  driver.cuGetErrorString(failure, text);
  return `${cString(Deno.UnsafePointer.create(text[0]!)) || "unknown error"}, ${failure}`;
}

function readInt(call: (into: Int32Array<ArrayBuffer>) => unknown): number {
  const into = new Int32Array(1);
  call(into);
  return into[0]!;
}

function readSize(call: (into: BigUint64Array<ArrayBuffer>) => unknown): number {
  const into = new BigUint64Array(1);
  call(into);
  return Number(into[0]!);
}
