import * as tf from "@tensorflow/tfjs";
import { InputError } from "@/lib/errors.ts";
import { findGpu, type Gpu } from "@/lib/webgpu/gpu.ts";
import { replaceKernels } from "@/lib/webgpu/kernels.ts";

let opened: Gpu | undefined;

/**
 * Opens any GPU through Deno's own WebGPU and makes it tfjs's backend "webgpu", without TensorFlow's library. Throws an
 * InputError where there is none.
 */
export async function openWebGpu(): Promise<Gpu> {
  if (opened) return opened;
  const gpu = await findGpu();
  await import("@tensorflow/tfjs-backend-webgpu"); // registers itself
  replaceKernels();
  if (!await tf.setBackend("webgpu")) throw new InputError(`Cannot use WebGPU: ${gpu.description} gives no device`);
  return opened = gpu;
}
