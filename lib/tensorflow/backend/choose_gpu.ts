import type { Device } from "@/lib/config.ts";
import { bytesText } from "@/lib/counted.ts";
import { type CudaGpu, findCudaGpu, GpuObstacle } from "@/lib/tensorflow/library/cuda_driver.ts";
import { libraryFile, libraryFolder } from "@/lib/tensorflow/library/library.ts";

/** Which GPU a library is to use. */
export interface GpuChoice {
  /** "any": whatever a library finds that is not the pinned one for GPUs; undefined: none. */
  readonly gpu: CudaGpu | "any" | undefined;
  /** Why the library for GPUs is to use none, though it might. */
  readonly absence?: string;
}

/**
 * The GPU that a device stands for, with the library that is to be opened. Throws a GpuObstacle where there is one that
 * cannot be used, or none and one is wanted.
 */
export async function chooseGpu(device: Device, library: string): Promise<GpuChoice> {
  if (device === "cpu") return { gpu: undefined };
  const index = Number(device.split(":")[1] ?? 0);
  if (library !== libraryFile(await libraryFolder("gpu"))) return { gpu: "any" };
  try {
    return { gpu: findCudaGpu(index) };
  } catch (error) {
    if (!(device === "auto" && error instanceof GpuObstacle && error.isAbsence)) throw error;
    return { gpu: undefined, absence: error.reason };
  }
}

/** Such as "gpu:0, NVIDIA H200, 150.1 GB, 149.5 GB free, float32 by TF32". */
export function describeGpu({ index, name, bytes, capability, freeBytes }: CudaGpu): string {
  const memory = `${bytesText(bytes)}, ${bytesText(freeBytes())} free`;
  return `gpu:${index}, ${name}, ${memory}, float32${capability >= TF32_CAPABILITY ? " by TF32" : ""}`;
}

/** From Ampere on, TensorFlow has convolutions and products take 10 bits of each factor's fraction. */
const TF32_CAPABILITY = 8;
