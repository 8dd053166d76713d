import { resolve } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { InputError } from "@/lib/errors.ts";
import { gridSurface } from "@/lib/data/maps/grid_surface.ts";
import { uvLayout } from "@/lib/data/maps/uv_layout.ts";
import { encodeOnnx, type OnnxOptions } from "@/lib/export/onnx.ts";
import { encodeSavedModel } from "@/lib/export/saved_model.ts";
import { makeFolder, writeFileAtomic } from "@/lib/files.ts";
import { sealOnnx } from "@/lib/formats/seal.ts";
import { foldNetwork } from "@/lib/model/fold.ts";
import { modelFolder } from "@/lib/model/model_folder.ts";
import { isOnnxAlone, openTrainedModel, replaceDescription, type TrainedModel } from "@/lib/model/trained_model.ts";

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
  const folder = await modelFolder(runOrModel);
  const target = path ?? `${folder}/model.onnx`;
  if (path === undefined && await isOnnxAlone(folder)) {
    throw new InputError(`Cannot write ${target}: it is all that there is of this model; name another file by --out`);
  }
  const byteCount = await withModel(runOrModel, async (model) => {
    if (path === undefined) await replaceDescription(folder, model.description); // a killed save may have left another's
    return await saveOnnx(target, model, options);
  });
  return { path: target, byteCount };
}

/**
 * Writes the trained model of a folder, or of a run's, as weights to ship: `model.onnx` in half precision and its
 * `posmap.json`, whose surface is the map's texels themselves, so that nothing is left of the mesh that it was trained on.
 * On tfjs's own backend. Throws an InputError where there is no model, or the folder cannot be written.
 */
export async function exportWeights(runOrModel: string, folder: string): Promise<{ readonly byteCount: number }> {
  if (resolve(await modelFolder(runOrModel)) === resolve(folder)) {
    throw new InputError(`Cannot write weights to ${folder}: the model itself is there; name another folder by --out`);
  }
  return await withModel(runOrModel, async ({ network, description }) => {
    const { surface, imageSize, mirror: _, ...rest } = description;
    const texels = { ...rest, imageSize, surface: gridSurface(uvLayout(surface, imageSize), surface) };
    await makeFolder(folder);
    await replaceDescription(folder, texels);
    return { byteCount: await saveOnnx(`${folder}/model.onnx`, { network, description: texels }, { half: true }) };
  });
}

/**
 * Writes the trained model of a folder, or of a run's, as TensorFlow's SavedModel, a folder; see
 * {@linkcode encodeSavedModel}. On tfjs's own backend. Throws an InputError where there is no model, or the folder cannot
 * be written.
 */
export async function exportSavedModel(runOrModel: string, folder: string): Promise<{ readonly byteCount: number }> {
  return await withModel(runOrModel, async ({ network, description }) => {
    const bytes = encodeSavedModel(foldNetwork(network), description);
    await makeFolder(folder);
    await writeFileAtomic(`${folder}/saved_model.pb`, bytes);
    return { byteCount: bytes.length };
  });
}

/** Opens a trained model for what is done with it, and disposes its network. */
async function withModel<T>(runOrModel: string, use: (model: TrainedModel) => Promise<T>): Promise<T> {
  await useOwnBackend();
  const model = await openTrainedModel(runOrModel);
  try {
    return await use(model);
  } finally {
    model.network.dispose();
  }
}

/** Has tfjs compute by itself, for networks that are only to be read and written. */
export async function useOwnBackend(): Promise<void> {
  tf.enableProdMode(); // else tfjs recommends another backend, for speed
  await tf.setBackend("cpu");
}
