import { connect } from "node:net";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { servePage } from "@/tasks/serve/page_server.ts";
import { assert, assertEquals } from "@/tests/support.ts";

const page = "<!doctype html><p>Hello</p>".repeat(50);
const files = new Map([
  ["index.html", new TextEncoder().encode(page)],
  ["ort/wasm/threads.wasm", new Uint8Array([0, 97, 115, 109])],
]);

/** A request as it stands on the wire, which fetch() would mend. */
async function ask(port: number, ...lines: string[]): Promise<{ status: number; head: string; body: Uint8Array }> {
  const parts: Uint8Array[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = connect(port, "127.0.0.1", () => socket.write([...lines, "connection: close", "", ""].join("\r\n")));
  socket.on("data", (part: Uint8Array) => parts.push(part)).on("end", resolve).on("error", reject);
  await promise;
  const all = parts.flatMap((part) => [...part]);
  const text = new TextDecoder("latin1").decode(Uint8Array.from(all));
  const end = text.indexOf("\r\n\r\n");
  return { status: Number(text.slice(9, 12)), head: text.slice(0, end), body: Uint8Array.from(all.slice(end + 4)) };
}

Deno.test("servePage() serves its files alone, by its own names alone, and to be read alone", async () => {
  await using server = servePage(files, { hostname: "127.0.0.1", port: 0 });
  const { port } = server.addr, own = `host: 127.0.0.1:${port}`;
  const cases: [number, ...string[]][] = [
    [200, "GET / HTTP/1.1", own],
    [200, "GET /index.html HTTP/1.1", `host: localhost:${port}`],
    [200, "HEAD /ort/wasm/threads.wasm HTTP/1.1", own],
    [404, "GET /../deno.json HTTP/1.1", own],
    [404, "GET /%2e%2e/deno.json HTTP/1.1", own],
    [404, "GET //etc/passwd HTTP/1.1", own],
    [405, "POST / HTTP/1.1", own, "content-length: 0"],
    [421, "GET / HTTP/1.1", `host: evil.example:${port}`],
    [421, "GET / HTTP/1.1", "host: 127.0.0.1"],
    [421, "GET / HTTP/1.1", `host: 127.0.0.1.evil.example:${port}`],
  ];
  for (const [status, ...lines] of cases) assertEquals([(await ask(port, ...lines)).status, lines], [status, lines]);
});

Deno.test("servePage() isolates the page, lets it call nothing else, and compresses as the browser can take it", async () => {
  await using server = servePage(files, { hostname: "127.0.0.1", port: 0 });
  const { port } = server.addr, own = `host: 127.0.0.1:${port}`;
  const { head } = await ask(port, "GET / HTTP/1.1", own);
  for (
    const line of [
      "cross-origin-opener-policy: same-origin",
      "cross-origin-embedder-policy: require-corp",
      "content-type: text/html; charset=utf-8",
    ]
  ) assert(head.includes(line), head);
  const policy = /content-security-policy: (.*)/.exec(head)![1]!;
  for (const rule of ["default-src 'none'", "connect-src 'self'", "frame-ancestors 'none'"]) {
    assert(policy.includes(rule), policy);
  }
  assert(!/unsafe-inline|unsafe-eval'[^ ;]|\*/.test(policy.replace("wasm-unsafe-eval", "")), policy);
  const decode = { br: brotliDecompressSync, gzip: gunzipSync };
  for (const [accepted, encoding] of [["gzip, deflate, br", "br"], ["gzip", "gzip"]] as const) {
    const { head, body } = await ask(port, "GET / HTTP/1.1", own, `accept-encoding: ${accepted}`);
    assert(head.includes(`content-encoding: ${encoding}`), head);
    assert(body.length < page.length);
    assertEquals(decode[encoding](body).toString(), page);
  }
});
