/** Requests that no browser makes. Whatever comes, the page's server gives its own files or none, and goes on answering. */
import { connect, type Socket } from "node:net";
import { servePage } from "@/tasks/serve/page_server.ts";
import { assert, assertEquals } from "@/tests/support.ts";

const page = "<!doctype html><p>Hello</p>";
const files = new Map([["index.html", new TextEncoder().encode(page)]]);
const options = { hostname: "127.0.0.1", port: 0 };

/** An open connection, after it has sent these bytes. */
async function open(port: number, ...sent: (string | Uint8Array)[]): Promise<Socket> {
  const { promise, resolve, reject } = Promise.withResolvers<void>();
  const socket = connect(port, "127.0.0.1", resolve).on("error", reject);
  await promise;
  socket.on("error", () => {}); // what is refused may be cut off while it is sent
  for (const part of sent) socket.write(part);
  return socket;
}

/** All that comes back until the server ends the connection. */
async function answer(socket: Socket): Promise<string> {
  const { promise, resolve } = Promise.withResolvers<void>();
  let text = "";
  socket.on("data", (part: Uint8Array) => text += new TextDecoder("latin1").decode(part)).on("close", resolve);
  await promise;
  return text;
}

const request = (port: number, path: string, ...lines: string[]) =>
  [`GET ${path} HTTP/1.1`, `host: 127.0.0.1:${port}`, ...lines, "connection: close", "", ""].join("\r\n");

async function assertServes(port: number): Promise<void> {
  const text = await answer(await open(port, request(port, "/")));
  assert(text.startsWith("HTTP/1.1 200 ") && text.endsWith(page), text);
}

/** Ways out of a folder: dots and what may be taken for them, with what may be taken for a slash. */
function* traversals(): Generator<string> {
  const dots = [
    "..",
    "%2e%2e",
    ".%2e",
    "%2E.",
    "%252e%252e",
    "..%00",
    "....",
    "..;",
    "%c0%ae%c0%ae",
    "．．",
    "%u002e.",
  ];
  const slashes = ["/", "%2f", "\\", "%5c", "%252f", "%c0%af", "//", "/./"];
  const targets = ["etc/passwd", "deno.json", "secret.txt", "tasks/serve.ts", ".git/config"];
  for (const dot of dots) {
    for (const slash of slashes) {
      for (const depth of [1, 2, 3, 5, 8, 12]) {
        for (const target of targets) yield `/${(dot + slash).repeat(depth)}${target}`;
      }
    }
  }
}

Deno.test("no way out of a folder, in two encodings, brings anything but a refusal", async () => {
  await using server = servePage(files, options);
  const { port } = server.addr;
  const paths = [...traversals()];
  assertEquals(paths.length, 2640);
  const waiting = paths.flatMap((path) => [path, path.replaceAll(/[^/\w]/gu, encodeURIComponent)]).values();
  const ask = async () => {
    for (const path of waiting) {
      const text = await answer(await open(port, request(port, path)));
      assert(/^HTTP\/1\.1 4\d\d /.test(text) && !/root:|"tasks"/.test(text), `${path}: ${text}`);
    }
  };
  await Promise.all(Array.from({ length: 20 }, ask));
  await assertServes(port);
});

Deno.test("what is no request, or one that is too large, is refused, and the next is answered", async () => {
  await using server = servePage(files, options);
  const { port } = server.addr, own = `host: 127.0.0.1:${port}\r\n`;
  const noise = Uint8Array.from({ length: 5000 }, (_, i) => i * 7919 % 256);
  const wrong: (string | Uint8Array)[] = [
    "\r\n\r\n",
    "GET\r\n\r\n",
    "GET / HTTP/9.9\r\n\r\n",
    "GET / HTTP/1.1\r\n\r\n",
    `GET / HTTP/1.1\r\n${own}host: evil.example\r\n\r\n`,
    `GET / HTTP/1.1\r\n${own}no colon\r\n\r\n`,
    `GET / HTTP/1.1\r\n${own}content-length: -1\r\n\r\n`,
    `GET / HTTP/1.1\r\n${own}content-length: 5\r\ntransfer-encoding: chunked\r\n\r\nx`,
    `GET /${"a".repeat(1 << 20)} HTTP/1.1\r\n${own}\r\n`,
    `GET / HTTP/1.1\r\n${own}a: ${"b".repeat(1 << 20)}\r\n\r\n`,
    `GET / HTTP/1.1\r\n${own}${"a: b\r\n".repeat(20_000)}\r\n`,
    `GET / HTTP/1.1\r\n${own}transfer-encoding : chunked\r\n\r\n`,
    `GET / HTTP/1.1\r\n${own} folded: line\r\n\r\n`,
    `GET / HTTP/1.1\r\n${own}a: \0\r\n\r\n`,
    `POST / HTTP/1.1\r\n${own}content-length: ${2 ** 50}\r\n\r\nx`,
    `POST / HTTP/1.1\r\n${own}transfer-encoding: chunked\r\n\r\n${"1\r\nx\r\n".repeat(1000)}`, // without an end
    `TRACE / HTTP/1.1\r\n${own}\r\n`,
    `OPTIONS * HTTP/1.1\r\n${own}\r\n`,
    `CONNECT evil.example:443 HTTP/1.1\r\n${own}\r\n`,
    "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03", // TLS
    noise,
  ];
  for (const [i, bytes] of wrong.entries()) {
    const socket = await open(port, bytes);
    socket.end();
    const text = await answer(socket);
    assert(text === "" || !/^HTTP\/1\.1 200 /.test(text), `${i}: ${text}`);
    await assertServes(port);
  }
});

Deno.test("a foreign origin is allowed to read nothing, by whatever name it asks", async () => {
  await using server = servePage(files, options);
  const { port } = server.addr;
  for (const origin of ["http://evil.example", "null", `http://localhost:${port}.evil.example`]) {
    const text = await answer(await open(port, request(port, "/", `origin: ${origin}`)));
    assert(!/access-control-allow/i.test(text), text);
    assert(/cross-origin-resource-policy: same-origin/i.test(text), text);
  }
  for (const host of ["evil.example", `evil.example:${port}`, `127.0.0.1@evil.example:${port}`, `[::1]:1`, "", "a b"]) {
    const text = await answer(await open(port, `GET / HTTP/1.1\r\nhost: ${host}\r\nconnection: close\r\n\r\n`));
    assert(/^HTTP\/1\.1 4\d\d /.test(text), `${host}: ${text}`);
  }
});

Deno.test("500 connections that wait or send by the letter keep no other from being answered", async () => {
  await using server = servePage(files, options);
  const { port } = server.addr;
  const slow = await Promise.all(Array.from({ length: 500 }, (_, i) => open(port, i % 2 ? "G" : "")));
  for (const socket of slow) socket.write("E");
  await Promise.all(Array.from({ length: 50 }, () => assertServes(port)));
  for (const socket of slow) socket.destroy();
  await assertServes(port);
});

Deno.test({
  name: "servePage() listens at its address and at no other",
  ignore: Deno.build.os !== "linux",
  fn: async () => {
    await using server = servePage(files, options);
    const hex = server.addr.port.toString(16).toUpperCase().padStart(4, "0");
    const tables = await new Deno.Command("cat", { args: ["/proc/net/tcp", "/proc/net/tcp6"] }).output();
    const listening = new TextDecoder().decode(tables.stdout).matchAll(/^ *\d+: ([\dA-F]+):([\dA-F]{4}) \S+ 0A /gm);
    assertEquals([...listening].filter(([, , port]) => port === hex).map(([, address]) => address), ["0100007F"]);
  },
});
