import asc from "assemblyscript/asc";

const folder = new URL("../../lib/geometry/kernels/", import.meta.url);

/** The WebAssembly of lib/geometry/kernels/*.as, which are AssemblyScript: the same bytes for the same text. */
export async function compileKernels(): Promise<Uint8Array> {
  const files = new Map<string, string>();
  for (const { name } of Deno.readDirSync(folder)) {
    if (name.endsWith(".as")) files.set(name.replace(/as$/, "ts"), await Deno.readTextFile(new URL(name, folder)));
  }
  const entries = [...files.keys()].sort();
  let code: Uint8Array | undefined;
  const flags = [
    "-O3",
    "--noAssert",
    "--runtime",
    "stub",
    "--enable",
    "simd",
    "--importMemory",
    "--initialMemory", // a page at least: places next to a checked one need no check of their own then
    "1",
    "--outFile",
    "code.wasm",
  ];
  const { error, stderr } = await asc.main([...entries, ...flags], {
    readFile: (name) => files.get(name) ?? null,
    writeFile: (_name, contents) => void (code = contents as Uint8Array),
    listFiles: () => null,
  });
  if (error || !code) throw new Error(`Cannot compile the kernels: ${stderr}`, { cause: error });
  return code;
}
