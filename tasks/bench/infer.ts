import type { Config } from "@/lib/config.ts";
import type { Bench, BenchOptions } from "./bench.ts";
import { denoCommand } from "./children.ts";
import { type Entrant, hold, processEntrant } from "./contest.ts";
import { torchEntrants } from "./train.ts";

export interface InferContestant extends Pick<Config, "model" | "imageSize" | "batchSize"> {
  /** In one repetition. */
  readonly calls: number;
  readonly threads: number;
}

const contests = [
  { model: "prnet", imageSize: 256, batchSize: 1, calls: 10 },
  { model: "prnet", imageSize: 256, batchSize: 16, calls: 1 },
  { model: "lite", imageSize: 256, batchSize: 1, calls: 100 },
  { model: "lite", imageSize: 256, batchSize: 16, calls: 5 },
  { model: "lite", imageSize: 128, batchSize: 1, calls: 200 },
  { model: "lite", imageSize: 128, batchSize: 16, calls: 10 },
] as const;

/** From images in the host's memory, floats in [0, 1], to maps there. */
export const inferBench: Bench = async function* (options) {
  for (const contest of contests) {
    const { model, imageSize, batchSize } = contest;
    const name = `${model} ${imageSize}², batch ${batchSize}`;
    const task: InferContestant = { ...contest, threads: options.threads };
    const command = denoCommand("infer_ours.ts", task);
    const peers = [...onnxEntrants(task, options), ...torchEntrants("infer_torch.py", task, options)];
    yield await hold({ bench: "infer", case: name, ours: processEntrant({ name: "posmap" }, command), peers }, options);
  }
};

/** It exports the network from PyTorch in a process of its own, so that its memory does not count PyTorch's. */
function onnxEntrants(task: InferContestant, { peers }: BenchOptions): Entrant[] {
  if (!peers.has("onnxruntime")) return [];
  const name = peers.nameOf("onnxruntime");
  return [{
    name,
    async open(children) {
      const folder = await Deno.makeTempDir({ prefix: "posmap-bench-" });
      try {
        const model = `${folder}/network.onnx`;
        using exporter = children.spawn(peers.python("export_onnx.py", { ...task, path: model }));
        if (!await exporter.ended) throw await exporter.failure();
        return await processEntrant({ name }, peers.python("infer_onnx.py", { ...task, path: model })).open(children);
      } finally {
        await Deno.remove(folder, { recursive: true });
      }
    },
  }];
}
