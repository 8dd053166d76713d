import { fileURLToPath } from "node:url";
import { bundleScripts } from "@/tasks/serve/bundle_scripts.ts";
import { assert, assertEquals } from "@/tests/support.ts";
import { Lines, runTaskChild, spawnTask } from "@/tests/tasks/children.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

Deno.test("deno task serve says where its page is, serves it with a model, and ends by a signal", async () => {
  await using task = spawnTask("serve", "--port", "0");
  const lines = new Lines(task.stdout);
  await lines.until(/\n/);
  const [, address] = /^(http:\/\/127\.0\.0\.1:\d+\/) {2}\(Ctrl-C ends it\)\n$/.exec(lines.text)!;
  for (
    const name of ["", "live.js", "worker.js", "model.onnx", "detector.onnx", "posmap.json", "ort/wasm/threads.wasm"]
  ) {
    const response = await fetch(address + name);
    assertEquals([name, response.status], [name, 200]);
    assert((await response.bytes()).length > 1000, name);
  }
  task.kill("SIGINT");
  const [{ code }] = await Promise.all([task.status, lines.end(), task.stderr.cancel()]);
  assertEquals(code, 130);
});

Deno.test("what the page's browser reads before it can load a model is short: of packages, what is used alone", async () => {
  const scripts = await bundleScripts(fileURLToPath(new URL("../../tasks/live/", import.meta.url)), ["worker.ts"]);
  const length = scripts.reduce((sum, [, bytes]) => sum + bytes.length, 0);
  assert(length < 250_000, `${length} bytes`);
});

Deno.test("deno task serve refuses what it cannot use in one sentence, exit status 2", async () => {
  await using folder = await temporaryFolder();
  using taken = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const refused: [string[], RegExp][] = [
    [["--port", "70000"], /Cannot listen on port 70000: --port takes a number from 0 to 65535/],
    [["--host", ""], /Cannot listen on "": --host takes the address or the name of this computer/],
    [["--model", `${folder.path}/none`], /Cannot load .*none\/posmap\.json: there is no such file/],
    [
      ["--port", String(taken.addr.port)],
      /Cannot listen on 127\.0\.0\.1:\d+: .*in use.*; --port names another one/,
    ],
    [
      ["--host", "192.0.2.1", "--port", "0"],
      /Cannot listen on 192\.0\.2\.1:0: .*; --host names another address/,
    ],
  ];
  for (const [flags, message] of refused) {
    const { code, stdout, stderr } = await runTaskChild("serve", ...flags);
    const lines = stderr.trimEnd().split("\n").filter((line) => line !== "Bundling the page");
    assert(lines.length === 1 && message.test(lines[0]!), `${flags}: ${stderr}`);
    assertEquals([code, stdout], [2, ""]);
  }
});
