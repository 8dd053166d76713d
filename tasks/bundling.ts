import type { Plugin } from "esbuild";
import { createRequire, findPackageJSON } from "node:module";
import { dirname, isAbsolute } from "node:path";
import { fileURLToPath } from "node:url";

const root = fileURLToPath(new URL("../", import.meta.url));

/** Lets esbuild find `@/` files and packages where Deno has them: in its cache, where esbuild does not look. */
export const denoResolution: Plugin = {
  name: "deno",
  setup(build) {
    build.onResolve({ filter: /^@\// }, ({ path }) => ({ path: root + path.slice("@/".length) }));
    build.onResolve({ filter: /^(@\w|\w)/ }, async ({ path, importer, kind }) => {
      const [, name, subpath] = /^((?:@[^/]+\/)?[^/]+)(.*)$/.exec(path)!;
      try {
        const found = await build.resolve(`.${subpath}`, { resolveDir: packageFolder(name!, importer), kind });
        if (found.errors.length === 0) return found;
      } catch {
        // it is one of Node's own modules
      }
      return exportedPath(path, importer);
    });
  },
};

/** Throws where there is no such package, as for Node's own modules. */
export function packageFolder(name: string, importer: string): string {
  return dirname(findPackageJSON(name, importer)!);
}

/** By the `exports` of the package; undefined for Node's own modules. */
function exportedPath(path: string, importer: string): { path: string } | undefined {
  try {
    const found = createRequire(importer).resolve(path);
    return isAbsolute(found) ? { path: found } : undefined;
  } catch {
    return undefined;
  }
}
