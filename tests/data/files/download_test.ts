import { createHash } from "node:crypto";
import { areDownloaded, downloadFiles, type DownloadOptions, type PinnedFiles } from "@/lib/data/files/download.ts";
import { InputError } from "@/lib/errors.ts";
import { Random } from "@/lib/random.ts";
import { assert, assertEquals, assertThrows } from "@/tests/support.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

const random = new Random("download");
const contents = Object.fromEntries(
  Array.from({ length: 20 }, (_, i) => [
    `mode ${i}.obj`,
    Uint8Array.from({ length: random.integer(1, 50_000) }, () => random.integer(0, 255)),
  ]),
);
const names = Object.keys(contents);
const files = Object.fromEntries(
  Object.entries(contents).map(([name, bytes]) => [
    name,
    { bytes: bytes.length, sha256: createHash("sha256").update(bytes).digest("hex") },
  ]),
);

type Answer = (name: string, ask: number) => Response | undefined;

/** A server of the files, which may answer otherwise when a file is asked for the first time, the second, and so on. */
function serve(answer: Answer = () => undefined) {
  const asked: string[] = [];
  let busy = 0, most = 0;
  const server = Deno.serve({ hostname: "127.0.0.1", port: 0, onListen: () => {} }, async ({ url }) => {
    const name = decodeURIComponent(new URL(url).pathname.slice(1));
    asked.push(name);
    most = Math.max(most, ++busy);
    await new Promise((resolve) => setTimeout(resolve, 2));
    busy--;
    return answer(name, asked.filter((other) => other === name).length) ?? new Response(contents[name]!.slice());
  });
  return {
    asked,
    pinned: { url: `http://127.0.0.1:${server.addr.port}/`, files } satisfies PinnedFiles,
    atOnce: () => most,
    [Symbol.asyncDispose]: () => server.shutdown(),
  };
}

async function assertWhole(folder: string): Promise<void> {
  for (const [name, bytes] of Object.entries(contents)) assertEquals(await Deno.readFile(`${folder}/${name}`), bytes);
  assertEquals([...Deno.readDirSync(folder)].length, names.length + 1); // and the lock
}

const quick: Pick<DownloadOptions, "pause"> = { pause: 1 };

Deno.test("downloadFiles() fetches each file once, several at a time, and tells how much is there", async () => {
  await using folder = await temporaryFolder();
  await using server = serve();
  const told: number[] = [];
  await downloadFiles(server.pinned, { into: folder.path, onProgress: (done) => told.push(done) });
  await assertWhole(folder.path);
  assertEquals(server.asked.toSorted(), names.toSorted());
  assert(server.atOnce() > 1 && server.atOnce() <= 6, `${server.atOnce()} at once`);
  assertEquals([told.toSorted((a, b) => a - b), told.at(-1)], [told, 1]);
});

Deno.test("downloadFiles() keeps what is whole, and fetches anew what is missing, cut or changed", async () => {
  await using folder = await temporaryFolder();
  await using server = serve();
  await downloadFiles(server.pinned, { into: folder.path });
  assert(await areDownloaded(server.pinned, folder.path));
  const [missing, cut, changed] = names as [string, string, string];
  await Deno.remove(`${folder.path}/${missing}`);
  assert(!await areDownloaded(server.pinned, folder.path));
  await Deno.writeFile(`${folder.path}/${cut}`, contents[cut]!.subarray(1));
  await Deno.writeFile(`${folder.path}/${changed}`, contents[changed]!.with(0, contents[changed]![0]! ^ 1));
  await Deno.writeFile(`${folder.path}/x.obj.${crypto.randomUUID()}.tmp`, contents[cut]!); // of one that was killed
  server.asked.length = 0;
  await downloadFiles(server.pinned, { into: folder.path });
  await assertWhole(folder.path);
  assertEquals(server.asked.toSorted(), [missing, cut, changed].toSorted());
});

Deno.test("downloadFiles() asks again where a server fails in passing: busy, cut short, silent", async () => {
  const silent = () => new ReadableStream<Uint8Array>({ start: (stream) => stream.enqueue(new Uint8Array(1)) });
  const failures: Record<string, (name: string) => Response> = {
    busy: () => new Response("", { status: 503 }),
    often: () => new Response("", { status: 429 }),
    short: (name) => new Response(contents[name]!.slice(1)),
    silent: () => new Response(silent()),
  };
  for (const [what, fail] of Object.entries(failures)) {
    await using folder = await temporaryFolder();
    await using server = serve((name, ask) => ask < 3 && names.indexOf(name) === 5 ? fail(name) : undefined);
    const told: number[] = [];
    const onProgress = (done: number) => told.push(done);
    await downloadFiles(server.pinned, { into: folder.path, patience: 300, ...quick, onProgress });
    await assertWhole(folder.path);
    assertEquals([server.asked.length, told.at(-1), Math.max(...told) <= 1, what], [names.length + 2, 1, true, what]);
  }
});

Deno.test("downloadFiles() gives up in one sentence that names the file, and keeps none of it", async () => {
  const wrong = names[5]!;
  const refused: [answer: () => Response, message: RegExp][] = [
    [
      () => new Response(new Uint8Array(files[wrong]!.bytes)),
      /it is not the file that was pinned: its SHA-256 is \w{64}/,
    ],
    [() => new Response(new Uint8Array(60_000)), /it is longer than \d+ bytes/],
    [() => new Response("", { status: 404 }), /the server answered 404/],
    [() => new Response("", { status: 500 }), /the server answered 500.*, 5 times/],
  ];
  for (const [answer, message] of refused) {
    await using folder = await temporaryFolder();
    await using server = serve((name) => name === wrong ? answer() : undefined);
    const error = await assertThrows(
      () => downloadFiles(server.pinned, { into: folder.path, ...quick }),
      InputError,
      message,
    );
    assert(error.message.includes(encodeURIComponent(wrong)), error.message);
    const kept = [...Deno.readDirSync(folder.path)].map(({ name }) => name).filter((name) => name !== ".lock");
    for (const name of kept) assertEquals(await Deno.readFile(`${folder.path}/${name}`), contents[name]!);
    assert(!kept.includes(wrong));
  }
  await using folder = await temporaryFolder();
  const nobody = { url: "http://127.0.0.1:1/", files };
  await assertThrows(() => downloadFiles(nobody, { into: folder.path, ...quick }), InputError, /Cannot fetch http/);
});

Deno.test("downloadFiles() ends with the reason of its signal, also while a server is silent", async () => {
  await using folder = await temporaryFolder();
  const stop = new AbortController();
  await using server = serve(() => new Response(new ReadableStream()));
  const reason = new Error("a signal came");
  const download = downloadFiles(server.pinned, { into: folder.path, signal: stop.signal });
  while (server.asked.length < 6) await new Promise((resolve) => setTimeout(resolve, 1));
  stop.abort(reason);
  assertEquals(await download.catch((error) => error), reason);
});

Deno.test("two downloads into one folder wait for each other: each file is fetched once", async () => {
  await using folder = await temporaryFolder();
  await using server = serve();
  let waited = 0;
  const onWait = () => waited++;
  await Promise.all([1, 2].map(() => downloadFiles(server.pinned, { into: folder.path, onWait })));
  await assertWhole(folder.path);
  assertEquals([server.asked.length, waited], [names.length, 1]);
});

Deno.test("downloadFiles() copies from a folder, and names what is not there or not what was pinned", async () => {
  await using folder = await temporaryFolder();
  const [from, into] = [`${folder.path}/from`, `${folder.path}/into`];
  await Deno.mkdir(from);
  for (const [name, bytes] of Object.entries(contents)) await Deno.writeFile(`${from}/${name}`, bytes);
  const pinned = { url: "http://127.0.0.1:1/", files };
  await downloadFiles(pinned, { into, from });
  await assertWhole(into);
  await Deno.remove(`${into}/${names[3]}`);
  await Deno.writeFile(`${from}/${names[3]}`, new Uint8Array(3));
  await assertThrows(() => downloadFiles(pinned, { into, from }), InputError, /from\/mode 3\.obj: .* SHA-256/);
  await Deno.remove(`${from}/${names[3]}`);
  await assertThrows(() => downloadFiles(pinned, { into, from }), InputError, /Cannot read .*from\/mode 3\.obj/);
});
