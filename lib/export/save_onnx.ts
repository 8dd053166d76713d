import * as tf from "@tensorflow/tfjs";
import { encodeOnnx, type OnnxOptions } from "@/lib/export/onnx.ts";
import { writeFileAtomic } from "@/lib/files.ts";
import { foldNetwork } from "@/lib/model/fold.ts";
import { modelFolder } from "@/lib/model/model_folder.ts";
import { sealOnnx } from "@/lib/model/seal.ts";
import { openTrainedModel, type TrainedModel } from "@/lib/model/trained_model.ts";

/** Writes a trained model as ONNX, whole or not at all; see {@linkcode encodeOnnx}. Gives the file's size in bytes; throws an InputError where it cannot be written. */
export async function saveOnnx(
  path: string,
  { network, description }: TrainedModel,
  options: OnnxOptions = {},
): Promise<number> {
  const bytes = await sealOnnx(encodeOnnx(foldNetwork(network), description, options));
  await writeFileAtomic(path, bytes);
  return bytes.length;
}

export interface ExportOptions extends OnnxOptions {
  /** Where to write; into the model's folder, as `model.onnx`, unless given. */
  readonly path?: string | undefined;
}

/**
 * Writes the trained model of a folder, or of a run's, as ONNX, and says where. On tfjs's own backend: TensorFlow is not
 * needed. Throws an InputError where there is no model, or a damaged one.
 */
export async function exportOnnx(
  runOrModel: string,
  { path, ...options }: ExportOptions = {},
): Promise<{ readonly path: string; readonly byteCount: number }> {
  tf.enableProdMode(); // else tfjs recommends another backend, for speed
  await tf.setBackend("cpu");
  const model = await openTrainedModel(runOrModel);
  const target = path ?? `${await modelFolder(runOrModel)}/model.onnx`;
  const byteCount = await saveOnnx(target, model, options);
  model.network.dispose();
  return { path: target, byteCount };
}
