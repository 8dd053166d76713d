import { defaults, resolveConfig } from "@/lib/config.ts";
import { InputError } from "@/lib/errors.ts";
import { sealJson } from "@/lib/formats/seal.ts";
import { readConfigFile, readMetrics, readRunConfig, RunFolder } from "@/lib/train/run_folder.ts";
import { assertEquals, assertThrows } from "@/tests/support.ts";

const config = resolveConfig("quick");

async function inTemporaryFolder(body: (folder: string) => Promise<void>): Promise<void> {
  const folder = await Deno.makeTempDir();
  try {
    await body(folder);
  } finally {
    await Deno.remove(folder, { recursive: true });
  }
}

Deno.test("RunFolder.create() keeps the settings that RunFolder.open() reads", async () => {
  await inTemporaryFolder(async (folder) => {
    (await RunFolder.create(`${folder}/run`, config))[Symbol.dispose]();
    using run = await RunFolder.open(`${folder}/run`);
    assertEquals(run.config, config);
    assertEquals(await readRunConfig(run.path), config);
  });
});

Deno.test("RunFolder.create() refuses a folder that holds anything, and leaves it as it was", async () => {
  await inTemporaryFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/precious.txt`, "mine");
    await assertThrows(() => RunFolder.create(folder, config), InputError, /is not empty.*--run/);
    assertEquals([...Deno.readDirSync(folder)].map(({ name }) => name), ["precious.txt"]);
  });
});

Deno.test("RunFolder.create() refuses a path that is a file", async () => {
  await inTemporaryFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/file`, "");
    await assertThrows(
      () => RunFolder.create(`${folder}/file`, config),
      InputError,
      /file: a file is where a folder is wanted; /,
    );
  });
});

Deno.test("RunFolder.open() refuses a run that another process is at work in, until that ends", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = `${folder}/run`;
    (await RunFolder.create(path, config))[Symbol.dispose]();
    const holder = new Deno.Command(Deno.execPath(), {
      args: [
        "eval",
        `const f = await Deno.open("${path}/.lock", { write: true }); await f.lock(true); console.log("locked"); await new Promise((r) => setTimeout(r, 60_000));`,
      ],
      stdout: "piped",
    }).spawn();
    const reader = holder.stdout.getReader();
    await reader.read();
    await assertThrows(() => RunFolder.open(path), InputError, /another process is at work/);
    holder.kill("SIGKILL");
    await holder.status;
    await reader.cancel();
    (await RunFolder.open(path))[Symbol.dispose]();
  });
});

Deno.test("RunFolder.open() says what it misses in a folder that is no run, or whose settings are broken", async () => {
  await inTemporaryFolder(async (folder) => {
    await assertThrows(() => RunFolder.open(folder), InputError, /found no config\.json/);
    await Deno.writeTextFile(`${folder}/config.json`, '{"seed": 7');
    await assertThrows(() => RunFolder.open(folder), InputError, /its config\.json is not one/);
    await Deno.writeTextFile(`${folder}/config.json`, JSON.stringify({ ...config, architecture: "resnet" }));
    await assertThrows(() => RunFolder.open(folder), InputError, /Cannot set architecture to "resnet"/);
  });
});

Deno.test("readMetrics() gives what was added, without a line that a kill cut short", async () => {
  await inTemporaryFolder(async (folder) => {
    using run = await RunFolder.create(`${folder}/run`, config);
    assertEquals(await readMetrics(run.path), []);
    await run.addMetrics({ step: 1, "train/loss": 0.5 });
    await run.addMetrics({ step: 2, "train/loss": 0.25 });
    await Deno.writeTextFile(`${run.path}/metrics.jsonl`, '{"step":3,"train/lo', { append: true });
    assertEquals((await readMetrics(run.path)).map(({ step }) => step), [1, 2]);
    await run.dropMetricsAfter(1);
    await run.addMetrics({ step: 2, "train/loss": 0.75 });
    assertEquals((await readMetrics(run.path)).map((row) => row["train/loss"]), [0.5, 0.75]);
  });
});

Deno.test("RunFolder.create() takes a folder in which a run was killed before it began", async () => {
  await inTemporaryFolder(async (folder) => {
    await Deno.writeTextFile(`${folder}/.lock`, "");
    await Deno.writeTextFile(`${folder}/config.json.0a1b.tmp`, "{");
    using run = await RunFolder.create(folder, config);
    assertEquals(await readRunConfig(run.path), config);
  });
});

Deno.test("RunFolder.open() sweeps up what killed writes left, and nothing else", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = `${folder}/run`;
    (await RunFolder.create(path, config))[Symbol.dispose]();
    await Deno.mkdir(`${path}/checkpoints`);
    const left = (name: string) => `${path}/${name}.${crypto.randomUUID()}.tmp`;
    const swept = ["config.json", "report.html", "checkpoints/last-1.index", "checkpoints/best-12.index"].map(left);
    const kept = ["notes.tmp", "config.json.0a1b.tmp", "checkpoints/mine.tmp"].map((name) => `${path}/${name}`);
    for (const file of [...swept, ...kept]) await Deno.writeTextFile(file, "cut sh");
    (await RunFolder.open(path))[Symbol.dispose]();
    const there = await Promise.all([...swept, ...kept].map((file) => Deno.stat(file).then(() => true, () => false)));
    assertEquals(there, [...swept.map(() => false), ...kept.map(() => true)]);
  });
});

Deno.test("RunFolder.open() refuses checkpoints of an earlier version, in place of starting anew", async () => {
  await inTemporaryFolder(async (folder) => {
    (await RunFolder.create(`${folder}/run`, config))[Symbol.dispose]();
    await Deno.mkdir(`${folder}/run/checkpoints`);
    await Deno.writeTextFile(`${folder}/run/checkpoints/last.json`, "{}");
    for (let again = 0; again < 2; again++) { // the first lets go of the folder
      await assertThrows(() => RunFolder.open(`${folder}/run`), InputError, /an earlier version of posmap/);
    }
  });
});

Deno.test("RunFolder.open() that cannot sweep up says so, and opens the run", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = `${folder}/run`;
    (await RunFolder.create(path, config))[Symbol.dispose]();
    await Deno.mkdir(`${path}/config.json.${crypto.randomUUID()}.tmp/inside`, { recursive: true }); // not empty
    const warnings: string[] = [];
    using run = await RunFolder.open(path, { onWarning: (sentence) => warnings.push(sentence) });
    assertEquals(run.config, config);
    assertEquals(
      warnings.map((sentence) => sentence.startsWith(`Cannot remove what killed writes left in ${path}: `)),
      [true],
    );
  });
});

Deno.test("RunFolder.open() gives changed settings, and defaults for settings that are newer than the run", async () => {
  await inTemporaryFolder(async (folder) => {
    const { exampleSamples: _, ...older } = config;
    await Deno.writeTextFile(`${folder}/config.json`, JSON.stringify(older));
    {
      using run = await RunFolder.open(folder);
      assertEquals(run.config.exampleSamples, defaults.exampleSamples);
      await run.changeConfig({ ...config, steps: 1234 });
      assertEquals(run.config.steps, 1234);
    }
    assertEquals((await readRunConfig(folder)).steps, 1234);
  });
});

Deno.test("a damaged line of metrics.jsonl is passed over, and a resume sets the file aside with a warning", async () => {
  await inTemporaryFolder(async (folder) => {
    const path = `${folder}/run`;
    (await RunFolder.create(path, config))[Symbol.dispose]();
    const damaged = [
      "\0\0",
      "null",
      "[]",
      '{"step":"2"}',
      '{"step":2.5}',
      '{"step":2,"train/loss":null}',
      '{"train/loss":1}',
    ];
    const text = ['{"step":1,"train/loss":0.5}', ...damaged, '{"step":3,"train/loss":0.25}', '{"step":4,"tr'].join(
      "\n",
    );
    await Deno.writeTextFile(`${path}/metrics.jsonl`, text);
    const whole = [{ step: 1, "train/loss": 0.5 }, { step: 3, "train/loss": 0.25 }];
    assertEquals(await readMetrics(path), whole);
    const warnings: string[] = [];
    using run = await RunFolder.open(path, { onWarning: (sentence) => warnings.push(sentence) });
    await run.dropMetricsAfter(3);
    const [, aside] = /metrics\.jsonl has lines that cannot be read, such as line 2: it is kept as (.*)$/.exec(
      warnings[0]!,
    )!;
    assertEquals([warnings.length, await Deno.readTextFile(aside!)], [1, text]);
    assertEquals(
      await Deno.readTextFile(`${path}/metrics.jsonl`),
      '{"step":1,"train/loss":0.5,"crc32c":"629c818e"}\n{"step":3,"train/loss":0.25,"crc32c":"ca55ddfe"}\n',
    );
    await run.dropMetricsAfter(1); // nothing is damaged any more
    assertEquals([warnings.length, await readMetrics(path)], [1, whole.slice(0, 1)]);
  });
});

Deno.test("RunFolder.addMetrics() says in a sentence that the disk is full", async () => {
  await inTemporaryFolder(async (folder) => {
    using run = await RunFolder.create(`${folder}/run`, config);
    const write = Deno.writeTextFile;
    Deno.writeTextFile = () => Promise.reject(new Error("No space left on device (os error 28)"));
    try {
      await assertThrows(
        () => run.addMetrics({ step: 1 }),
        InputError,
        /^Cannot write .*metrics\.jsonl: No space left/,
      );
    } finally {
      Deno.writeTextFile = write;
    }
  });
});

Deno.test("readConfigFile() refuses a file that holds no object with settings", () =>
  inTemporaryFolder(async (folder) => {
    const path = `${folder}/config.json`;
    for (const text of ["[]", "7", "null", '"prnet"', "{", '{"stepz": 5}']) {
      await Deno.writeTextFile(path, text);
      await assertThrows(
        () => readConfigFile(path),
        InputError,
        /^Cannot use the settings in .*; a run's config\.json is/,
      );
    }
    await Deno.writeTextFile(path, '{"steps": 5}'); // an older one, or one by hand
    assertEquals((await readConfigFile(path)).steps, 5);
    const edited = (await sealJson(config, 2)).replace(/"steps": \d+/, '"steps": 6');
    await Deno.writeTextFile(path, edited);
    await assertThrows(
      () => readConfigFile(path),
      InputError,
      /SHA-256 differs; a run's config\.json is wanted, where it was edited without its last entry, sha256, and the comma/,
    );
    await Deno.writeTextFile(path, edited.replace(/,\s*"sha256": ".*"/, ""));
    assertEquals((await readConfigFile(path)).steps, 6);
  }));
