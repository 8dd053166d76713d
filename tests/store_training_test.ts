import { resolveConfig } from "@/lib/config.ts";
import { InputError, SettingError } from "@/lib/errors.ts";
import { resumeExperiment, startExperiment, type TrainReport } from "@/lib/experiment.ts";
import { readOnnx } from "@/lib/formats/onnx_file.ts";
import { openOnnxModel } from "@/lib/model/model_folder.ts";
import { readMetrics } from "@/lib/train/run_folder.ts";
import { standInModel, writeStandInSet } from "@/tests/data/sets/300w_lp/stand_in.ts";
import { buildStandInStore } from "@/tests/data/store/stand_in_store.ts";
import { assert, assertEquals, assertThrows } from "@/tests/support.ts";
import { readEvents, tensorBoard } from "@/tests/tensorboard.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

Deno.test("a run on a store learns, is stopped and goes on, names what is damaged, and is measured and reported", async () => {
  await using folder = await temporaryFolder();
  const [set, store, run] = [`${folder.path}/set`, `${folder.path}/store`, `${folder.path}/run`];
  await writeStandInSet(set, standInModel(), { subjects: 24, rotations: 5, side: 96 });
  await buildStandInStore(store, { set, photosPerShard: 8 });
  const damaged = `${store}/train-00001.shard`;
  const bytes = await Deno.readFile(damaged);
  bytes[bytes.length >> 1]! ^= 4;
  await Deno.writeFile(damaged, bytes);
  const config = resolveConfig("quick", {
    device: "cpu",
    source: { name: "store", path: store },
    imageSize: 64,
    width: 8,
    batchSize: 8,
    steps: 160,
    workers: 1,
    exampleSamples: 24,
    validationSamples: 64, // more than there are
    testSamples: 64,
    validateEvery: 40,
    checkpointEvery: 40,
  });
  const refused = new Set<string>();
  const reports: TrainReport[] = [];
  const stop = new AbortController();
  {
    using experiment = await startExperiment(config, { run, onRefused: (sentence) => refused.add(sentence) });
    for await (const report of experiment.train({ signal: stop.signal })) {
      reports.push(report);
      if (report.step === 60) stop.abort();
    }
  }
  assert(refused.size === 1 && [...refused][0]!.includes(damaged), [...refused].join("\n"));
  {
    using experiment = await resumeExperiment(run);
    for await (const report of experiment.train()) reports.push(report);
    const measurement = await experiment.evaluate();
    await experiment.save(measurement);
  }
  assertEquals(reports.map(({ step }) => step), [...Array(160).keys()].map((i) => i + 1));
  const errors = reports.flatMap(({ validation }) => validation ? [validation.nme68_2d] : []);
  assert(errors.length === 4 && errors.at(-1)! < 0.9 * errors[0]!, `${errors}`);
  assertEquals((await readMetrics(run)).filter((row) => "validation/nme68_2d" in row).length, 4);
  for (const file of ["report.html", "model/model.onnx", "model/posmap.json"]) {
    assert((await Deno.stat(`${run}/${file}`)).isFile);
  }

  if (tensorBoard) {
    const { images } = await readEvents(`${run}/events`);
    assert(Object.values(images).some((shown) => shown.length > 0), "no triples of validation faces");
  }

  { // neither is known of photos, nor is any of them without a face
    const settings = { ...config, expressionWeight: 1, augment: true, absentShare: 0.2, freeze: "trunk" } as const;
    const other = `${folder.path}/other`, refused = /Cannot set freeze to trunk: nothing else is there to learn/;
    await assertThrows(() => startExperiment(settings, { run: other, from: run }), SettingError, refused);
    using experiment = await startExperiment({ ...settings, freeze: "nothing" }, { run: other });
    await experiment.saveModel();
    assertEquals(readOnnx((await openOnnxModel(other)).network).outputs, ["positions", "landmarks"]);
  }

  await Deno.rename(store, `${store} elsewhere`);
  const moved = { source: { name: "store", path: `${store} elsewhere` } };
  {
    using experiment = await resumeExperiment(run, { overrides: { ...moved, steps: 161 } });
    for await (const { step } of experiment.train()) assertEquals(step, 161);
  }
  const gone = { source: { name: "store", path: store } };
  await assertThrows(
    () => resumeExperiment(run, { overrides: gone }),
    InputError,
    /store: it has no store\.json, a store/,
  );
});
