import { connect } from "node:net";
import { brotliDecompressSync, gunzipSync } from "node:zlib";
import { InputError } from "@/lib/errors.ts";
import { servePage } from "@/tasks/serve/page_server.ts";
import { assert, assertEquals } from "@/tests/support.ts";

const page = "<!doctype html><p>Hello</p>".repeat(50);
const files = new Map([
  ["index.html", new TextEncoder().encode(page)],
  ["ort/wasm/threads.wasm", new Uint8Array([0, 97, 115, 109])],
]);

interface Answer {
  readonly status: number;
  readonly head: string;
  readonly body: Uint8Array;
}

/** A request without a body. */
const ask = (port: number, ...lines: string[]) => send(port, [...lines, "connection: close", "", ""].join("\r\n"));

/** A request as it stands on the wire, which fetch() would mend. */
async function send(port: number, request: string): Promise<Answer> {
  const parts: Uint8Array[] = [];
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = connect(port, "127.0.0.1", () => socket.write(request));
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
    [200, `GET http://127.0.0.1:${port}/ HTTP/1.1`, own],
    [200, `GET HTTP://LOCALHOST:${port}/index.html HTTP/1.1`, own],
    [404, `GET http://127.0.0.1:${port}/../deno.json HTTP/1.1`, own],
    [421, `GET http://127.0.0.1:${port}/ HTTP/1.1`, `host: evil.example:${port}`],
    [421, "GET http://evil.example/ HTTP/1.1", own],
    [421, `GET http://evil.example:${port}/ HTTP/1.1`, own],
    [421, `GET http://127.0.0.1:${port}@evil.example:${port}/ HTTP/1.1`, own],
    [421, "GET http://127.0.0.1/ HTTP/1.1", own],
    [421, `GET https://127.0.0.1:${port}/ HTTP/1.1`, own],
    [421, `GET ftp://127.0.0.1:${port}/ HTTP/1.1`, own],
    [404, "GET http:///evil.example HTTP/1.1", own], // a path
    [400, "GET evil.example:80 HTTP/1.1", own],
  ];
  for (const [status, ...lines] of cases) assertEquals([(await ask(port, ...lines)).status, lines], [status, lines]);
});

Deno.test("servePage() answers by the name or address that it was given, however that is written, and where addressOf() says", async () => {
  const names = ["0", "::", "127.1", "LOCALHOST", "0:0:0:0:0:0:0:0"]; // all can be reached at 127.0.0.1
  const { stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: ["run", "--quiet", "--allow-all", `${import.meta.dirname}/answer_by_name.ts`, ...names],
  }).output();
  const [answers, said] = [stdout, stderr].map((bytes) => new TextDecoder().decode(bytes));
  assertEquals([answers, said], [names.map((name) => `${name} 200 200 421\n`).join(""), ""]);
});

Deno.test("servePage() does what its own page asks by POST, and nothing that another page, a form or too many bytes ask", async () => {
  const done: unknown[] = [];
  const act = (sent: unknown) => {
    if (sent === 0) throw new InputError("Cannot do 0 things");
    return { done: done.push(sent) };
  };
  await using server = servePage(files, { hostname: "127.0.0.1", port: 0, actions: { save: { mostBytes: 20, act } } });
  const { port } = server.addr, own = `host: 127.0.0.1:${port}`, origin = `origin: http://127.0.0.1:${port}`;
  const json = "content-type: application/json";
  const long = `[${"1,".repeat(20)}1]`;
  const cases: [number, string, string, ...string[]][] = [
    [200, "POST /save", "[1]", own, origin, json],
    [200, "POST /save", "[2]", `host: localhost:${port}`, `origin: http://localhost:${port}`, json],
    [403, "POST /save", "[3]", own, json],
    [403, "POST /save", "[3]", own, json, "origin: null"],
    [403, "POST /save", "[3]", own, json, "origin: http://evil.example"],
    [403, "POST /save", "[3]", own, json, `origin: http://localhost:${port}`],
    [403, "POST /save", "[3]", own, json, `origin: https://127.0.0.1:${port}`],
    [421, "POST /save", "[3]", `host: evil.example:${port}`, `origin: http://evil.example:${port}`, json],
    [415, "POST /save", "[3]", own, origin, "content-type: text/plain"],
    [415, "POST /save", "[3]", own, origin, "content-type: application/x-www-form-urlencoded"],
    [415, "POST /save", "[3]", own, origin],
    [413, "POST /save", long, own, origin, json],
    [
      413,
      "POST /save",
      `${long.length.toString(16)}\r\n${long}\r\n0\r\n\r\n`,
      own,
      origin,
      json,
      "transfer-encoding: chunked",
    ],
    [400, "POST /save", "[3", own, origin, json],
    [400, "POST /save", "", own, origin, json],
    [422, "POST /save", "0", own, origin, json],
    [404, "GET /save", "", own],
    [405, "PUT /save", "[3]", own, origin, json],
    [405, "OPTIONS /save", "", own, "origin: http://evil.example", "access-control-request-method: POST"],
    [405, "POST /index.html", "[3]", own, origin, json],
    [405, "POST /toString", "[3]", own, origin, json],
  ];
  for (const [status, request, body, ...lines] of cases) {
    const length = lines.some((line) => line.startsWith("transfer")) ? [] : [`content-length: ${body.length}`];
    const sent = [`${request} HTTP/1.1`, ...lines, ...length, "connection: close", "", body].join("\r\n");
    const { status: found, head } = await send(port, sent);
    assertEquals([found, request, body, lines], [status, request, body, lines]);
    assert(!/access-control-allow/i.test(head), head);
  }
  assertEquals(done, [[1], [2]]);
  const refused = ["POST /save HTTP/1.1", own, origin, json, "content-length: 1", "connection: close", "", "0"];
  const { body } = await send(port, refused.join("\r\n"));
  assertEquals(new TextDecoder().decode(body), "Cannot do 0 things\n");
});

Deno.test("servePage() makes what is no file anew whenever it is asked for, and only what there is", async () => {
  let count = 0;
  const make = (name: string) =>
    Promise.resolve(name === "made.json" ? new TextEncoder().encode(`{"count":${++count}}`) : undefined);
  await using server = servePage(files, { hostname: "127.0.0.1", port: 0, make });
  const { port } = server.addr, own = `host: 127.0.0.1:${port}`;
  for (const text of ['{"count":1}', '{"count":2}']) {
    const { status, head, body } = await ask(port, "GET /made.json HTTP/1.1", own, "accept-encoding: br, gzip");
    assertEquals([status, new TextDecoder().decode(body)], [200, text]);
    assert(/content-type: application\/json/.test(head) && !/content-encoding/.test(head), head);
  }
  assertEquals((await ask(port, "GET /other.json HTTP/1.1", own)).status, 404);
});

Deno.test("servePage() tells why something cannot be made, and of what nothing foresaw tells the terminal", async () => {
  const failure = new TypeError("no such thing"), failures: unknown[] = [];
  const make = (name: string) =>
    Promise.reject(name === "a" ? new InputError("Cannot read a: it is damaged") : failure);
  const onFailure = (error: unknown) => failures.push(error);
  await using server = servePage(files, { hostname: "127.0.0.1", port: 0, make, onFailure });
  const { port } = server.addr, own = `host: 127.0.0.1:${port}`;
  const answers = [];
  for (const name of ["a", "b"]) {
    const { status, body } = await ask(port, `GET /${name} HTTP/1.1`, own);
    answers.push([status, new TextDecoder().decode(body)]);
  }
  assertEquals(answers, [[422, "Cannot read a: it is damaged\n"], [500, "The page's server failed.\n"]]);
  assertEquals(failures, [failure]);
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
