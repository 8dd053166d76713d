import * as tf from "@tensorflow/tfjs";
import { InputError } from "@/lib/errors.ts";
import { replaceKernels } from "@/lib/webgpu/kernels.ts";

/** WebGPU, behind tfjs's backend "webgpu". */
export interface WebGpu {
  /** Such as "webgpu · NVIDIA H200". */
  readonly description: string;
}

let opened: WebGpu | undefined;

/**
 * Opens any GPU through Deno's own WebGPU and makes it tfjs's backend: AMD, Apple, Intel or NVIDIA, without TensorFlow's
 * library. Throws an InputError where there is none.
 */
export async function openWebGpu(): Promise<WebGpu> {
  if (opened) return opened;
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) {
    throw new InputError(
      "Cannot use WebGPU: no GPU was found, and a driver for Vulkan, Metal or Direct3D 12 is wanted " +
        "(on Debian, mesa-vulkan-drivers has those of AMD and Intel, and one that runs on the processor)",
    );
  }
  await import("@tensorflow/tfjs-backend-webgpu"); // registers itself
  replaceKernels();
  await tf.setBackend("webgpu");
  const { description, vendor, isFallbackAdapter } = adapter.info;
  return opened = { description: `webgpu · ${description || vendor}${isFallbackAdapter ? ", on the processor" : ""}` };
}
