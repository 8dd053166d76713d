import * as tf from "@tensorflow/tfjs";
import sharp from "sharp";
import { InputError } from "@/lib/errors.ts";
import { openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import { SummaryWriter } from "@/lib/tensorflow/files/summaries.ts";
import { assert, assertClose, assertEquals, assertThrows } from "@/tests/support.ts";
import { readEvents, readHparams, tensorBoard } from "@/tests/tensorboard.ts";

const tensorFlow = await openTensorFlow({ device: "cpu" });

async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await Deno.makeTempDir();
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

Deno.test({
  name: "TensorBoard reads the scalars, histograms, pictures and texts that SummaryWriter writes",
  ignore: !tensorBoard,
  fn: async () => {
    await using folder = await temporaryFolder();
    const rgb = Uint8Array.from({ length: 5 * 3 * 3 }, (_, i) => i * 5);
    const values = tf.tensor2d([[1, -2], [3.5, 0]]);
    {
      using writer = await SummaryWriter.open(`${folder.path}/run`);
      writer.scalar("train/loss", 0.25, 0);
      writer.scalar("train/loss", 0.125, 3_000_000);
      writer.scalar("validation/nme", 3.5, 2);
      writer.histogram("weights", values, 4);
      writer.image("pictures/triple", { width: 5, height: 3, rgb }, 6);
      writer.text("notes", "**bold** – ä", 1);
    }
    values.dispose();
    const { scalars, histograms, images, texts } = await readEvents(`${folder.path}/run`);
    assertEquals(scalars, { "train/loss": [[0, 0.25], [3_000_000, 0.125]], "validation/nme": [[2, 3.5]] });
    assertEquals(histograms, { weights: [[4, -2, 3.5, 4, 2.5]] });
    assertEquals(texts, { notes: [[1, "**bold** – ä"]] });
    const [step, width, height, png] = images["pictures/triple"]![0]!;
    assertEquals([step, width, height], [6, 5, 3]);
    const decoded = await sharp(Uint8Array.from(atob(png), (c) => c.charCodeAt(0))).raw().toBuffer();
    assertEquals([...decoded], [...rgb]);
  },
});

Deno.test({
  name: "TensorBoard's HParams page lists a run's settings and the metrics that SummaryWriter names",
  ignore: !tensorBoard,
  fn: async () => {
    await using folder = await temporaryFolder();
    const settings = { learningRate: 1e-4, batchSize: 16, model: "lite", augment: true };
    {
      using writer = await SummaryWriter.open(`${folder.path}/first`);
      writer.hparams(settings, ["validation/nme"]);
      writer.scalar("validation/nme", 9, 1);
      writer.scalar("validation/nme", 3.5, 2);
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
    assertClose(session.sessions[0]!.endTimeSecs, Date.now() / 1000, 600);
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

Deno.test("SummaryWriter leaves no tensor and no handle, and what is flushed is in the file", async () => {
  await using folder = await temporaryFolder();
  const before = [tf.memory().numTensors, tensorFlow.handleCount];
  const writer = await SummaryWriter.open(folder.path);
  const [{ name }] = [...Deno.readDirSync(folder.path)] as [Deno.DirEntry];
  const size = () => Deno.statSync(`${folder.path}/${name}`).size;
  const opened = size();
  writer.scalar("loss", 1, 1);
  writer.image("picture", { width: 1, height: 1, rgb: new Uint8Array(3) }, 1);
  writer.text("text", "text", 1);
  writer.hparams({ a: 1 }, []);
  writer.flush();
  assert(size() > opened);
  const flushed = size();
  writer.close();
  writer.close();
  assert(size() > flushed, "the end of the session is missing");
  assertEquals([tf.memory().numTensors, tensorFlow.handleCount], before);
});

Deno.test("SummaryWriter refuses a folder that it cannot make, and a picture of another size", async () => {
  await using folder = await temporaryFolder();
  Deno.writeTextFileSync(`${folder.path}/file`, "");
  await assertThrows(() => SummaryWriter.open(`${folder.path}/file/run`), InputError, /file\/run/);
  using writer = await SummaryWriter.open(folder.path);
  const photo = { width: 2, height: 2, rgb: new Uint8Array(11) };
  await assertThrows(() => writer.image("picture", photo, 0), TypeError, /2 × 2 has 12 bytes, found 11/);
});
