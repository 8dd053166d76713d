import { promisify } from "node:util";
import { brotliCompress, constants, gzip } from "node:zlib";
import { InputError, reasonOf } from "@/lib/errors.ts";
import { concatBytes } from "@/lib/formats/protobuf.ts";
import { contentSecurityPolicy } from "@/tasks/serve/page_files.ts";

export interface PageServerOptions {
  readonly hostname: string;
  /** 0 for any that is free. */
  readonly port: number;
  readonly signal?: AbortSignal;
  /** Makes what is none of the files, whenever it is asked for; undefined where there is no such thing. It is sent as it is. */
  readonly make?: (name: string) => Promise<Uint8Array<ArrayBuffer> | undefined>;
  /** What the page itself, and no other, may ask to be done by POST, by its path without the slash: nothing unless given. */
  readonly actions?: Readonly<Record<string, PageAction>>;
  /** Called with what nothing foresaw; the page learns only that something was. Unless given, standard error has it. */
  readonly onFailure?: (error: unknown) => void;
}

export interface PageAction {
  /** Most bytes of the JSON that is sent; a longer request is refused as soon as it shows. */
  readonly mostBytes: number;
  /** Takes what was sent and gives the answer, both as JSON says them. The page gets the sentence of an InputError. */
  readonly act: (sent: unknown) => unknown;
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
  jpg: "image/jpeg",
  wasm: "application/wasm",
  onnx: "application/octet-stream",
};

/** Better ones first; quality 5 of brotli takes half a second for what quality 9 makes 5 % smaller in two. */
const encodings = {
  br: (bytes: Uint8Array) => promisify(brotliCompress)(bytes, { params: { [constants.BROTLI_PARAM_QUALITY]: 5 } }),
  gzip: (bytes: Uint8Array) => promisify(gzip)(bytes),
} as const;

/** A file's bytes as they are sent, made when they are first asked for, whatever serves them. */
const encoded = new WeakMap<Uint8Array, Partial<Record<keyof typeof encodings, Promise<Uint8Array<ArrayBuffer>>>>>();

function encode(bytes: Uint8Array, encoding: keyof typeof encodings): Promise<Uint8Array<ArrayBuffer>> {
  const made = encoded.getOrInsertComputed(bytes, () => ({}));
  return made[encoding] ??= encodings[encoding](bytes).then((part) => Uint8Array.from(part));
}

/**
 * Serves these files by their names and nothing else: no folder is looked into, so that no path leads out of one. Requests
 * by another name than the server's own are refused, so that no foreign name can be pointed at it; so is what other pages
 * send, and forms, which need no permission to be sent from anywhere. The page gets the sentence of an InputError. Throws one
 * where the address and port cannot be had.
 */
export function servePage(
  files: ReadonlyMap<string, Uint8Array<ArrayBuffer>>,
  { hostname, port, signal, make, actions = {}, onFailure = console.error }: PageServerOptions,
): Deno.HttpServer<Deno.NetAddr> {
  const refuse = (status: number, text: string) => new Response(`${text}\n`, { status, headers });
  const respond = async (request: Request): Promise<Response> => {
    // A request's line may name a server, too, and that is the one that counts (RFC 9112, 3.2.2); a Host that names another
    // comes from no sender that keeps to it.
    const url = URL.parse(request.url);
    const hosts = [request.headers.get("host") ?? "", url?.host ?? ""];
    if (url?.protocol !== "http:" || !hosts.every((host) => isOwnName(host, server.addr, hostname))) {
      return refuse(421, "This page is served under another name.");
    }
    const { pathname } = url;
    const name = pathname === "/" ? "index.html" : pathname.slice(1);
    if (request.method === "POST" && Object.hasOwn(actions, name)) return await answer(request, actions[name]!, refuse);
    if (!["GET", "HEAD"].includes(request.method)) return refuse(405, "Only GET and HEAD are served.");
    const file = files.get(name);
    const bytes = file ?? await make?.(name);
    if (!bytes) return refuse(404, "There is no such file.");
    const accepted = (request.headers.get("accept-encoding") ?? "").split(",").map((part) => part.trim());
    const encoding = (Object.keys(encodings) as (keyof typeof encodings)[]).find((one) =>
      file && accepted.includes(one)
    );
    const body = encoding ? await encode(bytes, encoding) : bytes;
    return new Response(request.method === "HEAD" ? null : body, {
      headers: {
        ...headers,
        ...encoding && { "content-encoding": encoding },
        "content-type": types[name.split(".").at(-1)!]!,
        "content-length": String(body.length),
      },
    });
  };
  const onError = (error: unknown) => {
    if (error instanceof InputError) return refuse(422, error.message);
    onFailure(error);
    return refuse(500, "The page's server failed.");
  };
  let server: Deno.HttpServer<Deno.NetAddr>;
  try {
    server = Deno.serve({ hostname, port, ...signal && { signal }, onListen() {}, onError }, respond);
  } catch (error) {
    const isPort = error instanceof Deno.errors.AddrInUse || error instanceof Deno.errors.PermissionDenied;
    throw new InputError(
      `Cannot listen on ${withPort(hostname, port)}: ${reasonOf(error)}; ` +
        (isPort ? "--port names another one" : "--host names another address"),
    );
  }
  return server;
}

/** The address of a server's page; of one that listens at all addresses of this computer, its own. */
export function addressOf({ hostname, port }: Deno.NetAddr): string {
  return `http://${withPort(isAnyAddress(hostname) ? "127.0.0.1" : hostname, port)}/`;
}

function withPort(hostname: string, port: number): string {
  return `${hostname.includes(":") ? `[${hostname}]` : hostname}:${port}`;
}

function isAnyAddress(hostname: string): boolean {
  return hostname === "0.0.0.0" || hostname === "::";
}

/** @param refuse makes a response of a status and a sentence */
async function answer(
  request: Request,
  { mostBytes, act }: PageAction,
  refuse: (status: number, text: string) => Response,
): Promise<Response> {
  const { headers: sent, body } = request;
  if (sent.get("origin") !== `http://${sent.get("host")}`) return refuse(403, "Only the page itself may send this.");
  if (sent.get("content-type") !== "application/json") return refuse(415, "Only JSON is taken.");
  const bytes = await bytesUpTo(mostBytes, body);
  if (!bytes) return refuse(413, `More than ${mostBytes} bytes were sent.`);
  let json: unknown;
  try {
    json = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch {
    return refuse(400, "What was sent is no JSON.");
  }
  return Response.json(await act(json) ?? {}, { headers });
}

/** All bytes that come, or undefined where there are more than `most`. */
async function bytesUpTo(most: number, body: ReadableStream<Uint8Array> | null): Promise<Uint8Array | undefined> {
  const parts: Uint8Array[] = [];
  let length = 0;
  for await (const part of body ?? []) {
    if ((length += part.length) > most) return undefined;
    parts.push(part);
  }
  return concatBytes(...parts);
}

/** Whether a request's Host is the name or address that the server was to listen on, or this computer's own. */
function isOwnName(host: string, taken: Deno.NetAddr, hostname: string): boolean {
  const { hostname: name, port: asked } = URL.parse(`http://${host}`) ?? { hostname: "", port: "" };
  if (Number(asked || 80) !== taken.port) return false;
  if (["localhost", "127.0.0.1", "[::1]"].includes(name)) return true;
  const isIt = (own: string) => URL.parse(`http://${withPort(own, taken.port)}`)?.hostname === name; // as URLs write it
  if (isIt(hostname) || isIt(taken.hostname)) return true;
  return isAnyAddress(taken.hostname) && isAddress(name); // a foreign name cannot be an address
}

function isAddress(name: string): boolean {
  return /^\[[0-9a-f:.]+\]$|^\d+(\.\d+){3}$/.test(name);
}
