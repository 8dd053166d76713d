import { fileURLToPath } from "node:url";
import * as esbuild from "esbuild";
import { denoResolution, packageFolder } from "@/tasks/bundling.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const core = packageFolder("@tensorflow/tfjs-core", import.meta.resolve("@tensorflow/tfjs"));

/** The backend is opened after this has run, by the function that it exports. */
const entry = `
  const { setTestEnvs } = require("${core}/dist/jasmine_util");
  setTestEnvs([{ name: "test-tensorflow", backendName: "tensorflow", flags: {}, isDataSync: true }]);
  require("${core}/dist/public/chained_ops/register_all_chained_ops");
  require("${core}/dist/register_all_gradients");
  require("${core}/dist/tests");
  module.exports = require("@/lib/tensorflow/backend/backend.ts");
`;

/**
 * Puts tfjs-core's own specs and our backend into one CommonJS file, around one tfjs. The specs are ES modules that only
 * a bundler can load.
 */
export async function bundleSpecs(file: string): Promise<void> {
  try {
    await esbuild.build({
      stdin: { contents: entry, resolveDir: root },
      outfile: file,
      bundle: true,
      format: "cjs",
      platform: "node",
      logLevel: "error",
      mainFields: ["module", "main"],
      ignoreAnnotations: true, // by them, the specs have no effect and are left out
      external: ["encoding"], // node-fetch's, optional
      plugins: [denoResolution, { name: "tfjs-node", setup: constructKernelBackend }],
    });
  } finally {
    await esbuild.stop();
  }
}

/** tfjs-node is compiled for a KernelBackend that is a function; in tfjs's ES modules it is a class. */
function constructKernelBackend(build: esbuild.PluginBuild): void {
  build.onLoad({ filter: /nodejs_kernel_backend\.js$/ }, async ({ path }) => {
    const source = await Deno.readTextFile(path);
    const contents = source.replace("_super.call(this) || this", "Reflect.construct(_super, [], NodeJSKernelBackend)");
    return { contents };
  });
}
