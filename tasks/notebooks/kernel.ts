/**
 * A folder for JUPYTER_PATH that describes this Deno as a kernel: `deno jupyter --install` would write into the user's
 * own folder, whatever the environment says. Whoever makes it removes it.
 */
export async function makeKernelFolder(): Promise<string> {
  const folder = await Deno.makeTempDir({ prefix: "posmap-kernels-" });
  await Deno.mkdir(`${folder}/kernels/deno`, { recursive: true });
  const argv = [Deno.execPath(), "jupyter", "--kernel", "--conn", "{connection_file}"];
  const kernel = { argv, display_name: "Deno", language: "typescript" };
  await Deno.writeTextFile(`${folder}/kernels/deno/kernel.json`, JSON.stringify(kernel));
  return folder;
}
