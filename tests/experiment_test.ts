import * as tf from "@tensorflow/tfjs";
import sharp from "sharp";
import type { Config } from "@/lib/config.ts";
import { InputError } from "@/lib/errors.ts";
import { type Experiment, resumeExperiment, startExperiment, type TrainReport } from "@/lib/experiment.ts";
import { landmarkBox } from "@/lib/face/landmarks.ts";
import { writeObjModel } from "@/lib/face/obj/obj_files.ts";
import { readOnnx } from "@/lib/formats/onnx_file.ts";
import { CheckpointSeries } from "@/lib/formats/checkpoint_series.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { buildNetwork } from "@/lib/model/network.ts";
import { openOnnxModel, readDescription } from "@/lib/model/model_folder.ts";
import { openTrainedModel } from "@/lib/model/trained_model.ts";
import { openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import { readCheckpoint } from "@/lib/train/checkpoint.ts";
import { DivergenceError } from "@/lib/train/divergence.ts";
import { type MetricsRow, readMetrics, readRunConfig } from "@/lib/train/run_folder.ts";
import { writeNote } from "@/lib/train/run_note.ts";
import type { Triples } from "@/lib/view/training/face_triples.ts";
import { assertEvaluation } from "@/tests/evaluate/evaluation_shape.ts";
import { hasIct, ictFolder } from "@/tests/face/ict/ict_data.ts";
import { mean } from "@/lib/numbers.ts";
import { assert, assertAllClose, assertClose, assertEquals, assertThrows, withEnvironment } from "@/tests/support.ts";
import { readEvents, readHparams, tensorBoard } from "@/tests/tensorboard.ts";
import { saveTinyModel } from "@/tests/tasks/tiny_model.ts";
import { temporaryFolder, tinyConfig } from "@/tests/train/tiny.ts";

const tensorFlow = await openTensorFlow({ device: "cpu" });
const STEPS = 20;
const config = tinyConfig({
  steps: STEPS,
  schedule: "halve",
  l2: 1e-4,
  augment: true,
  absentShare: 0.2,
  averaging: 0.9,
  validationSamples: 2,
  width: 8, // at which some kernels are large enough for it
  optimizer: "muon",
});

/** What resuming may cost, relative to values near 1. */
const RESUMED_TOLERANCE = 1e-6;

async function trainTo(experiment: Experiment, step: number): Promise<TrainReport[]> {
  const stop = new AbortController();
  const reports: TrainReport[] = [];
  for await (const report of experiment.train({ signal: stop.signal })) {
    reports.push(report);
    if (report.step === step) stop.abort();
  }
  return reports;
}

async function tensorsOf(run: string): Promise<Record<string, Float32Array>> {
  const { tensors } = (await (await CheckpointSeries.open(`${run}/checkpoints/last`)).restore())!;
  const numeric = [...tensors.values()].filter(({ dtype }) => dtype !== "string");
  return Object.fromEntries(numeric.map(({ name, values }) => [name, values as Float32Array]));
}

function trainingRows(rows: readonly MetricsRow[]): [step: number, loss: number][] {
  return rows.flatMap((row) => row["train/loss"] === undefined ? [] : [[row.step, row["train/loss"]]]);
}

/** Two runs that the first test makes and the others go on with. */
const folder = await temporaryFolder();
Deno.test.afterAll(async () => await folder[Symbol.asyncDispose]());
let finishedTriples: Triples;
const whole = `${folder.path}/whole`;
const parted = `${folder.path}/parted`;

Deno.test("an experiment that was stopped, diverged and was resumed ends as an uninterrupted one", async () => {
  const counts = [tf.memory().numTensors, tensorFlow.handleCount];
  {
    using experiment = await startExperiment(config, { run: whole });
    assertEquals(
      (await trainTo(experiment, STEPS)).map(({ step }) => step),
      [...Array(STEPS).keys()].map((i) => i + 1),
    );
  }
  {
    using experiment = await startExperiment({ ...config, steps: 12 }, { run: parted });
    assertEquals((await trainTo(experiment, 10)).at(-1)!.step, 10);
    assertEquals(experiment.step, 10);
  }
  {
    const overrides: Partial<Config> = { steps: STEPS, learningRate: 1e38, workers: 1 };
    using experiment = await resumeExperiment(parted, { overrides });
    assertEquals(experiment.step, 10);
    await assertThrows(() => trainTo(experiment, STEPS), DivergenceError, /not finite|the loss is \S+ at step 1[1-9]/);
  }
  {
    using experiment = await resumeExperiment(parted, { overrides: { learningRate: config.learningRate } });
    assertEquals([experiment.step, experiment.config.steps, experiment.config.workers], [10, STEPS, 1]);
    await trainTo(experiment, STEPS);
  }
  assertEquals([tf.memory().numTensors, tensorFlow.handleCount], counts);

  const [wholeTensors, partedTensors] = [await tensorsOf(whole), await tensorsOf(parted)];
  assertEquals(Object.keys(partedTensors), Object.keys(wholeTensors));
  for (const kept of ["adam/second_moment/", "muon/moment/"]) {
    assert(Object.keys(partedTensors).some((name) => name.startsWith(kept)));
  }
  for (const [name, values] of Object.entries(wholeTensors)) {
    assertAllClose(partedTensors[name]!, values, RESUMED_TOLERANCE);
  }
  const [wholeRows, partedRows] = [trainingRows(await readMetrics(whole)), trainingRows(await readMetrics(parted))];
  assertEquals(partedRows.map(([step]) => step), [...Array(STEPS).keys()].map((i) => i + 1));
  assertAllClose(partedRows.flat(), wholeRows.flat(), RESUMED_TOLERANCE);
  const ofTerms = Object.keys((await readMetrics(parted))[0]!).filter((name) => name.startsWith("train/loss_"));
  assertEquals(ofTerms, ["position", "expression", "presence", "l2"].map((name) => `train/loss_${name}`));
});

Deno.test("a validation that a signal comes into is done when the training goes on, to the same end", async () => {
  await using folder = await temporaryFolder();
  const settings = tinyConfig({ steps: 4, validateEvery: 2 });
  const [straight, stopped] = [`${folder.path}/straight`, `${folder.path}/stopped`];
  {
    using experiment = await startExperiment(settings, { run: straight });
    await trainTo(experiment, 4);
  }
  {
    using experiment = await startExperiment(settings, { run: stopped });
    const stop = new AbortController();
    const signal = {
      get aborted() {
        return stop.signal.aborted;
      },
      throwIfAborted() {
        if (experiment.step === 2) stop.abort(); // within the validation
        stop.signal.throwIfAborted();
      },
    };
    const reports = await Array.fromAsync(experiment.train({ signal }));
    assertEquals(reports.map(({ step, validation }) => [step, validation !== undefined]), [[1, false], [2, false]]);
    assertEquals(experiment.savedStep, 2);
  }
  using experiment = await resumeExperiment(stopped);
  await trainTo(experiment, 4);
  const measured = async (run: string) =>
    (await readMetrics(run)).map((
      row,
    ) => [row.step, row["train/loss"], row["validation/loss"], row["validation/nme68_2d"]]);
  assertEquals(await measured(stopped), await measured(straight));
  const errors = (await readMetrics(straight)).flatMap((row) => row["validation/nme68_2d"] ?? []);
  assertEquals(errors.length, 2);
  const best = await readCheckpoint(await CheckpointSeries.open(`${straight}/checkpoints/best`));
  assertClose(mean(best!.progress.leastErrors!), Math.min(...errors), 1e-12);
});

Deno.test("a validation that is not finite ends the training, and neither log nor best checkpoint has any of it", async () => {
  await using folder = await temporaryFolder();
  const run = `${folder.path}/run`;
  {
    using experiment = await startExperiment(tinyConfig({ steps: 4, validateEvery: 2, checkpointEvery: 2 }), { run });
    await trainTo(experiment, 2);
  }
  const [last, best] = await Promise.all(["last", "best"].map((n) => CheckpointSeries.open(`${run}/checkpoints/${n}`)));
  const tensors = [...(await last!.restore())!.tensors.values()];
  // Averages that no training step uses, and that are finite: only what is predicted is not.
  const isMean = ({ name }: { readonly name: string }) => name.includes("moving_mean");
  assert(tensors.some(isMean));
  await last!.save(
    tensors.map((tensor) =>
      isMean(tensor) ? { ...tensor, values: (tensor.values as Float32Array).map(() => -3e38) } : tensor
    ),
  );
  const before = (await readCheckpoint(best!))!;
  using experiment = await resumeExperiment(run);
  await assertThrows(() => trainTo(experiment, 4), DivergenceError, /validation's error is not finite after step 4$/);
  assertEquals(await readCheckpoint(best!), before);
  assert(before.progress.leastErrors!.every(Number.isFinite));
  assertEquals((await readMetrics(run)).flatMap((row) => "validation/loss" in row ? row.step : []), [2]);
  assertEquals(experiment.savedStep, 2);
});

Deno.test("an evaluation ends with what its listener throws, and leaves the weights as they were", async () => {
  using experiment = await resumeExperiment(parted);
  const before = await tensorsOf(parted);
  for (const share of [0, 0.65, 0.7, 0.85]) {
    const counts = [tf.memory().numTensors, tensorFlow.handleCount];
    const onProgress = (done: number) => {
      if (done >= share) throw new InputError(`enough at ${share}`);
    };
    await assertThrows(() => experiment.evaluate({ onProgress }), InputError, new RegExp(`^enough at ${share}$`));
    assertEquals([tf.memory().numTensors, tensorFlow.handleCount], counts);
  }
  assertEquals(await tensorsOf(parted), before);
});

Deno.test("a finished experiment that is resumed measures and reports again, without training", async () => {
  using experiment = await resumeExperiment(parted);
  const before = await tensorsOf(parted);
  assertEquals((await trainTo(experiment, STEPS)).length, 0);
  const counts = [tf.memory().numTensors, tensorFlow.handleCount];
  finishedTriples = await experiment.triples();
  const measurement = await experiment.evaluate();
  const { evaluation } = measurement;
  await experiment.save(measurement);
  assertEquals([tf.memory().numTensors, tensorFlow.handleCount], counts);
  assertEquals(await tensorsOf(parted), before);
  assertEquals(evaluation.images, config.testSamples);
  assertEvaluation(evaluation, "dense", "expressions");
  const { expressionNames } = (await openOnnxModel(parted)).description;
  assertEquals(evaluation.expressions!.each.map(({ name }) => name), expressionNames);
  const html = await Deno.readTextFile(`${parted}/report.html`);
  assert(html.includes(evaluation.nme68_2d.mean.toFixed(2)), "the report lacks the error");
  const { summary, meanLandmarks, mirror, license } = (await openOnnxModel(parted)).description;
  assertEquals([summary!["seed"], summary!["source"], summary!["steps"]], [config.seed, "built-in", STEPS]);
  assertEquals([meanLandmarks.length, license], [68 * 3, "MIT"]);
  assert(mirror, "the built-in face is symmetric");
  const { left, top, width, height } = landmarkBox(Float32Array.from(meanLandmarks)); // in crop sides, about the middle
  assertClose(left + width / 2, 0.5, 1e-6, "the mean face's middle: it looks ahead");
  assertClose(meanLandmarks[3 * 30]!, 0.5, 1e-6, "the tip of its nose");
  assertClose(top + height / 2, 0.5, 0.15, "the mean face's middle");
  assertClose(Math.max(width, height), 0.5, 0.2, "the mean face's size");
  assertEquals(summary!["evaluation"], JSON.parse(JSON.stringify(evaluation)));
  await experiment.saveModel();
  assertEquals((await openOnnxModel(parted)).description.summary!["evaluation"], undefined);
});

Deno.test({
  name: "TensorBoard reads a resumed experiment's curves once, its histograms, settings and pictures",
  ignore: !tensorBoard,
  fn: async () => {
    const events = await readEvents(`${parted}/events`);
    const rows = await readMetrics(parted);
    assertEquals(events.scalars["train/loss"]!.map(([step]) => step), [...Array(STEPS).keys()].map((i) => i + 1));
    for (const [tag, points] of Object.entries(events.scalars)) {
      const wanted = rows.flatMap((row) => row[tag] === undefined ? [] : [[row.step, Math.fround(row[tag])]]);
      assertEquals(points, wanted);
    }
    for (
      const tag of [
        "train/loss_position",
        "train/learning_rate",
        "validation/loss",
        "validation/nme68_2d",
        "validation/nme68_3d",
      ]
    ) {
      assert(events.scalars[tag], `${tag} is missing`);
    }

    const network = buildNetwork(config, builtInFace().expressionNames.length);
    assertEquals(
      Object.keys(events.histograms).toSorted(),
      network.trainableWeights.map(({ originalName }) => `weights/${originalName}`).toSorted(),
    );
    network.dispose();
    const { maps, overlays } = finishedTriples;
    for (const [tag, triple] of [["maps/0", maps[0]!], ["overlays/1", overlays[1]!]] as const) {
      const [step, width, height, png] = events.images[tag]!.at(-1)!;
      assertEquals([step, width, height], [STEPS, triple.width, triple.height]);
      assertEquals([...await sharp(Uint8Array.fromBase64(png)).raw().toBuffer()], [...triple.rgb]);
    }
    assertEquals(
      Object.keys(events.images).toSorted(),
      ["maps", "masks", "overlays"].flatMap((name) => [`${name}/0`, `${name}/1`]),
    );

    const { sessions } = await readHparams(`${folder.path}`);
    assertEquals(sessions.length, 2);
    for (const { hparams, sessions: [session] } of sessions) {
      assertEquals(Object.keys(hparams).toSorted(), Object.keys(config).toSorted());
      assertEquals(session!.status, "STATUS_SUCCESS");
    }
  },
});

Deno.test("resumeExperiment() refuses settings that cannot change, and a checkpoint of another network", async () => {
  const refused: [Partial<Config>, RegExp][] = [
    [{ architecture: "prnet" }, /Cannot resume the run .*parted with architecture prnet: it was started with lite/],
    [{ seed: 8 }, /with seed 8: it was started with 7, and only steps, learningRate, /],
    [{ source: { name: "obj", path: "a" } }, /with source obj: it was started with built-in/],
    [{ batchSize: 3 }, /with batchSize 3: it was started with 2/],
    [{ maskWeights: { ...config.maskWeights, neck: 1 } }, /with maskWeights .*neck 1: it was started with .*neck 0/],
  ];
  for (const [overrides, message] of refused) {
    await assertThrows(() => resumeExperiment(parted, { overrides }), InputError, message);
  }
  const path = `${whole}/config.json`;
  const text = await Deno.readTextFile(path);
  const counts = [tf.memory().numTensors, tensorFlow.handleCount];
  await Deno.writeTextFile(path, JSON.stringify({ ...config, width: 12 }));
  await assertThrows(() => resumeExperiment(whole), InputError, /whole\/checkpoints\/last-1: it is of another network/);
  await Deno.writeTextFile(path, text);
  assertEquals([tf.memory().numTensors, tensorFlow.handleCount], counts);
});

Deno.test("an experiment whose first checkpoint never came starts again from step 0", async () => {
  const checkpoints = `${whole}/checkpoints`;
  await Deno.rename(checkpoints, `${checkpoints}-away`);
  await Deno.writeTextFile(`${whole}/metrics.jsonl`, '{"step":21,"train/lo', { append: true });
  const before = trainingRows(await readMetrics(whole));
  using experiment = await resumeExperiment(whole, { overrides: { steps: 2 } });
  assertEquals(experiment.step, 0);
  await trainTo(experiment, 2);
  const rows = trainingRows(await readMetrics(whole));
  assertEquals(rows.map(([step]) => step), [1, 2]);
  assertAllClose(rows.flat(), before.slice(0, 2).flat(), RESUMED_TOLERANCE);
});

Deno.test("an experiment that starts from given weights has them when it is resumed before its first checkpoint, and its model tells of them", async () => {
  const run = `${folder.path}/started`;
  const firstLoss = async (experiment: Experiment) => (await trainTo(experiment, 1))[0]!.loss;
  {
    using finished = await resumeExperiment(whole);
    await finished.saveModel();
  }
  (await startExperiment(config, { run, from: whole }))[Symbol.dispose]();
  using resumed = await resumeExperiment(run);
  assertEquals(resumed.step, 0);
  using straight = await startExperiment(config, { run: `${run} at once`, from: whole });
  const [after, wanted] = [await firstLoss(resumed), await firstLoss(straight)];
  assertClose(after, wanted, RESUMED_TOLERANCE);
  await resumed.saveModel();
  // deno-lint-ignore no-explicit-any -- what a summary holds is another's business
  const summaryOf = async (run: string): Promise<any> => (await readDescription(`${run}/model`)).summary;
  const { evaluation: _, ...making } = await summaryOf(whole);
  const { fingerprint, summary } = (await summaryOf(run)).from;
  assertEquals(summary, making);
  const [weights] = [...Deno.readDirSync(`${whole}/model`)].flatMap(({ name }) =>
    /^weights-(.*)\.bin$/.exec(name) ?? []
  )
    .slice(1);
  assertEquals(fingerprint, weights);

  const bare = `${folder.path}/bare`; // as where its first checkpoint found no room
  (await startExperiment(config, { run: bare, from: whole }))[Symbol.dispose]();
  await Deno.remove(`${bare}/checkpoints`, { recursive: true });
  await Deno.mkdir(`${bare}/checkpoints`);
  await assertThrows(
    () => resumeExperiment(bare),
    InputError,
    /bare: the weights that it was to begin with have not been/,
  );
});

Deno.test("an experiment learns from a teacher wherever that is, but not from another in its place, and names no place", async () => {
  await using other = await temporaryFolder();
  const run = `${folder.path}/taught`, [there, here] = [`${other.path}/there`, `${other.path}/here`];
  await saveTinyModel(there);
  {
    using experiment = await startExperiment({ ...config, steps: 4, teacher: there }, { run });
    await trainTo(experiment, 2);
    await experiment.saveModel();
  }
  const { summary } = await readDescription(`${run}/model`);
  assert(/^[0-9a-f]{64}$/.test(String(summary!["teacher"])), String(summary!["teacher"]));
  await Deno.rename(there, here);
  await assertThrows(() => resumeExperiment(run), InputError, /Cannot load .*there/);
  {
    using experiment = await resumeExperiment(run, { overrides: { teacher: here } });
    assertEquals((await trainTo(experiment, 3)).map(({ step }) => step), [3]);
  }
  await saveTinyModel(here, { seed: 8 });
  await assertThrows(() => resumeExperiment(run), InputError, /its teacher has changed since; bring back the model/);
  const without = () => resumeExperiment(run, { overrides: { teacher: "" } });
  await assertThrows(without, InputError, /with teacher none: it was started with one/);
});

Deno.test("an experiment whose last checkpoint is damaged goes on from the one before, with a word, to the same", async () => {
  const run = `${folder.path}/damaged`;
  {
    using experiment = await startExperiment({ ...config, steps: 4, checkpointEvery: 2 }, { run });
    await trainTo(experiment, 4);
  }
  const before = await tensorsOf(run);
  const path = `${run}/checkpoints/last-2.data-00000-of-00001`;
  const bytes = await Deno.readFile(path);
  bytes[bytes.length >> 1]! ^= 1;
  await Deno.writeFile(path, bytes);
  const warnings: string[] = [];
  using experiment = await resumeExperiment(run, { onWarning: (sentence) => warnings.push(sentence) });
  assertEquals([experiment.step, warnings.length], [2, 1]);
  assert(/last-2\.data-\S+: \S+ has another checksum.*last-1,/.test(warnings[0]!), warnings[0]);
  await trainTo(experiment, 4);
  const after = await tensorsOf(run);
  for (const [name, values] of Object.entries(before)) assertAllClose(after[name]!, values, RESUMED_TOLERANCE);
  assertEquals(trainingRows(await readMetrics(run)).map(([step]) => step), [1, 2, 3, 4]);
});

Deno.test("an experiment that has not been validated yet saves the weights that it would validate, averaged ones", async () => {
  const run = `${folder.path}/early`, settings = tinyConfig({ steps: 100, averaging: 0.9, learningRate: 3e-3 });
  using experiment = await startExperiment(settings, { run });
  await trainTo(experiment, 10); // at which averages have taken in all
  await experiment.saveModel();
  const saved = await tensorsOf(run), { network } = await openTrainedModel(run);
  for (const weight of network.trainableWeights) {
    const [name, values] = [weight.originalName, weight.read().dataSync() as Float32Array];
    assertEquals([...values], [...saved[`averages/${name}`]!]);
  }
  const [name] = network.trainableWeights.map(({ originalName }) => originalName);
  assert(saved[`weights/${name}`]!.some((value, i) => value !== saved[`averages/${name}`]![i]), "nothing was averaged");
  network.dispose();
});

Deno.test("an experiment says whether there is a face where augmentation has shown it crops without one", async () => {
  for (const augment of [false, true]) {
    const run = `${folder.path}/augmented-${augment}`;
    using experiment = await startExperiment(tinyConfig({ augment, absentShare: 0.2 }), { run });
    await experiment.saveModel();
    const { outputs } = readOnnx((await openOnnxModel(run)).network);
    assertEquals(outputs, ["positions", "landmarks", "expressions", ...augment ? ["presence"] : []]);
  }
});

Deno.test("an experiment that overfits is measured on its own batches, and learns them", async () => {
  const run = `${folder.path}/overfit`;
  const settings = tinyConfig({ overfitBatches: 1, steps: 160, validateEvery: 80 });
  using experiment = await startExperiment(settings, { run });
  const reports = await trainTo(experiment, settings.steps);
  const nmes = reports.flatMap(({ validation }) => validation?.nme68_2d ?? []);
  assert(reports.at(-1)!.loss < 0.2 * reports[0]!.loss, `loss ${reports[0]!.loss} → ${reports.at(-1)!.loss}`);
  assert(nmes.length === 2 && nmes[1]! < nmes[0]!, `NMEs ${nmes}`);
  const { evaluation } = await experiment.evaluate();
  assertEquals(evaluation.images, settings.batchSize);
  assertClose(evaluation.nme68_2d.mean, nmes[1]!, 1e-3, "the best weights' NME");
});

Deno.test("an experiment trains on any OBJ's face with another mask, and is resumed with both, but not with another face", async () => {
  const [run, path, moved] = [`${folder.path}/obj`, `${folder.path}/face`, `${folder.path}/moved`];
  await writeObjModel({ ...builtInFace(), identityModes: [], expressionModes: [], expressionNames: [] }, path);
  const maskWeights = { landmarks: 4, eyes: 2, nose: 2, mouth: 2, face: 1, neck: 1 };
  const settings = tinyConfig({ source: { name: "obj", path }, maskWeights, steps: 2 });
  {
    using experiment = await startExperiment(settings, { run });
    await trainTo(experiment, 2);
  }
  await Deno.rename(path, moved);
  const source = { name: "obj", path: moved };
  {
    using experiment = await resumeExperiment(run, {
      overrides: { steps: 3, maskWeights: { ...maskWeights }, source },
    });
    const resumed = experiment.config;
    assertEquals([experiment.step, resumed.maskWeights, resumed.source], [2, maskWeights, source]);
    await trainTo(experiment, 3);
    await experiment.save(await experiment.evaluate());
    const { summary, license } = await readDescription(`${run}/model`);
    assertEquals([summary!["source"], summary!["maskWeights"], license], ["obj", maskWeights, undefined]);
    const report = await Deno.readTextFile(`${run}/report.html`);
    assert(report.includes("landmarks 4, eyes 2, nose 2, mouth 2, face 1, neck 1"));
  }

  const [mesh, note] = [await Deno.readTextFile(`${moved}/head.obj`), await Deno.readTextFile(`${run}/source.json`)];
  const checkpoint = await tensorsOf(run);
  const counts = [tf.memory().numTensors, tensorFlow.handleCount];
  const refused = async (message: RegExp, path = moved) => {
    const overrides: Partial<Config> = { steps: 4, source: { name: "obj", path } };
    await assertThrows(() => resumeExperiment(run, { overrides }), InputError, message);
    assertEquals([tf.memory().numTensors, tensorFlow.handleCount], counts);
    assertEquals((await readRunConfig(run)).steps, 3);
  };
  await Deno.writeTextFile(`${moved}/head.obj`, mesh.replaceAll(/^vt (\S+) (\S+)$/gm, (_, u, v) => `vt ${v} ${1 - u}`));
  await refused(/^Cannot resume the run .*obj: the faces of its source obj have changed since; bring them back/);
  await Deno.writeTextFile(`${moved}/head.obj`, mesh);
  const { sha256: _, ...noted } = JSON.parse(note);
  await writeNote(run, { ...noted, landmarks: "outline" });
  await refused(
    /^Cannot resume the run .*: its landmarks were in the convention "outline", and would now be in "300w-lp"/,
  );
  const nowhere = `${folder.path}/nowhere`; // what the note alone tells is told before faces are looked for
  await Deno.writeTextFile(`${run}/source.json`, note.replace("300w-lp", "outline"));
  await refused(/^Cannot resume the run .*: its source\.json is not one \(its content is not what was saved/, nowhere);
  await writeNote(run, { ...noted, source: "ict" });
  await refused(/^Cannot resume the run .*: it was started with the source ict, not obj$/, nowhere);
  await Deno.writeTextFile(`${run}/source.json`, "{");
  await refused(/^Cannot resume the run .*: its source\.json is not one/, nowhere);
  assertEquals(await tensorsOf(run), checkpoint);

  await Deno.remove(`${run}/source.json`); // as runs were before
  (await resumeExperiment(run))[Symbol.dispose]();
  assertEquals(await Deno.readTextFile(`${run}/source.json`), note);
});

Deno.test("startExperiment() refuses ICT-FaceKit without a path or with a wrong one, and makes no folder", async () => {
  const run = `${folder.path}/refused`;
  const ict = (path?: string) => startExperiment({ ...config, source: { name: "ict", path } }, { run });
  await withEnvironment({ POSMAP_CACHE: `${folder.path}/empty cache` }, async () => {
    await assertThrows(
      () => ict(),
      InputError,
      /--source-path was not given, ICT-FaceKit's folder FaceXModel is wanted/,
    );
  });
  await assertThrows(() => ict(folder.path), InputError, new RegExp(`in ${folder.path}: no generic_neutral_mesh.obj`));
  await assertThrows(() => Deno.stat(run), Deno.errors.NotFound, /./);
});

Deno.test({
  name: "startExperiment() names the broken OBJ of ICT-FaceKit, and makes no folder",
  ignore: !hasIct,
  fn: async () => {
    const [run, broken] = [`${folder.path}/refused`, `${folder.path}/FaceXModel`];
    const original = `${await ictFolder()}/FaceXModel`;
    await Deno.mkdir(broken);
    for await (const { name } of Deno.readDir(original)) await Deno.symlink(`${original}/${name}`, `${broken}/${name}`);
    const text = await Deno.readTextFile(`${original}/identity000.obj`);
    await Deno.remove(`${broken}/identity000.obj`);
    await Deno.writeTextFile(`${broken}/identity000.obj`, text.replace(/^v \S+/m, "v NaN"));
    const settings: Config = { ...config, source: { name: "ict", path: broken } };
    await assertThrows(
      () => startExperiment(settings, { run }),
      InputError,
      /Cannot read .*FaceXModel\/identity000\.obj/,
    );
    await assertThrows(() => Deno.stat(run), Deno.errors.NotFound, /./);
  },
});

Deno.test("startExperiment() refuses a folder that holds a run, and leaves it as it was", async () => {
  const files = () => [...Deno.readDirSync(parted)].map(({ name }) => name).toSorted();
  const before = [files(), await Deno.readTextFile(`${parted}/config.json`)];
  await assertThrows(
    () => startExperiment({ ...config, seed: 8 }, { run: parted }),
    InputError,
    /parted: the folder is not empty\. Go on with its run by --resume, or name another by --run/,
  );
  assertEquals([files(), await Deno.readTextFile(`${parted}/config.json`)], before);
});
