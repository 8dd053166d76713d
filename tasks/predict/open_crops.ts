import ort from "onnxruntime-node";
import { CropModel } from "@/lib/model/crop_model.ts";
import type { ModelDescription } from "@/lib/model/description.ts";
import { OnnxSession } from "@/lib/model/onnx_session.ts";
import { openModel, type OpenOptions } from "@/tasks/predict/open_model.ts";

/** A trained model that is ready for crops. */
export interface OpenedModel {
  readonly description: ModelDescription;
  readonly crops: CropModel;
  /** Of `model.onnx`. */
  readonly bytes: number;
}

/** For small networks, one crop at a time: more threads wait for each other, and take the processor from the rest. */
const ONE_THREAD = { intraOpNumThreads: 1 };
const MANY_THREADS = { intraOpNumThreads: Math.min(4, navigator.hardwareConcurrency) };

/** Run by ONNX Runtime; see {@linkcode openModel}. */
export async function openCrops(
  runOrModel: string,
  { atOnce = 1, ...options }: OpenOptions & { /** Crops at a time. */ readonly atOnce?: number } = {},
): Promise<OpenedModel> {
  const { description, network } = await openModel(runOrModel, options);
  const isSmall = description.architecture !== "prnet" && atOnce === 1;
  const session = await OnnxSession.open(ort, network, isSmall ? ONE_THREAD : MANY_THREADS);
  return { description, crops: new CropModel(session, description.imageSize), bytes: network.length };
}
