import { type Python, pythonWith } from "@/tests/python.ts";

const python = await pythonWith(
  "tensorboard==2.21.0",
  "protobuf==7.36.2",
  "numpy==2.4.6",
  "absl-py==2.5.1",
);

/** TensorBoard takes seconds to import TensorFlow where that is installed, too, unless it finds this module of its own. */
const withoutTensorFlow = `
import sys, types
sys.modules["tensorboard.compat.notf"] = types.ModuleType("tensorboard.compat.notf")
`;

/** Python with TensorBoard, and what reading events takes of its dependencies; undefined where it cannot be had. */
export const tensorBoard: Python | undefined = python &&
  ((script, ...scriptArguments) => python(withoutTensorFlow + script, ...scriptArguments));

export interface Events {
  readonly scalars: Record<string, [step: number, value: number][]>;
  readonly histograms: Record<string, Histogram[]>;
  readonly images: Record<string, [step: number, width: number, height: number, pngBase64: string][]>;
}

export interface Histogram {
  readonly step: number;
  /** Minimum, maximum, count, sum and sum of squares. */
  readonly statistics: readonly number[];
  /** Upper ends of the buckets. */
  readonly limits: readonly number[];
  readonly counts: readonly number[];
}

/** All that TensorBoard reads in a folder, but hparams. */
export async function readEvents(folder: string): Promise<Events> {
  const script = `
import base64, json, sys
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator
events = EventAccumulator(sys.argv[1], size_guidance={kind: 0 for kind in ("scalars", "histograms", "images", "tensors")})
events.Reload()
tags = events.Tags()
json.dump({
    "scalars": {t: [(e.step, e.value) for e in events.Scalars(t)] for t in tags["scalars"]},
    "histograms": {t: [
            {
                "step": e.step,
                "statistics": [h.min, h.max, h.num, h.sum, h.sum_squares],
                "limits": list(h.bucket_limit),
                "counts": list(h.bucket),
            } for e in events.Histograms(t) for h in [e.histogram_value]
        ] for t in tags["histograms"]},
    "images": {
        t: [(e.step, e.width, e.height, base64.b64encode(e.encoded_image_string).decode()) for e in events.Images(t)]
        for t in tags["images"]
    },
}, sys.stdout)
`;
  return JSON.parse(await tensorBoard!(script, folder));
}

interface Session {
  readonly hparams: Record<string, unknown>;
  readonly metricValues: { readonly value: number; readonly trainingStep: number }[];
  readonly sessions: { readonly status: string; readonly endTimeSecs: number }[];
}

/** What TensorBoard's HParams page is given for the runs in a folder. */
export async function readHparams(folder: string): Promise<{ experiment: unknown; sessions: Session[] }> {
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
  return JSON.parse(await tensorBoard!(script, folder));
}
