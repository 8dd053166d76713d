import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { contentSecurityPolicy } from "@/tasks/serve/page_files.ts";

export interface PageServerOptions {
  readonly hostname: string;
  /** 0 for any that is free. */
  readonly port: number;
  readonly signal?: AbortSignal;
}

/** Threads of WebAssembly need the page to be isolated from all others. */
const headers: Readonly<Record<string, string>> = {
  "cross-origin-opener-policy": "same-origin",
  "cross-origin-embedder-policy": "require-corp",
  "cross-origin-resource-policy": "same-origin",
  "content-security-policy": `${contentSecurityPolicy}; frame-ancestors 'none'`,
  "permissions-policy": "camera=(self), microphone=(), geolocation=()",
  "referrer-policy": "no-referrer",
  "x-content-type-options": "nosniff",
  "cache-control": "no-cache",
  "vary": "accept-encoding",
};

const types: Readonly<Record<string, string>> = {
  html: "text/html; charset=utf-8",
  css: "text/css; charset=utf-8",
  js: "text/javascript; charset=utf-8",
  json: "application/json",
  wasm: "application/wasm",
  onnx: "application/octet-stream",
};

/** Better ones first; quality 5 of brotli takes half a second for what quality 9 makes 5 % smaller in two. */
const encodings = {
  br: (bytes: Uint8Array) => promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }),
  gzip: (bytes: Uint8Array) => promisify(gzip)(bytes),
} as const;

/**
 * Serves these files by their names and nothing else: no folder is looked into, so that no path leads out of one. Requests
 * by another name than the server's own are refused, so that no foreign name can be pointed at it.
 */
export function servePage(
  files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>,
  { hostname, port, signal }: PageServerOptions,
): Deno.HttpServer<Deno.NetAddr> {
  const encoded = new Map<string, Promise<Uint8Array<ArrayBuffer>>>();
  const encode = (name: string, encoding: keyof typeof encodings) => {
    const key = `${encoding} ${name}`;
    const bytes = encoded.get(key) ?? encodings[encoding](files.get(name)!).then((part) => Uint8Array.from(part));
    encoded.set(key, bytes);
    return bytes;
  };
  const server: Deno.HttpServer<Deno.NetAddr> = Deno.serve({
    hostname,
    port,
    ...signal && { signal },
    onListen() {},
    onError: () => new Response("The page's server failed.\n", { status: 500, headers }),
  }, async (request) => {
    const refuse = (status: number, text: string) => new Response(`${text}\n`, { status, headers });
    if (!isOwnName(request.headers.get("host") ?? "", server.addr, hostname)) {
      return refuse(421, "This page is served under another name.");
    }
    if (!["GET", "HEAD"].includes(request.method)) return refuse(405, "Only GET and HEAD are served.");
    const { pathname } = new URL(request.url);
    const name = pathname === "/" ? "index.html" : pathname.slice(1);
    const bytes = files.get(name);
    if (!bytes) return refuse(404, "There is no such file.");
    const accepted = (request.headers.get("accept-encoding") ?? "").split(",").map((part) => part.trim());
    const encoding = (Object.keys(encodings) as (keyof typeof encodings)[]).find((one) => accepted.includes(one));
    const body = encoding ? await encode(name, encoding) : bytes;
    return new Response(request.method === "HEAD" ? null : body, {
      headers: {
        ...headers,
        ...encoding && { "content-encoding": encoding },
        "content-type": types[name.split(".").at(-1)!]!,
        "content-length": String(body.length),
      },
    });
  });
  return server;
}

const anyAddress = ["0.0.0.0", "::"];

/** Whether a request's Host is the name or address that the server is to listen on, or this computer's own. */
function isOwnName(host: string, { port }: Deno.NetAddr, hostname: string): boolean {
  const { hostname: name, port: asked } = URL.parse(`http://${host}`) ?? { hostname: "", port: "" };
  if (Number(asked || 80) !== port) return false;
  if (["localhost", "127.0.0.1", "[::1]", hostname, `[${hostname}]`].includes(name)) return true;
  return anyAddress.includes(hostname) && isAddress(name); // a foreign name cannot be an address
}

function isAddress(name: string): boolean {
  return /^\[[0-9a-f:.]+\]$|^\d+(\.\d+){3}$/.test(name);
}
