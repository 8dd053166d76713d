import type { Config } from "@/lib/config.ts";
import type { Bench, BenchOptions } from "./bench.ts";
import { denoCommand } from "./children.ts";
import { type Entrant, hold, processEntrant } from "./contest.ts";
import { torchEntrants } from "./train.ts";

export interface InferContestant extends Pick<Config, "architecture" | "imageSize" | "batchSize"> {
  /** In one repetition. */
  readonly calls: number;
  readonly threads: number;
}

const contests = [
  { architecture: "prnet", imageSize: 256, batchSize: 1, calls: 10 },
  { architecture: "prnet", imageSize: 256, batchSize: 16, calls: 1 },
  { architecture: "lite", imageSize: 256, batchSize: 1, calls: 100 },
  { architecture: "lite", imageSize: 256, batchSize: 16, calls: 5 },
  { architecture: "lite", imageSize: 128, batchSize: 1, calls: 200 },
  { architecture: "lite", imageSize: 128, batchSize: 16, calls: 10 },
] as const;

/** From images in the host's memory, floats in [0, 1], to maps there. */
export const inferBench: Bench = async function* (options) {
  for (const contest of contests) {
    const { architecture, imageSize, batchSize } = contest;
    const name = `${architecture} ${imageSize}², batch ${batchSize}`;
    const task: InferContestant = { ...contest, threads: options.threads };
    const command = denoCommand("infer_ours.ts", task);
    const { peers: installed } = options;
    const onnx = installed.has("onnxruntime") ? [onnxEntrant(installed.nameOf("onnxruntime"), task, options)] : [];
    const peers = [...onnx, ...torchEntrants("infer_torch.py", task, options)];
    yield await hold({ bench: "infer", case: name, ours: processEntrant({ name: "posmap" }, command), peers }, options);
  }
};

/** posmap's ONNX files beside PyTorch's of the same networks, both in onnxruntime. */
export const onnxBench: Bench = async function* (options) {
  const { peers } = options;
  if (!peers.has("onnxruntime")) return;
  for (const contest of contests) {
    const { architecture, imageSize, batchSize } = contest;
    const task: InferContestant = { ...contest, threads: options.threads };
    const ours = onnxEntrant("posmap's", task, options, (path) => denoCommand("export_onnx.ts", { ...task, path }));
    const theirs = onnxEntrant(`${peers.nameOf("torch")}'s`, task, options);
    const name = `${architecture} ${imageSize}², batch ${batchSize}`;
    yield await hold({ bench: "onnx", case: name, ours, peers: [theirs] }, options);
  }
};

/**
 * A network in onnxruntime, exported from PyTorch unless another export is named, in a process of its own, so that its memory does
 * not count the exporter's.
 */
function onnxEntrant(
  name: string,
  task: InferContestant,
  { peers }: BenchOptions,
  exporter = (path: string) => peers.python("export_onnx.py", { ...task, path }),
): Entrant {
  return {
    name,
    async open(children) {
      const folder = await Deno.makeTempDir({ prefix: "posmap-bench-" });
      try {
        const path = `${folder}/network.onnx`;
        using exporting = children.spawn(exporter(path));
        if (!await exporting.ended) throw await exporting.failure();
        return await processEntrant({ name }, peers.python("infer_onnx.py", { ...task, path })).open(children);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  };
}
