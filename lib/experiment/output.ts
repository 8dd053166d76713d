import { basename } from "node:path";
import { batchText } from "@/lib/config.ts";
import { counted } from "@/lib/counted.ts";
import { CROP_MARGIN } from "@/lib/data/maps/crop.ts";
import type { Evaluation } from "@/lib/evaluate/evaluate.ts";
import type { Parts } from "@/lib/experiment/parts.ts";
import { EXPRESSIONS } from "@/lib/model/heads.ts";
import { saveOnnx } from "@/lib/export/save_onnx.ts";
import { writeFileAtomic } from "@/lib/files.ts";
import { saveTrainedModel, type TrainedModel } from "@/lib/model/trained_model.ts";
import { hostWeights } from "@/lib/tensorflow/backend/host_tensors.ts";
import { readNote } from "@/lib/train/run_note.ts";
import { readMetrics } from "@/lib/train/run_folder.ts";
import { renderReport, type ReportContent } from "@/lib/view/report/report.ts";

/** Writes the folder `model/` of a run: its network as it is, and its description. */
export async function saveModel(run: string, parts: Parts, evaluation?: Evaluation): Promise<void> {
  const { config, network, source, teacher, meanLandmarks } = parts;
  const { fingerprint = "" } = teacher ?? {};
  const ancestor = (await readNote(run))?.ancestor;
  const model: TrainedModel = {
    network,
    description: {
      architecture: config.architecture,
      imageSize: config.imageSize,
      encoding: config.encoding,
      crop: { margin: CROP_MARGIN },
      surface: source.surface,
      meanLandmarks,
      ...source.facts(),
      ...network.outputNames.includes(EXPRESSIONS) && { expressionNames: source.expressionNames },
      // paths are places on this machine
      summary: {
        ...config,
        source: config.source.name,
        teacher: fingerprint,
        ...ancestor && { from: ancestor },
        ...evaluation && { evaluation },
      },
    },
  };
  await hostWeights(network);
  await saveTrainedModel(`${run}/model`, model);
  await saveOnnx(`${run}/model/model.onnx`, model);
}

/** Writes a run's `report.html` after these steps. */
export async function saveReport(
  run: string,
  { config, device, ranks, steps, ...content }:
    & Pick<Parts, "config" | "device" | "ranks">
    & Pick<ReportContent, "evaluation" | "errors" | "triples" | "face">
    & { readonly steps: number },
): Promise<void> {
  const { architecture, imageSize, source, seed } = config;
  const each = ranks ? ` on each of ${ranks.count} ranks` : "";
  const html = await renderReport({
    title: `posmap run ${basename(run)}`,
    summary:
      `${architecture} at ${imageSize} pixels, ${counted(steps, "step")} of ${
        batchText(config)
      } ${source.name} faces${each}, ` +
      `seed ${seed}; ${device}.`,
    config,
    metrics: await readMetrics(run),
    ...content,
  });
  await writeFileAtomic(`${run}/report.html`, html);
}
