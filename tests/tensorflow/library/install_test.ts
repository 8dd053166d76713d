import { InputError } from "@/lib/errors.ts";
import { isThere } from "@/lib/files.ts";
import { checkRoom, discardDamaged } from "@/lib/tensorflow/library/install.ts";
import { readRequirements } from "@/lib/tensorflow/library/wheels.ts";
import { assert, assertEquals, assertThrows } from "@/tests/support.ts";
import { FakeSetup, goodPip, type Outcome, outcome, type RunOptions } from "@/tests/tensorflow/library/fake_pip.ts";

/** Ended as what the user can mend ends: status 2, and after the stages one line that says what to do. */
function assertSaid({ code, lines }: Outcome, message: RegExp): void {
  const said = lines.filter((line) => !/^(Fetching|Unpacking)/.test(line));
  assert(code === 2 && said.length === 1 && message.test(said[0]!), `Expected ${message}, got ${code}: ${lines}`);
}

async function assertSetUp(setup: FakeSetup, { code, lines }: Outcome): Promise<void> {
  assert(code === 0, `Expected set-up to succeed, got ${code}: ${lines.join("\n")}`);
  assertEquals(await setup.leftovers(), []);
  assertEquals(await Deno.readTextFile(`${setup.library()}/tensorflow/libtensorflow_cc.so.2`), "library cc.so.2");
}

Deno.test("set-up unpacks only the libraries, and a second one calls no pip", async () => {
  await using setup = await FakeSetup.make();
  await assertSetUp(setup, await setup.run());
  const { files } = JSON.parse(await Deno.readTextFile(`${setup.library()}/stamp.json`));
  assert(
    !Object.keys(files).some((path) => /\.(py|h)$|pywrap/.test(path)) && "nvidia/cudnn/lib/libcudnn.so.9" in files,
    `unpacked ${Object.keys(files)}`,
  );
  const { mode } = await Deno.stat(`${setup.library()}/nvidia/cuda_nvcc/bin/ptxas`);
  assertEquals(mode! & 0o777, 0o755);
  assertEquals((await Deno.stat(setup.library())).mode! & 0o777, 0o777 & ~Deno.umask()); // a cache may be shared

  assertEquals((await setup.run()).code, 0);
  assertEquals(await setup.downloads(), 1);
});

interface Failure {
  readonly options: RunOptions;
  readonly message: RegExp;
}

const missing: Readonly<Record<string, Failure>> = {
  "without python3": {
    options: { env: { PATH: "/nowhere" } },
    message: /^Cannot set up TensorFlow: .*python3 with pip.*PATH has none.*apt install python3-pip/,
  },
  "without pip": {
    options: { env: { FAKE_NO_PIP: "1" } },
    message: /^Cannot set up TensorFlow: .*No module named pip.*apt install python3-pip/,
  },
  "with a cache folder that cannot be made": {
    options: { env: { POSMAP_CACHE: "/dev/null/cache" } },
    message: /^Cannot make the cache folder \/dev\/null\/cache: .*Set POSMAP_CACHE/,
  },
  "with an unknown flag": { options: { args: ["--cuda"] }, message: /^deno task setup: unknown option '--cuda'/ },
  "with an argument": { options: { args: ["gpu"] }, message: /^deno task setup: too many arguments/ },
};

for (const [what, { options, message }] of Object.entries(missing)) {
  Deno.test(`set-up ${what} says what to do`, async () => {
    await using setup = await FakeSetup.make();
    assertSaid(await setup.run(options), message);
    assertEquals(await setup.downloads(), 0);
  });
}

Deno.test("set-up in a cache folder that cannot be written to says what to do", async () => {
  await using setup = await FakeSetup.make();
  await Deno.mkdir(`${setup.cache}/setup.lock`);
  assertSaid(await setup.run(), /^Cannot set up TensorFlow in .*a cache \[1\]: .*Set POSMAP_CACHE/);
});

const pipFailures: Readonly<Record<string, Failure>> = {
  "fetches another hash": {
    options: { pip: "echo 'ERROR: THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE.' >&2; exit 1" },
    message: /^Cannot set up TensorFlow: .*data\/tensorflow-.*-cpu\.txt \(its hash differs\).*Try again/,
  },
  "finds no space": {
    options: { pip: 'touch "$dest/half.whl"; echo "OSError: [Errno 28] No space left on device" >&2; exit 2' },
    message: /^Cannot set up TensorFlow: no space.*a cache \[1\].*Make room, or set POSMAP_CACHE/,
  },
  "finds no network": {
    options: {
      pip:
        "echo 'ERROR: Could not find a version' >&2; echo 'ERROR: No matching distribution found for tf' >&2; exit 1",
    },
    message: /^Cannot set up TensorFlow: .*\(No matching distribution found for tf\).*within reach/,
  },
  "fetches a wheel that is none": {
    options: { pip: 'echo nothing >"$dest/a.whl"' },
    message: /^Cannot set up TensorFlow: its wheels could not be unpacked.*BadZipFile/,
  },
};

for (const [what, { options, message }] of Object.entries(pipFailures)) {
  Deno.test(`set-up where pip ${what} says what to do, leaves nothing, and works the next time`, async () => {
    await using setup = await FakeSetup.make();
    assertSaid(await setup.run(options), message);
    assertEquals(await setup.leftovers(), []);
    await assertSetUp(setup, await setup.run());
  });
}

Deno.test("set-up shows pip's retries as they come", async () => {
  await using setup = await FakeSetup.make();
  const pip = `echo 'WARNING: Retrying (5)' >&2; echo 'WARNING: other' >&2; ${goodPip}`;
  const { lines } = await setup.run({ pip });
  assertEquals(lines.filter((line) => /^WARNING/.test(line)), ["WARNING: Retrying (5)"]);
});

const damages: Record<string, (library: string) => Promise<void>> = {
  "a file of another size": (library) => Deno.writeTextFile(`${library}/tensorflow/libtensorflow_cc.so.2`, "short"),
  "a missing file": (library) => Deno.remove(`${library}/tensorflow/libtensorflow_framework.so.2`),
  "no stamp": (library) => Deno.remove(`${library}/stamp.json`),
  "a torn stamp": (library) => Deno.truncate(`${library}/stamp.json`, 20),
  "another pin": async (library) => {
    const path = `${library}/stamp.json`;
    await Deno.writeTextFile(path, (await Deno.readTextFile(path)).replace("2.21.0", "2.20.0"));
  },
};

Deno.test("set-up notices what is damaged or pinned anew, and does it again", async (t) => {
  await using setup = await FakeSetup.make();
  await assertSetUp(setup, await setup.run());
  for (const [what, damage] of Object.entries(damages)) {
    await t.step(what, async () => {
      const before = await setup.downloads();
      await damage(setup.library());
      await assertSetUp(setup, await setup.run());
      assertEquals(await setup.downloads(), before + 1);
    });
  }
});

Deno.test("deno task setup --verify finds a changed bit, which the usual look passes over, and fetches anew", async () => {
  await using setup = await FakeSetup.make();
  await setup.run();
  const whole = await setup.run({ args: ["--verify"] });
  assertEquals([whole.code, await setup.downloads()], [0, 1]);
  await flipBit(`${setup.library()}/tensorflow/libtensorflow_cc.so.2`);
  assertEquals([(await setup.run()).code, await setup.downloads()], [0, 1]);
  await assertSetUp(setup, await setup.run({ args: ["--verify"] }));
  assertEquals(await setup.downloads(), 2);
});

Deno.test("a library that does not load is set up anew where it was changed, and only then", async () => {
  await using setup = await FakeSetup.make();
  await setup.run();
  const library = `${setup.library()}/tensorflow/libtensorflow_cc.so.2`;
  assert(!await discardDamaged(library), "it is whole, though no library");
  await setup.run();
  assertEquals(await setup.downloads(), 1);
  await flipBit(library);
  assert(await discardDamaged(library), "it was changed");
  await assertSetUp(setup, await setup.run());
  assertEquals(await setup.downloads(), 2);
  assert(!await discardDamaged(`${setup.folder}/good.whl`), "set-up did not make it");
});

async function flipBit(path: string): Promise<void> {
  const bytes = await Deno.readFile(path);
  await Deno.writeFile(path, bytes.with(3, bytes[3]! ^ 4));
}

Deno.test("set-up keeps the library that is there until the one pinned now is fetched", async () => {
  await using setup = await FakeSetup.make();
  await setup.run();
  await damages["another pin"]!(setup.library());
  assertEquals((await setup.run({ pip: "exit 1" })).code, 2);
  await Deno.stat(`${setup.library()}/tensorflow/libtensorflow_cc.so.2`);
});

/** pip that takes long, once it has begun. */
const slowPip = 'touch "$dest/half.whl" "$FAKE_FOLDER/began"; exec sleep 15';
/** pip that ends at a signal, and leaves a child that goes on until it is let go, or for a minute at least. */
const pipWithChild = slowPip.replace(
  "exec sleep 15",
  '(for _ in $(seq 600); do [ -e "$FAKE_FOLDER/go" ] && break; sleep 0.1; done; touch "$FAKE_FOLDER/ended"); :',
);

async function untilPipBegan(setup: FakeSetup, child: Deno.ChildProcess): Promise<void> {
  let ended = false;
  child.status.then(() => ended = true);
  await untilThere(`${setup.folder}/began`, () => assert(!ended, "set-up ended before pip began"));
}

async function untilThere(path: string, check = () => {}): Promise<void> {
  while (!await isThere(path)) {
    check();
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}

for (const [signal, status] of [["SIGINT", 130], ["SIGTERM", 143]] as const) {
  Deno.test(`set-up ends quietly at ${signal}, with nothing left, and the next one does it`, async () => {
    await using setup = await FakeSetup.make();
    const child = setup.start({ pip: slowPip });
    await untilPipBegan(setup, child);
    child.kill(signal);
    const { code, lines } = await outcome(child);
    assertEquals(code, status);
    assertEquals(lines.filter((line) => !/^(Fetching|Stopping)/.test(line)), []);
    assertEquals(await setup.leftovers(), []);
    await assertSetUp(setup, await setup.run());
  });
}

Deno.test("set-up ends at a signal also where pip has left a child that goes on", async () => {
  await using setup = await FakeSetup.make();
  const child = setup.start({ pip: pipWithChild });
  await untilPipBegan(setup, child);
  child.kill("SIGINT");
  assertEquals((await child.status).code, 130);
  assert(!await isThere(`${setup.folder}/ended`), "set-up waited for pip's child");
  await Deno.writeTextFile(`${setup.folder}/go`, "");
  await untilThere(`${setup.folder}/ended`);
  await Promise.all([child.stdout.cancel(), child.stderr.cancel()]);
});

Deno.test("set-up removes what a killed one left, also while that one's pip goes on", async () => {
  await using setup = await FakeSetup.make();
  const killed = setup.start({ pip: slowPip });
  await untilPipBegan(setup, killed);
  killed.kill("SIGKILL");
  await killed.status;
  await Promise.all([killed.stdout.cancel(), killed.stderr.cancel()]);
  assertEquals((await setup.leftovers()).length, 1);
  await assertSetUp(setup, await setup.run());
});

Deno.test("a killed set-up takes pip along", async () => {
  await using setup = await FakeSetup.make();
  await Deno.writeTextFile(`${setup.folder}/long.py`, longModule);
  const killed = setup.start({ pip: 'PATH="$REAL_PATH" PYTHONPATH="$FAKE_FOLDER" exec python3 "$1" "$2" -m long' });
  await untilPipBegan(setup, killed);
  const pid = await Deno.readTextFile(`${setup.folder}/began`);
  killed.kill("SIGKILL");
  await Promise.all([killed.status, killed.stdout.cancel(), killed.stderr.cancel()]);
  const isRunning = async () =>
    (await new Deno.Command("sh", { args: ["-c", `kill -0 ${pid}`], stderr: "null" }).output()).success;
  while (await isRunning()) await new Promise((resolve) => setTimeout(resolve, 20)); // or the test never ends
});

/** Says its process's number, whole, and goes on for an hour. */
const longModule = `
import os, time
folder = os.environ["FAKE_FOLDER"]
with open(folder + "/beginning", "w") as file: file.write(str(os.getpid()))
os.rename(folder + "/beginning", folder + "/began")
time.sleep(3600)
`;

Deno.test("two set-ups at once wait for each other, and one fetches", async () => {
  await using setup = await FakeSetup.make();
  const first = setup.start({ pip: `touch "$FAKE_FOLDER/began"; sleep 1; ${goodPip}` });
  await untilPipBegan(setup, first);
  const [a, b] = await Promise.all([outcome(first), setup.run()]);
  await assertSetUp(setup, a);
  await assertSetUp(setup, b);
  assertEquals(await setup.downloads(), 1);
  assert(/^Waiting for another set-up/.test(b.lines[0]!), b.lines.join("\n"));
});

Deno.test("a set-up that waits for another ends at SIGINT", async () => {
  await using setup = await FakeSetup.make();
  const first = setup.start({ pip: `touch "$FAKE_FOLDER/began"; sleep 2; ${goodPip}` });
  await untilPipBegan(setup, first);
  const second = setup.start();
  const reader = second.stderr.getReader();
  await reader.read(); // it says that it waits
  reader.releaseLock();
  second.kill("SIGINT");
  assertEquals((await outcome(second)).code, 130);
  await assertSetUp(setup, await outcome(first));
});

Deno.test("set-up works where LD_LIBRARY_PATH is set, as clusters' modules do", async () => {
  await using setup = await FakeSetup.make();
  await assertSetUp(setup, await setup.run({ env: { LD_LIBRARY_PATH: "/opt/cuda/lib64" } }));
});

Deno.test("set-up does nothing where TENSORFLOW_LIBRARY names a library", async () => {
  await using setup = await FakeSetup.make();
  assertEquals((await setup.run({ env: { TENSORFLOW_LIBRARY: "/opt/libtensorflow_cc.so.2" } })).code, 0);
  assertEquals(await setup.downloads(), 0);
});

Deno.test({
  name: "after set-up for CUDA, set-up without a flag keeps that one up to date",
  ignore: Deno.build.os !== "linux" || Deno.build.arch !== "x86_64",
  fn: async () => {
    await using setup = await FakeSetup.make();
    assertEquals((await setup.run({ args: ["--gpu"] })).code, 0);
    assertEquals((await setup.run()).code, 0);
    assertEquals(await setup.downloads(), 1);
    await damages["a missing file"]!(setup.library("gpu"));
    assertEquals((await setup.run()).code, 0);
    await Deno.stat(`${setup.library("gpu")}/tensorflow/libtensorflow_framework.so.2`);
  },
});

Deno.test("checkRoom() names the folder, what is free and what is wanted", async () => {
  checkRoom(1.4e9, { folder: "/cache", variant: "cpu" });
  await assertThrows(
    () => checkRoom(1.3e9, { folder: "/cache", variant: "cpu" }),
    InputError,
    /\/cache: 1\.3 GB are free there and 1\.4 GB are needed\. Make room, or set POSMAP_CACHE/,
  );
  await assertThrows(() => checkRoom(0.2e9, { folder: "/cache", variant: "gpu" }), InputError, /200 MB .* 8\.0 GB/);
});

Deno.test("readRequirements() has hashed pins for every platform of TensorFlow's wheels, and names them elsewhere", async () => {
  const platforms = [["linux", "x86_64"], ["linux", "aarch64"], ["darwin", "aarch64"]] as const;
  for (const [os, arch] of platforms) {
    const { text, platforms } = await readRequirements("cpu", { os, arch });
    assert(/^tensorflow(-cpu)?==2\.21\.0 \\\n +--hash=sha256:[0-9a-f]{64}$/m.test(text), text);
    assert(platforms.length > 0);
  }
  const { text } = await readRequirements("gpu", { os: "linux", arch: "x86_64" });
  assertEquals(text.match(/==/g)!.length, text.match(/--hash=sha256:[0-9a-f]{64}/g)!.length);
  for (const [variant, os, arch] of [["gpu", "darwin", "aarch64"], ["cpu", "windows", "x86_64"]] as const) {
    await assertThrows(
      () => readRequirements(variant, { os, arch }),
      InputError,
      new RegExp(`\\(${variant}\\) on ${os}-${arch}: .*linux-aarch64 \\(cpu\\).*Set TENSORFLOW_LIBRARY`),
    );
  }
});
