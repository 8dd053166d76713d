import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { denoResolution } from "@/tasks/bundling.ts";
import { assert, assertEquals } from "@/tests/support.ts";

/** What a browser runs as it is. */
const portable = [
  "errors.ts",
  "random.ts",
  "data/maps/",
  "face/",
  "geometry/",
  "export/onnx.ts",
  "export/onnx_graph.ts",
  "export/onnx_writer.ts",
  "model/description.ts",
  "model/folded_network.ts",
  "model/onnx_session.ts",
  "formats/seal.ts",
  "track/",
];

/** These read and write files for the rest, some by packages that do. */
const filing = [
  "face/bfm/bfm.ts",
  "face/bfm/bfm_files.ts",
  "face/gltf/gltf.ts",
  "face/heads/flame.ts",
  "face/heads/head_file.ts",
  "face/ict/ict.ts",
  "face/kept_built_in.ts",
  "face/model_file.ts",
  "face/obj/obj_files.ts",
  "face/prepared_face.ts",
];

const lib = fileURLToPath(new URL("../lib/", import.meta.url));

async function* sourceFiles(path: string): AsyncGenerator<string> {
  if (path.endsWith(".ts")) yield path;
  else if (path.endsWith("/")) {
    for await (const { name, isDirectory } of Deno.readDir(lib + path)) {
      yield* sourceFiles(path + name + (isDirectory ? "/" : ""));
    }
  }
}

/** What keeps the module and all that it imports from running in a browser; nothing where it can. */
async function obstacles(contents: string): Promise<string[]> {
  const { errors, outputFiles } = await esbuild.build({
    stdin: { contents, resolveDir: lib, loader: "ts" },
    bundle: true,
    write: false,
    format: "esm",
    platform: "browser",
    logLevel: "silent",
    treeShaking: false,
    define: { Deno: "DENO_IS_REACHED" },
    plugins: [denoResolution],
  }).catch((error: esbuild.BuildFailure) => ({ errors: error.errors, outputFiles: [] }));
  const reached = outputFiles.some(({ text }) => text.includes("DENO_IS_REACHED")) ? ["Deno is reached"] : [];
  return [...errors.map(({ text, location }) => `${location?.file}: ${text}`), ...reached];
}

Deno.test("geometry, surfaces, maps, crops and tracking run in a browser as they are", async () => {
  try {
    const found: Record<string, string[]> = {};
    let count = 0;
    for (const path of portable) {
      for await (const file of sourceFiles(path)) {
        if (filing.includes(file)) continue;
        const wrong = await obstacles(`export * from "@/lib/${file}";`);
        if (wrong.length > 0) found[file] = wrong.slice(0, 3);
        count++;
      }
    }
    assertEquals(found, {});
    assert(count > 40, `found only ${count} files`);
    for (const path of filing) {
      assert((await obstacles(`export * from "@/lib/${path}";`)).length > 0, `${path} is portable`);
    }
  } finally {
    await esbuild.stop();
  }
});

Deno.test("obstacles() finds Deno, Node and sharp, also far down, and no mention of them", async () => {
  try {
    for (
      const reached of ["Deno.cwd();", 'import "node:fs";', 'import "sharp";', 'import "@/lib/data/files/images.ts";']
    ) {
      assert((await obstacles(reached)).length > 0, reached);
    }
    assertEquals(await obstacles('// Deno\nexport const name = "Deno";'), []);
  } finally {
    await esbuild.stop();
  }
});
