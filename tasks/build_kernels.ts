import { compileKernels } from "./build_kernels/compile_kernels.ts";

const code = (await compileKernels()).toBase64();
await Deno.writeTextFile(
  new URL("../lib/geometry/kernels/code.ts", import.meta.url),
  `/** The functions of this folder's *.as, compiled by \`deno task build_kernels\`. */
export const kernelCode: Uint8Array<ArrayBuffer> = Uint8Array.fromBase64(
  "${code}",
);
`,
);
