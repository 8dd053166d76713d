import * as tf from "@tensorflow/tfjs";
import sharp from "sharp";
import { InputError } from "@/lib/errors.ts";
import { openTensorFlow } from "@/lib/tensorflow/backend.ts";
import { SummaryWriter } from "@/lib/tensorflow/summaries.ts";
import { pythonWith } from "@/tests/python.ts";
import { assert, assertClose, assertEquals, assertThrows } from "@/tests/support.ts";

const tensorFlow = await openTensorFlow({ device: "cpu" });

/** TensorBoard, with what reading events takes of its dependencies. */
const python = await pythonWith("tensorboard==2.21.0", "protobuf==7.36.2", "numpy==2.4.6", "absl-py==2.5.1");

interface Events {
  readonly scalars: Record<string, [step: number, value: number][]>;
  readonly histograms: Record<string, [step: number, min: number, max: number, count: number, sum: number][]>;
  readonly images: Record<string, [step: number, width: number, height: number, pngBase64: string][]>;
  readonly texts: Record<string, [step: number, text: string][]>;
}

/** All that TensorBoard reads in a folder, but hparams. */
async function readEvents(folder: string): Promise<Events> {
  const script = `
import base64, json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
events = EventAccumulator(sys.argv[1], size_guidance={kind: 0 for kind in ("scalars", "histograms", "images", "tensors")})
events.Reload()
tags = events.Tags()
json.dump({
    "scalars": {t: [(e.step, e.value) for e in events.Scalars(t)] for t in tags["scalars"]},
    "histograms": {t: [
            (e.step, e.histogram_value.min, e.histogram_value.max, e.histogram_value.num, e.histogram_value.sum)
            for e in events.Histograms(t)
        ] for t in tags["histograms"]},
    "images": {
        t: [(e.step, e.width, e.height, base64.b64encode(e.encoded_image_string).decode()) for e in events.Images(t)]
        for t in tags["images"]
    },
    "texts": {
        t: [(e.step, e.tensor_proto.string_val[0].decode()) for e in events.Tensors(t)]
        for t in tags["tensors"] if events.SummaryMetadata(t).plugin_data.plugin_name == "text"
    },
}, sys.stdout)
`;
  return JSON.parse(await python!(script, folder));
}

/** What TensorBoard's HParams page is given for the runs in a folder. */
async function readHparams(folder: string): Promise<{ experiment: unknown; sessions: unknown[] }> {
  const script = `
import json, sys
from google.protobuf.json_format import MessageToDict
from tensorboard import context
from tensorboard.backend.event_processing import data_provider, plugin_event_multiplexer
from tensorboard.plugins import base_plugin
from tensorboard.plugins.hparams import api_pb2, backend_context, get_experiment, list_session_groups
runs = plugin_event_multiplexer.EventMultiplexer().AddRunsFromDirectory(sys.argv[1])
runs.Reload()
provider = data_provider.MultiplexerDataProvider(runs, sys.argv[1])
backend = backend_context.Context(base_plugin.TBContext(multiplexer=runs, data_provider=provider))
request = api_pb2.ListSessionGroupsRequest(start_index=0, slice_size=100, allowed_statuses=[0, 1, 2, 3])
ask = context.RequestContext()
json.dump({
    "experiment": MessageToDict(get_experiment.Handler(ask, backend, "", api_pb2.GetExperimentRequest()).run()),
    "sessions": MessageToDict(list_session_groups.Handler(ask, backend, "", request).run())["sessionGroups"],
}, sys.stdout)
`;
  return JSON.parse(await python!(script, folder));
}

async function temporaryFolder(): Promise<AsyncDisposable & { path: string }> {
  const path = await Deno.makeTempDir();
  return { path, [Symbol.asyncDispose]: () => Deno.remove(path, { recursive: true }) };
}

Deno.test({
  name: "TensorBoard reads the scalars, histograms, pictures and texts that SummaryWriter writes",
  ignore: !python,
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
  ignore: !python,
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
    const session = sessions[0] as {
      hparams: Record<string, unknown>;
      metricValues: { value: number; trainingStep: number }[];
      sessions: { status: string; endTimeSecs: number }[];
    };
    assertEquals(Object.entries(session.hparams).sort(), Object.entries(settings).sort());
    assertEquals([session.metricValues[0]!.value, session.metricValues[0]!.trainingStep], [3.5, 2]);
    assertEquals(session.sessions[0]!.status, "STATUS_SUCCESS");
    assertClose(session.sessions[0]!.endTimeSecs, Date.now() / 1000, 600);
  },
});

Deno.test({
  name: "a resumed run writes a file of its own, in place of what was written past its step",
  ignore: !python,
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
