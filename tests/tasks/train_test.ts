import { relative, resolve } from "node:path";
import { type Config, defaults, presets, resolveConfig } from "@/lib/config.ts";
import { storeSettings } from "@/lib/data/store/store_settings.ts";
import { InputError } from "@/lib/errors.ts";
import { resumeExperiment, startExperiment } from "@/lib/experiment.ts";
import { isThere } from "@/lib/files.ts";
import { TENSORFLOW_VERSION } from "@/lib/tensorflow/library/library.ts";
import { readMetrics, readRunConfig, RunFolder } from "@/lib/train/run_folder.ts";
import { codeCells, readNotebook, sourceOf } from "@/tasks/notebooks/notebook.ts";
import { attackRandom, attacks } from "@/tests/attacks/soak.ts";
import { assert, assertEquals, assertThrows } from "@/tests/support.ts";
import { endless, Lines, runTaskChild, spawnTask, taskEnds } from "@/tests/tasks/children.ts";
import { saveTinyModel } from "@/tests/tasks/tiny_model.ts";
import { canFakeDriver, FakeDriver } from "@/tests/tensorflow/library/fake_driver.ts";
import { temporaryFolder, tinyConfig } from "@/tests/train/tiny.ts";

const checkout = resolve(import.meta.dirname!, "../..");
const weights = `${import.meta.dirname}/../../data/weights/lite`;

Deno.test("deno task train refuses what it does not know in one sentence, exit status 2, and makes no folder", async () => {
  await using folder = await temporaryFolder();
  const run = `${folder.path}/run`;
  const tiny = ["--fast-dev-run", "--workers", "0"];
  const apart: [string[], RegExp][] = [
    [["--stepz", "5"], /unknown option '--stepz'/],
    [
      ["--source", "paintings"],
      /Cannot open the source "paintings": the sources are built-in, ict, model, obj, 300w-lp, store/,
    ],
    [["--config", run], /Cannot use the settings in .*: .*; a run's config\.json is wanted/],
    [["--resume"], new RegExp(`Cannot open the run ${run}: found no config\\.json there, which every run has`)],
    [["--dry-run", "--processes", "2", "--xla", "on"], /Cannot set --xla to on: ranks exchange gradients /],
    [["--processes", "0"], /Cannot set --processes to "0": a whole number from 1 is wanted/],
  ];
  const refused: typeof apart = [
    ...apart,
    [["fast"], /Cannot train the preset "fast": the presets are prnet, lite, heatmap, quick/],
    [["toString"], /Cannot train the preset "toString"/],
    [["--architecture", "resnet"], /Cannot train the architecture "resnet": there are prnet, lite and heatmap/],
    [["--steps", "many"], /Cannot set --steps to "many": a whole number from 1 is wanted/],
    [["--image-size", "abc"], /Cannot set --image-size to "abc": 64, 128 or 256 is wanted/],
    [["--steps", "0"], /Cannot set --steps to 0: a whole number from 1 is wanted/],
    [["--batch-size", "2.5"], /Cannot set --batch-size to 2\.5: a whole number from 1 is wanted/],
    [["--image-size", "100"], /Cannot set --image-size to 100: 64, 128 or 256 is wanted/],
    [["--device", "tpu"], /Cannot set --device to "tpu": auto, cpu, gpu, or such as gpu:1 .* is wanted/],
    [["--device", "gpu:one"], /Cannot set --device to "gpu:one": /],
    [["--xla", "yes"], /Cannot set --xla to "yes": auto, on or off is wanted/],
    [["--xla", "on", "--backend", "webgpu"], /Cannot set --xla to on: .* the backend is webgpu/],
    [["--precision", "bfloat16", "--backend", "webgpu"], /Cannot set --precision to bfloat16: .* backend is webgpu/],
    [["--optimizer", "sgd"], /Cannot set --optimizer to "sgd": adam or muon is wanted/],
    [["--loss", "huber"], /Cannot set --loss to "huber": mse or l1 is wanted/],
    [["--schedule", "step"], /Cannot set --schedule to "step": halve or cosine is wanted/],
    [["--encoding", "uv"], /Cannot set --encoding to "uv": paper, centered or prnet is wanted/],
    [["--validate-every", "0"], /Cannot set --validate-every to 0: a whole number from 1 is wanted/],
    [["--l2", "-1"], /Cannot set --l2 to -1: a number from 0 is wanted/],
    [["--learning-rate", "0"], /Cannot set --learning-rate to 0: a number above 0 is wanted/],
    [["--mask-weights", "1:2:3:-1"], /Cannot set --mask-weights to landmarks 1, .*: a number from 0 for each of /],
    [["quick", "again"], /too many arguments/],
    [
      ["--resume", "--fast-dev-run"],
      /Cannot use both --resume and --fast-dev-run: a run goes on with its own settings/,
    ],
    [["--grad-accumulate", "0"], /Cannot set --grad-accumulate to 0: a whole number from 1 is wanted/],
    [["--max-time", "1 h"], /Cannot set --max-time to "1 h": a time is wanted, such as 90m, 1h30m or 23:50:00/],
    [["--max-time", "0m"], /Cannot set --max-time to "0m"/],
    [["--join-time", "soon"], /Cannot set --join-time to "soon": a time is wanted/],
    [["lite", "--config", run], /Cannot use --config with a preset or --resume/],
    [["--dry-run", "--source", "obj"], /Cannot open the source obj: --source-path was not given/],
    [["--resume", "lite"], /Cannot resume with the preset lite: a run goes on with its own settings/],
    [["--rank", "1"], /Cannot be rank 1: --cluster names the ranks' addresses/],
    [
      ["--cluster", "a:1,b:1", "--rank", "0", "--backend", "webgpu"],
      /Cannot set --backend to webgpu: ranks train together on /,
    ],
    [["--cluster", "a:1,b:1", "--rank", "0", "--xla", "on"], /Cannot set --xla to on: ranks exchange gradients /],
    [["--source-path", "a"], /Cannot open the source built-in: it takes no --source-path, which was given$/m],
    [["--source-model", "a"], /Cannot open the source built-in: it takes no --source-model, which was given$/m],
    [
      ["--source", "obj", "--source-path", "faces/none"],
      /^Cannot read faces\/none: there is no such file or folder; a folder with a face\.json is wanted$/m,
    ],
    [
      ["--from", import.meta.filename!],
      /Cannot load \S+: it is a file, and the folder of a trained model or of a run is/,
    ],
    [["--from", `${run}/none`], /Cannot load .*none\/model\.json: there is no such file; a trained model's folder has/],
    [
      ["prnet", "--from", weights, "--width", "4", ...tiny],
      /Cannot start from .*lite with --architecture prnet: that model has heatmap/,
    ],
    [["--shots", "4"], /Cannot set --shots to 4 without --augment true: it is of augmented crops alone/],
    [["--absent-share", "0.1"], /Cannot set --absent-share to 0\.1 without --augment true/],
    [["--freeze", "trunk"], /Cannot freeze the trunk of a new network: --from names the model that has learned it/],
    [
      ["--from", weights, "--freeze", "trunk", "--expression-weight", "0", "--absent-share", "0"],
      /Cannot set --freeze to trunk: nothing else is there to learn/,
    ],
    [
      ["--from", weights, "--freeze", "trunk", ...tiny],
      /Cannot set --freeze to trunk: .*lite has learned maps of another surface than these faces'/,
    ],
    [["--teacher", `${run}/none`], /Cannot load .*none\/model\.json: there is no such file/],
    [
      ["--teacher", weights, "--image-size", "64", "--width", "4", ...tiny],
      /Cannot learn from .*lite with --image-size 64: that model has 128/,
    ],
    [["--teacher", weights, "--width", "4", ...tiny], /Cannot learn from .*lite: its maps are of another surface/],
    [["--teacher-share", "2"], /Cannot set --teacher-share to 2: a number from 0 to 1 is wanted/],
    [["--lids", "true"], /Cannot set --lids to true: what moves them is seen with --eyes true alone/],
    [
      ["prnet", "--eyes", "true"],
      /Cannot set --eyes to true: they are seen by lite and heatmap, with --expression-weight/,
    ],
    [["--from", weights, "--width", "8", ...tiny], /Cannot start from .*lite with --width 8: that model has 12/],
    [["--from", weights, "--width", "8", "--dry-run", ...tiny], /Cannot start from .*lite with --width 8: that model/],
    [["weights", "--source", "built-in", ...tiny], /Cannot learn from .*large: its maps are of another surface/],
  ];
  const lists = [...refused.map(([flags]) => flags), ["--help"]].map((flags) => [...flags, "--run", run]);
  const ends = await taskEnds("train", lists, { apart: apart.length });
  const help = ends.pop()!;
  const lacking = Object.keys(defaults).filter((name) =>
    !help.stdout.includes(`--${name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`)} <`)
  );
  assertEquals([help.code, lacking], [0, []]);
  ends.forEach(({ code, stdout, stderr }, i) => {
    const [flags, message] = refused[i]!;
    assert(message.test(stderr), `${flags}: ${stderr}`);
    assertEquals([code, stdout, stderr.replace(/^(Opening|Taking) .*\n/gm, "").split("\n").length], [2, "", 2]);
  });
  assertEquals([...Deno.readDirSync(folder.path)], []);
});

Deno.test("deno task train leaves what is where its run would be as it was, a file or a folder", async () => {
  await using folder = await temporaryFolder();
  await Deno.writeTextFile(`${folder.path}/notes`, "mine");
  for (const run of ["notes", "notes/run"]) {
    const { code, stderr } = await runTaskChild("train", "--run", run, "--fast-dev-run", { folder: folder.path });
    const sentence = `Cannot start a run in ${run}: a file is where a folder is wanted; name another folder by --run\n`;
    assertEquals([code, stderr], [2, `Opening the faces and the network\n${sentence}`]);
    assertEquals(await Deno.readTextFile(`${folder.path}/notes`), "mine");
  }
  await Deno.mkdir(`${folder.path}/empty`);
  const flags = ["--run", "empty", "--source", "obj", "--source-path", "missing.obj"];
  assertEquals((await runTaskChild("train", ...flags, { folder: folder.path })).code, 2);
  assertEquals([...Deno.readDirSync(folder.path)].map(({ name }) => name).sort(), ["empty", "notes"]);
});

Deno.test("deno task train does not advise to allow more where Deno keeps it from a place", async () => {
  for (const flag of ["--fast-dev-run", "--resume"]) {
    const { code, stderr } = await runTaskChild("train", "--run", "/proc/x", flag);
    assertEquals(code, 2);
    assert(/Cannot (start a run in|open the run) \/proc\/x: [^\n]+\n$/.test(stderr), stderr);
    assert(!/allow|access/i.test(stderr), stderr);
  }
});

Deno.test("deno task train ends at a signal that comes while it evaluates, with its last checkpoint and without a model", async () => {
  await using folder = await temporaryFolder();
  const run = `${folder.path}/run`;
  (await RunFolder.create(`${folder.path}/many`, tinyConfig({ steps: 2, testSamples: 2000 })))[Symbol.dispose]();
  await using child = spawnTask("train", "--config", `${folder.path}/many/config.json`, "--run", run);
  const [stdout, stderr] = [new Lines(child.stdout), new Lines(child.stderr)];
  await stderr.until(/\nEvaluating on 2000 faces/);
  child.kill("SIGTERM");
  assertEquals([(await child.status).code, await stdout.end()], [143, ""]);
  assert(
    /\nStopped after step 2\. To go on: deno task .*train --resume --run \S+\n$/.test(await stderr.end()),
    stderr.text,
  );
  assert(
    /^step 2\/2 {2}loss [\d.]+ {2}of positions [\d.]+, in validation [\d.]+ {2}NME /m.test(stderr.text),
    stderr.text,
  );
  assertEquals([...Deno.readDirSync(run)].filter(({ name }) => /model|report/.test(name)), []);
  using experiment = await resumeExperiment(run);
  assertEquals([experiment.step, experiment.savedStep], [2, 2]);
});

Deno.test("deno task train ends at a signal with a checkpoint, says how to go on, and what is damaged when it does", async () => {
  await using folder = await temporaryFolder();
  const run = `${folder.path}/a run`;
  let flags = [...endless, "--run", "a run"];
  let steps = 0;
  for (const [signal, code] of [["SIGINT", 130], ["SIGTERM", 143], ["SIGHUP", 143], ["SIGUSR1", 75]] as const) {
    await using child = spawnTask("train", ...flags, { folder: folder.path });
    const [stdout, stderr] = [new Lines(child.stdout), new Lines(child.stderr)];
    await stderr.until(/\nstep \d+\/.*\n/);
    await assertThrows(() => resumeExperiment(run), InputError, /a run: another process is at work in it/);
    await assertThrows(() => startExperiment(tinyConfig(), { run }), InputError, /run: the folder is not empty/);
    child.kill(signal);
    assertEquals((await child.status).code, code);
    assertEquals(await stdout.end(), "");
    const [, step, line] = /Stopped after step (\d+)\. To go on: (.*) --resume --run 'a run'\n$/.exec(
      await stderr.end(),
    )!;
    assertEquals(line, `deno task --config ${relative(folder.path, checkout)}/deno.json train`);
    assert(Number(step) > steps, `${step} after ${steps}`);
    steps = Number(step);
    flags = ["--resume", "--run", "a run"];
  }
  const warnings: string[] = [];
  {
    using experiment = await resumeExperiment(run, { onWarning: (sentence) => warnings.push(sentence) });
    assertEquals([experiment.step, warnings], [steps, []]);
  }
  const rehearsal = await runTaskChild("train", "--resume", "--dry-run", "--run", run, "--width", "8");
  assertEquals(rehearsal.code, 2);
  assert(
    /^Cannot resume the run .*a run with --width 8: it was started with 4/m.test(rehearsal.stderr),
    rehearsal.stderr,
  );
  const checkpoints = [...Deno.readDirSync(`${run}/checkpoints`)].map(({ name }) => name);
  const newest = Math.max(...checkpoints.map((name) => Number(/^last-(\d+)\.index$/.exec(name)?.[1] ?? 0)));
  await Deno.truncate(`${run}/checkpoints/last-${newest}.index`, 10);
  await using child = spawnTask("train", "--resume", "--run", run);
  const [stdout, stderr] = [new Lines(child.stdout), new Lines(child.stderr)];
  await stderr.until(new RegExp(`\nCannot read .*last-${newest}\\.index: .* is used in its place\n(.*\n)*step \\d+/`));
  child.kill("SIGTERM");
  assertEquals((await child.status).code, 143);
  await Promise.all([stdout.end(), stderr.end()]);
});

Deno.test("deno task train --max-time ends with a checkpoint and exit status 75, and goes on when it is resumed", async () => {
  await using folder = await temporaryFolder();
  let run: string, step: string | undefined;
  for (let seconds = 4; step === undefined; seconds *= 2) { // a slow machine has not begun by then
    run = `${folder.path}/${seconds}`;
    const { code, stderr } = await runTaskChild("train", ...endless, "--run", run, "--max-time", `${seconds}s`);
    assertEquals(code, 75);
    step = /\nStopping; .*\n(?:.*\n)*Stopped after step (\d+)\. To go on: /.exec(stderr)?.[1];
  }
  using experiment = await resumeExperiment(run!);
  assertEquals(experiment.step, Number(step));
});

Deno.test({
  name: "deno task train says what keeps it from a GPU, and makes no folder",
  ignore: !canFakeDriver,
  fn: async () => {
    await using folder = await temporaryFolder();
    await using driver = await FakeDriver.make();
    const library = `${folder.path}/tensorflow-${TENSORFLOW_VERSION}-gpu/tensorflow`;
    await Deno.mkdir(library, { recursive: true });
    await Deno.writeTextFile(`${library}/libtensorflow_cc.so.2`, "is not opened");
    const run = `${folder.path}/run`;
    const train = async (device: string, environment: Record<string, string>) => {
      const surroundings = { environment: { ...environment, POSMAP_CACHE: folder.path, TENSORFLOW_LIBRARY: "" } };
      const { code, stderr } = await runTaskChild("train", ...endless, "--device", device, "--run", run, surroundings);
      assertEquals(code, 2);
      return stderr.trimEnd().split("\n").at(-1);
    };
    const old = await train("auto", driver.environment({ VERSION: 11_040 }));
    assert(/^Cannot use a GPU: NVIDIA's driver is for CUDA 11\.4 or older/.test(old!), old);
    const hidden = await train("gpu:1", { ...driver.environment({ INIT: 100 }), CUDA_VISIBLE_DEVICES: "-1" });
    assert(/^Cannot use a GPU: .* finds no GPU\. CUDA_VISIBLE_DEVICES is "-1"/.test(hidden!), hidden);
    assert(!await isThere(run), "a folder was made");
  },
});

Deno.test("deno task train --dry-run says what a training would take, and writes nothing", async () => {
  await using folder = await temporaryFolder();
  const run = `${folder.path}/run`;
  const flags = [
    "--fast-dev-run",
    "--width",
    "4",
    "--steps",
    "7200",
    "--grad-accumulate",
    "2",
    "--device",
    "cpu",
    "--run",
    run,
  ];
  const rank = ["--cluster", "a:2222,b:2222", "--rank", "1"];
  for (const [given, memory] of [[[], /^\d+\.\d GB$/], [rank, /^\d+\.\d GB of each of 2 processes$/]] as const) {
    const { code, stdout } = await runTaskChild("train", ...flags, ...given, "--dry-run");
    assertEquals(code, 0);
    const rows = new Map(stdout.trim().split("\n").map((row) => [row.slice(0, 18).trim(), row.slice(19)]));
    assertEquals([rows.get("steps"), rows.get("gradAccumulate")], ["7200", "2"]);
    const facts = [["device", /CPU/], ["memory", memory], ["a step", /^[\d.]+ s$/], ["in all", /min/]] as const;
    for (const [name, pattern] of facts) assert(pattern.test(rows.get(name)!), `${name}: ${rows.get(name)}`);
  }
  assertEquals([...Deno.readDirSync(folder.path)], []);
});

Deno.test("deno task train --from learns at a tenth of a preset's rate, at that of a run's settings, and at the given one", async () => {
  await using folder = await temporaryFolder();
  const model = `${folder.path}/model`, settings = `${folder.path}/config.json`;
  await saveTinyModel(model);
  await Deno.writeTextFile(settings, JSON.stringify(tinyConfig({ learningRate: 3e-4 })));
  const flags = ["--from", model, "--fast-dev-run", "--workers", "0", "--device", "cpu", "--dry-run"];
  const rates: [string[], number][] = [
    [[], Number((presets.quick.learningRate / 10).toPrecision(2))],
    [["--config", settings], 3e-4],
    [["--config", settings, "--learning-rate", "2e-3"], 2e-3],
  ];
  for (const [given, rate] of rates) {
    const { code, stdout, stderr } = await runTaskChild("train", ...flags, ...given);
    assert(code === 0, stderr);
    assertEquals(Number(/^learningRate +(\S+)$/m.exec(stdout)?.[1]), rate);
  }
});

Deno.test("deno task train --config repeats notebook 04's experiment, here with smaller batches, to the same losses", async () => {
  await using folder = await temporaryFolder();
  const cells = codeCells(await readNotebook(`${import.meta.dirname}/../../notebooks/04_train.ipynb`)).map(sourceOf);
  const cell = cells.find((source) => source.includes("const config = "))!.replace("store: string", "store");
  const AsyncFunction = (async () => {}).constructor as FunctionConstructor;
  const whole: Config = await new AsyncFunction("resolveConfig", "storeSettings", `${cell}; return config;`)(
    resolveConfig,
    storeSettings,
  );
  const config = { ...whole, batchSize: 4, workers: 0, exampleSamples: 8 };
  const [first, second] = [`${folder.path}/notebook`, `${folder.path}/task`];
  const lossesOf = async (run: string) => (await readMetrics(run)).flatMap((row) => row["train/loss"] ?? []);
  const count = 4;
  {
    const stop = new AbortController();
    using experiment = await startExperiment(config, { run: first });
    for await (const { step } of experiment.train({ signal: stop.signal })) if (step === count) stop.abort();
  }
  await using child = spawnTask("train", "--config", `${first}/config.json`, "--run", second);
  const [stdout, stderr] = [new Lines(child.stdout), new Lines(child.stderr)];
  await stderr.until(/weights\n/);
  while ((await lossesOf(second)).length < count) await new Promise((resolve) => setTimeout(resolve, 50));
  child.kill("SIGTERM");
  assertEquals((await child.status).code, 143);
  await Promise.all([stdout.end(), stderr.end()]);
  const losses = await lossesOf(first);
  assertEquals([losses.length, (await lossesOf(second)).slice(0, count)], [count, losses]);
});

Deno.test("a training that is killed at any moment can be resumed, and loses at most the step at work", async () => {
  await using folder = await temporaryFolder();
  const run = `${folder.path}/run`;
  const random = attackRandom("kills");
  let flags = [...endless, "--run", run];
  let reached = 0;
  for (let kill = 0; kill < attacks(6, 200); kill++) {
    await using child = spawnTask("train", ...flags, "--workers", `${kill % 2}`);
    const [stdout, stderr] = [new Lines(child.stdout), new Lines(child.stderr)];
    await stderr.until(kill === 0 ? /weights\n/ : /\nstep \d+\/.*\n/); // at first, most often before the first step
    await new Promise((resolve) => setTimeout(resolve, random.uniform(0, 300)));
    child.kill("SIGKILL");
    await child.status;
    await stdout.end();
    const shown = [...(await stderr.end()).matchAll(/^step (\d+)\//gm)].map(([, step]) => Number(step));
    if (shown.length > 0) assertEquals(shown[0], Math.max(reached + 1, shown[0]!));
    reached = Math.max(reached, ...shown);
    flags = ["--resume", "--run", run];
  }
  assert(reached >= 5, `only ${reached} steps`);
  using experiment = await resumeExperiment(run);
  assert(experiment.step >= reached, `${experiment.step} after ${reached}`);
  assertEquals((await readRunConfig(run)).steps, 100000);
  const stop = new AbortController();
  for await (const _ of experiment.train({ signal: stop.signal })) stop.abort();
  const rows = (await readMetrics(run)).filter((row) => "train/loss" in row).map(({ step }) => step);
  assertEquals(rows, Array.from({ length: experiment.step }, (_, i) => i + 1));
});

Deno.test("a training that diverges at once keeps nothing of it, and says how it can begin again", async () => {
  await using folder = await temporaryFolder();
  const run = `${folder.path}/a run`;
  const tiny = ["--fast-dev-run", "--width", "4", "--workers", "0", "--device", "cpu"];
  const flags = [...tiny, "--learning-rate", "1e38", "--run", "a run"];
  const { code, stderr } = await runTaskChild("train", ...flags, { folder: folder.path });
  const [, command] =
    /\nTraining stopped: .* is not finite .*\. There is no checkpoint yet\. To begin again .*: (.*)\n$/
      .exec(stderr)!;
  const again = `deno task --config ${relative(folder.path, checkout)}/deno.json train --resume --run 'a run'`;
  assertEquals([code, command], [2, `${again} --learning-rate 0.002`]);
  assert(!/null|validation/.test(await Deno.readTextFile(`${run}/metrics.jsonl`)));
  using experiment = await resumeExperiment(run, { overrides: { learningRate: 0.002 } });
  assertEquals([experiment.step, experiment.savedStep], [0, undefined]);
  for await (const { validation } of experiment.train()) assert(Number.isFinite(validation?.nme68_2d));
  assertEquals(experiment.savedStep, 2);
});

Deno.test("deno task train says in a sentence that a disk is full, and goes on when there is room", async () => {
  await using folder = await temporaryFolder();
  const run = `${folder.path}/run`;
  /** As if files could not grow beyond these blocks of 512 bytes. */
  const train = async (blocks: string, ...flags: string[]): Promise<[code: number, sentence: string]> => {
    const { code, stderr } = await runTaskChild("train", "--device", "cpu", "--run", run, ...flags, { blocks });
    return [code, stderr.trimEnd().split("\n").at(-1)!];
  };
  const refusal = (path: string) => new RegExp(`^Cannot write ${run}/${path}: File too large`);
  const refused = async (blocks: string, path: string, ...flags: string[]) => {
    const [code, sentence] = await train(blocks, ...flags);
    assert(code === 2 && refusal(path).test(sentence), `${code}: ${sentence}`);
  };
  const fresh = ["--fast-dev-run", "--width", "4", "--workers", "0", "--expression-weight", "0"];
  await refused("0", "config\\.json", ...fresh);
  await refused("8", "events/.*", ...fresh);
  assertEquals((await train("unlimited", "--resume"))[0], 0);
  await Deno.remove(`${run}/report.html`);
  await refused("5000", "report\\.html", "--resume"); // more than checkpoint and model have
  assertEquals((await readMetrics(run)).filter((row) => "train/loss" in row).map(({ step }) => step), [1, 2]);
  assertEquals((await train("unlimited", "--resume"))[0], 0);
  await Deno.stat(`${run}/report.html`);
});
