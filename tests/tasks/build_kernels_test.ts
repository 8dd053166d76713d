import { kernelCode } from "@/lib/geometry/kernels/code.ts";
import { compileKernels } from "@/tasks/build_kernels/compile_kernels.ts";
import { assertEquals } from "@/tests/support.ts";

Deno.test("deno task build_kernels was run after the kernels changed last", async () => {
  assertEquals((await compileKernels()).toBase64(), kernelCode.toBase64());
});
