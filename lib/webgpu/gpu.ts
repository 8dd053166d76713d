import { InputError } from "@/lib/errors.ts";

/** A GPU that Deno's own WebGPU reaches: AMD's, Apple's, Intel's or NVIDIA's. */
export interface Gpu {
  readonly adapter: GPUAdapter;
  /** Such as "webgpu · NVIDIA H200". */
  readonly description: string;
}

/** The fastest GPU there is. Throws an InputError where there is none. */
export async function findGpu(): Promise<Gpu> {
  // without a session at a screen, drivers complain on standard error that they find no Wayland
  if (!Deno.env.get("XDG_RUNTIME_DIR")) Deno.env.set("XDG_RUNTIME_DIR", "/nonexistent");
  const adapter = await navigator.gpu?.requestAdapter({ powerPreference: "high-performance" });
  if (!adapter) {
    throw new InputError(
      "Cannot use WebGPU: no GPU was found, and a driver for Vulkan, Metal or Direct3D 12 is wanted " +
        "(on Debian, mesa-vulkan-drivers has those of AMD and Intel, and one that runs on the processor)",
    );
  }
  const { description, vendor, isFallbackAdapter } = adapter.info;
  return { adapter, description: `webgpu · ${description || vendor}${isFallbackAdapter ? ", on the processor" : ""}` };
}
