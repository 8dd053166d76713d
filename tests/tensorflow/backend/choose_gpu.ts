// Run by choose_gpu_test.ts in a process of its own, whose driver is not this machine's: choose_gpu.ts DEVICE
import { chooseGpu, describeGpu } from "@/lib/tensorflow/backend/choose_gpu.ts";
import { libraryFile, libraryFolder } from "@/lib/tensorflow/library/library.ts";
import type { Device } from "@/lib/config.ts";

try {
  const { gpu, absence } = await chooseGpu(Deno.args[0] as Device, libraryFile(await libraryFolder("gpu")));
  console.log(typeof gpu === "object" ? describeGpu(gpu) : `none: ${absence}`);
} catch (error) {
  console.log(String(error));
}
