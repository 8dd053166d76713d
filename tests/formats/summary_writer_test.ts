import * as tf from "@tensorflow/tfjs";
import { InputError } from "@/lib/errors.ts";
import { SummaryWriter } from "@/lib/formats/summary_writer.ts";
import { Random } from "@/lib/random.ts";
import { execute, newTensor, openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import { assert, assertEquals, assertThrows } from "@/tests/support.ts";
import { type Histogram, readEvents, readHparams, tensorBoard } from "@/tests/tensorboard.ts";
import { temporaryFolder } from "@/tests/train/tiny.ts";

Deno.test({
  name: "TensorBoard reads the scalars, histograms and pictures that SummaryWriter writes",
  ignore: !tensorBoard,
  fn: async () => {
    await using folder = await temporaryFolder();
    const png = Uint8Array.from({ length: 300 }, (_, i) => i);
    {
      using writer = await SummaryWriter.open(`${folder.path}/run`);
      writer.scalar("train/loss ä", 0.25, 0);
      writer.scalar("train/loss ä", 0.125, 3_000_000);
      writer.scalar("validation/nme", 3.5, 2);
      writer.histogram("weights", [1, -2, 3.5, 0], 4);
      writer.image("pictures/triple", { width: 5, height: 3, png }, 6);
    }
    const { scalars, histograms, images } = await readEvents(`${folder.path}/run`);
    assertEquals(scalars, { "train/loss ä": [[0, 0.25], [3_000_000, 0.125]], "validation/nme": [[2, 3.5]] });
    const [{ step, statistics }] = histograms["weights"] as [Histogram];
    assertEquals([step, ...statistics], [4, -2, 3.5, 4, 2.5, 17.25]);
    assertEquals(images, { "pictures/triple": [[6, 5, 3, png.toBase64()]] });
  },
});

/** TensorFlow's own ops write a scalar and one histogram for each of these values. */
async function tensorFlowWrites(folder: string, histograms: readonly Float64Array[]): Promise<void> {
  await openTensorFlow({ device: "cpu" });
  tf.tidy(() => {
    const text = (value: string) => tf.scalar(value, "string");
    const [writer] = execute("SummaryWriter", { shared_name: folder, container: "" }, [], 1) as [tf.Tensor];
    const settings = [text(folder), tf.scalar(10, "int32"), tf.scalar(120_000, "int32"), text("")];
    execute("CreateSummaryFileWriter", {}, [writer, ...settings], 0);
    const step = newTensor("int64", [], BigInt64Array.of(3n));
    execute("WriteScalarSummary", { T: "float32" }, [writer, step, text("scalar"), tf.scalar(1 / 3)], 0);
    histograms.forEach((values, i) => {
      const tensor = newTensor("float64", [values.length], values);
      execute("WriteHistogramSummary", { T: "float64" }, [writer, step, text(`${i}`), tensor], 0);
    });
    execute("CloseSummaryWriter", {}, [writer], 0);
  });
}

Deno.test({
  name: "TensorBoard reads from SummaryWriter what it reads from TensorFlow's own ops, histograms' buckets too",
  ignore: !tensorBoard,
  fn: async () => {
    await using folder = await temporaryFolder();
    const random = new Random("histogram");
    const limits: number[] = [];
    for (let limit = 1e-12; limit < 1e20; limit *= 1.1) limits.push(limit);
    const histograms = [
      [],
      [0],
      [-0, 1e-300, -1e-300, 1e-12, -1e-12, 1e150, -1e150, 9.9e19, 1e20],
      limits, // of which each begins a bucket
      limits.map((limit) => -limit),
      limits.flatMap((limit) => [limit * (1 - 1e-15), -limit * (1 + 1e-15), limit * (1 + 1e-15)]),
      Array.from({ length: 10_000 }, () => random.uniform(-1, 1) ** 9),
      Array.from({ length: 1000 }, () => Math.fround(random.uniform(0.01, 0.02))),
    ].map((values) => Float64Array.from(values));
    {
      using writer = await SummaryWriter.open(`${folder.path}/ours`);
      writer.scalar("scalar", 1 / 3, 3);
      histograms.forEach((values, i) => writer.histogram(`${i}`, values, 3));
    }
    await tensorFlowWrites(`${folder.path}/theirs`, histograms);
    const [ours, theirs] = [await readEvents(`${folder.path}/ours`), await readEvents(`${folder.path}/theirs`)];
    assertEquals(Object.keys(theirs.histograms).length, histograms.length);
    assertEquals(ours, theirs);
  },
});

Deno.test({
  name: "TensorBoard's HParams page lists a run's settings and the metrics that SummaryWriter names",
  ignore: !tensorBoard,
  fn: async () => {
    await using folder = await temporaryFolder();
    const settings = { learningRate: 1e-4, batchSize: 16, model: "lite", augment: true };
    const start = Math.floor(Date.now() / 1000);
    {
      using writer = await SummaryWriter.open(`${folder.path}/first`);
      writer.hparams(settings, ["validation/nme"]);
      writer.scalar("validation/nme", 9, 1);
      writer.scalar("validation/nme", 3.5, 2);
      writer.finish();
    }
    const { experiment, sessions } = await readHparams(folder.path);
    const types = { augment: "BOOL", batchSize: "FLOAT64", learningRate: "FLOAT64", model: "STRING" };
    assertEquals(experiment, {
      hparamInfos: Object.entries(types).map(([name, type]) => ({ name, type: `DATA_TYPE_${type}` })),
      metricInfos: [{ name: { tag: "validation/nme" } }],
    });
    const session = sessions[0]!;
    assertEquals(Object.entries(session.hparams).sort(), Object.entries(settings).sort());
    assertEquals([session.metricValues[0]!.value, session.metricValues[0]!.trainingStep], [3.5, 2]);
    assertEquals(session.sessions[0]!.status, "STATUS_SUCCESS");
    const { endTimeSecs } = session.sessions[0]!;
    assert(endTimeSecs >= start && endTimeSecs <= Date.now() / 1000, `ended at ${endTimeSecs}, began at ${start}`);
    {
      using left = await SummaryWriter.open(`${folder.path}/second`);
      left.hparams({ ...settings, batchSize: 8 }, ["validation/nme"]);
    }
    const states = (await readHparams(folder.path)).sessions.map(({ hparams, sessions }) => [
      hparams["batchSize"],
      sessions[0]!.status,
    ]);
    assertEquals(states.sort(), [[16, "STATUS_SUCCESS"], [8, undefined]]);
  },
});

Deno.test({
  name: "a resumed run writes a file of its own, in place of what was written past its step",
  ignore: !tensorBoard,
  fn: async () => {
    await using folder = await temporaryFolder();
    {
      using writer = await SummaryWriter.open(folder.path);
      for (let step = 0; step < 5; step++) writer.scalar("loss", step, step);
    }
    const [first] = [...Deno.readDirSync(folder.path)];
    const path = `${folder.path}/${first!.name}`;
    await Deno.truncate(path, Deno.statSync(path).size - 5); // torn in the last record
    {
      using writer = await SummaryWriter.open(folder.path, { resumedAt: 2 });
      for (let step = 3; step < 6; step++) writer.scalar("loss", 10 * step, step);
    }
    assertEquals([...Deno.readDirSync(folder.path)].length, 2);
    assertEquals((await readEvents(folder.path)).scalars.loss, [[0, 0], [1, 1], [2, 2], [3, 30], [4, 40], [5, 50]]);
  },
});

Deno.test("what SummaryWriter is given is in the file at once, and a closed writer may be closed again", async () => {
  await using folder = await temporaryFolder();
  const writer = await SummaryWriter.open(folder.path);
  const [{ name }] = [...Deno.readDirSync(folder.path)] as [Deno.DirEntry];
  let size = 0;
  const assertGrown = () => {
    const before = size;
    size = Deno.statSync(`${folder.path}/${name}`).size;
    assert(size > before, `${name} still has ${size} bytes`);
  };
  assertGrown();
  for (
    const write of [
      () => writer.scalar("loss", 1, 1),
      () => writer.image("picture", { width: 1, height: 1, png: new Uint8Array(3) }, 1),
      () => writer.histogram("weights", [1], 1),
      () => writer.hparams({ a: 1 }, []),
      () => writer.finish(),
    ]
  ) {
    write();
    assertGrown();
  }
  writer.close();
});

Deno.test("SummaryWriter refuses a folder that it cannot make, and a value that is not finite", async () => {
  await using folder = await temporaryFolder();
  Deno.writeTextFileSync(`${folder.path}/file`, "");
  await assertThrows(() => SummaryWriter.open(`${folder.path}/file/run`), InputError, /file\/run/);
  using writer = await SummaryWriter.open(folder.path);
  for (const value of [NaN, Infinity]) {
    await assertThrows(() => writer.histogram("weights", [0, value], 0), RangeError, /weights.*not finite/);
  }
});

Deno.test("SummaryWriter says in a sentence that the disk is full, and can then be closed", async () => {
  await using folder = await temporaryFolder();
  const writer = await SummaryWriter.open(folder.path);
  writer.hparams({ a: 1 }, []);
  const { writeSync } = Deno.FsFile.prototype;
  try {
    Deno.FsFile.prototype.writeSync = () => {
      throw new Error("No space left on device (os error 28)");
    };
    await assertThrows(() => writer.scalar("loss", 1, 1), InputError, /Cannot write .*tfevents.*: No space left/);
    writer.close();
  } finally {
    Deno.FsFile.prototype.writeSync = writeSync;
  }
});
