import * as esbuild from "esbuild";
import { denoResolution } from "@/tasks/bundling.ts";

/** A page's scripts of TypeScript in its folder, whose path ends in a slash, and what they import, as a browser can run them. */
export async function bundleScripts(
  page: string,
  names: readonly string[],
): Promise<[string, Uint8Array<ArrayBuffer>][]> {
  try {
    const { outputFiles } = await esbuild.build({
      entryPoints: names.map((name) => page + name),
      outdir: page,
      bundle: true,
      write: false,
      minify: true,
      format: "esm",
      platform: "browser",
      target: "es2022",
      splitting: true,
      legalComments: "none",
      logLevel: "silent",
      external: ["node:*"], // glTF-Transform imports them where there is a Node
      plugins: [denoResolution],
    });
    return outputFiles.map(({ path, contents }) => [path.slice(page.length), Uint8Array.from(contents)]);
  } finally {
    await esbuild.stop();
  }
}
