import { dirname } from "node:path";
import { fileURLToPath } from "node:url";
import { readDetector } from "@/lib/export/detector.ts";
import { quantizeOnnx } from "@/lib/export/quantize_onnx.ts";
import { encodeDescription } from "@/lib/model/description.ts";
import type { OnnxModel } from "@/lib/model/model_folder.ts";
import { bundleScripts } from "@/tasks/serve/bundle_scripts.ts";
import { readPageStyle } from "@/tasks/serve/page_style.ts";

/** Never called: they only make packages, which are bundled or copied, a part of what is installed. */
const _packages = [() => import("three"), () => import("onnxruntime-web")];

const page = fileURLToPath(new URL("../live/", import.meta.url));

/** Nothing but the page's own files is loaded, run or called: no frame could be sent anywhere. */
export const contentSecurityPolicy = [
  "default-src 'none'",
  "script-src 'self' 'wasm-unsafe-eval'",
  "worker-src 'self' blob:",
  "connect-src 'self'",
  "style-src 'self'",
  "img-src 'self' data: blob:",
  "media-src 'self' blob:",
  "base-uri 'none'",
  "form-action 'none'",
].join("; ");

/** ONNX Runtime's builds: the script, and what it loads. WebGPU's needs no feature that not all browsers have yet. */
const runtimes = {
  wasm: { script: "ort.wasm.min.mjs", threads: "ort-wasm-simd-threaded" },
  webgpu: { script: "ort.webgpu.min.mjs", threads: "ort-wasm-simd-threaded.asyncify" },
} as const;

/** All files of the page that tracks with this model, by their paths from its folder: any web server can have them. */
export async function pageFiles({ description, network }: OnnxModel): Promise<Map<string, Uint8Array<ArrayBuffer>>> {
  const { summary: _, ...needed } = description;
  const text = (content: string) => new TextEncoder().encode(content);
  const policy = `<meta http-equiv="Content-Security-Policy" content="${contentSecurityPolicy}">`;
  const html = await Deno.readTextFile(`${page}index.html`);
  const dist = dirname(fileURLToPath(import.meta.resolve("onnxruntime-web")));
  const copies = Object.entries(runtimes).flatMap(([backend, { script, threads }]) => [
    [`ort/${backend}/ort.js`, script],
    [`ort/${backend}/threads.js`, `${threads}.mjs`],
    [`ort/${backend}/threads.wasm`, `${threads}.wasm`],
  ]);
  return new Map([
    ["index.html", text(html.replace('<meta charset="utf-8">', `$&\n    ${policy}`))],
    ["page.css", await readPageStyle()],
    ["live.css", await Deno.readFile(`${page}live.css`)],
    ...await bundleScripts(page, ["live.ts", "worker.ts"]),
    ...await Promise.all(copies.map(async ([name, file]) => [name!, await Deno.readFile(`${dist}/${file}`)] as const)),
    ["posmap.json", text(JSON.stringify(encodeDescription(needed)))],
    ["model.onnx", quantizeOnnx(network)],
    ["detector.onnx", await readDetector()],
  ]);
}
