import { basename, dirname } from "node:path";
import * as tf from "@tensorflow/tfjs";
import { InputError } from "@/lib/errors.ts";
import { gridSurface } from "@/lib/data/maps/grid_surface.ts";
import { uvLayout } from "@/lib/data/maps/uv_layout.ts";
import { encodeOnnx, type OnnxOptions } from "@/lib/export/onnx.ts";
import { encodeSavedModel } from "@/lib/export/saved_model.ts";
import { isSame, isThere, makeFolderAtomic, refusePresent, writeFileAtomic, writeFolderAtomic } from "@/lib/files.ts";
import { sealJson, sealOnnx } from "@/lib/formats/seal.ts";
import { encodeDescription } from "@/lib/model/description.ts";
import { foldNetwork } from "@/lib/model/fold.ts";
import { modelFolder } from "@/lib/model/model_folder.ts";
import {
  isOnnxAlone,
  openTrainedModel,
  replaceDescription,
  saveTrainedModel,
  type TrainedModel,
} from "@/lib/model/trained_model.ts";

/** Writes a trained model as ONNX, whole or not at all; see {@linkcode encodeOnnx}. Gives the file's size in bytes; throws an InputError where it cannot be written. */
export async function saveOnnx(path: string, model: TrainedModel, options: OnnxOptions = {}): Promise<number> {
  const bytes = await onnxBytes(model, options);
  await writeFileAtomic(path, bytes);
  return bytes.length;
}

/**
 * Makes a new folder of a trained model, its ONNX with it: all of it or nothing. Throws an InputError where it is there
 * already, and where it cannot be written.
 */
export async function saveNewModel(folder: string, model: TrainedModel): Promise<void> {
  await makeFolderAtomic(folder, async (making) => {
    await saveTrainedModel(making, model);
    await saveOnnx(`${making}/model.onnx`, model);
  });
}

async function onnxBytes(
  { network, description }: TrainedModel,
  options: OnnxOptions,
): Promise<Uint8Array<ArrayBuffer>> {
  return await sealOnnx(encodeOnnx(foldNetwork(network), description, options));
}

export interface ExportOptions extends OnnxOptions {
  /** Where to write; into the model's folder, as `model.onnx`, unless given. */
  readonly path?: string | undefined;
}

/**
 * Writes the trained model of a folder, or of a run's, as ONNX, and says where. On tfjs's own backend: TensorFlow is not
 * needed. Throws an InputError where there is no model, or a damaged one, or another file is where it is to be written.
 */
export async function exportOnnx(
  runOrModel: string,
  { path, ...options }: ExportOptions = {},
): Promise<{ readonly path: string; readonly byteCount: number }> {
  const folder = await modelFolder(runOrModel);
  const own = `${folder}/model.onnx`, target = path ?? own;
  const isOwn = path === undefined || await isSame(path, own);
  if (isOwn && await isOnnxAlone(folder)) {
    throw new InputError(`Cannot write ${target}: it is all that there is of this model; name another file by --out`);
  }
  if (await isNetworkBeside(target, folder)) {
    throw new InputError(`Cannot write ${target}: there is another model in that folder; name another file by --out`);
  }
  if (!isOwn) await refusePresent(target);
  const byteCount = await withModel(runOrModel, async (model) => {
    if (isOwn) await replaceDescription(folder, model.description); // a killed save may have left another's
    return await saveOnnx(target, model, options);
  });
  return { path: target, byteCount };
}

/** Whether a model of another folder than this one would have this file as its network. */
async function isNetworkBeside(path: string, folder: string): Promise<boolean> {
  const place = dirname(path);
  return basename(path) === "model.onnx" && await isThere(`${place}/posmap.json`) && !await isSame(place, folder);
}

/**
 * Writes the trained model of a folder, or of a run's, as weights to ship: `model.onnx` in half precision and its
 * `posmap.json`, whose surface is the map's texels themselves, so that nothing is left of the mesh that it was trained on.
 * On tfjs's own backend. Throws an InputError where there is no model, or the folder is there already or cannot be written.
 */
export async function exportWeights(runOrModel: string, folder: string): Promise<{ readonly byteCount: number }> {
  return await withModel(runOrModel, async ({ network, description }) => {
    const { surface, imageSize, mirror: _, ...rest } = description;
    const texels = { ...rest, imageSize, surface: gridSurface(uvLayout(surface, imageSize), surface) };
    const bytes = await onnxBytes({ network, description: texels }, { half: true });
    const json = new TextEncoder().encode(await sealJson(encodeDescription(texels)));
    await writeFolderAtomic(folder, [["posmap.json", json], ["model.onnx", bytes]]);
    return { byteCount: json.length + bytes.length };
  });
}

/**
 * Writes the trained model of a folder, or of a run's, as TensorFlow's SavedModel, a folder; see
 * {@linkcode encodeSavedModel}. On tfjs's own backend. Throws an InputError where there is no model, or the folder is there
 * already or cannot be written.
 */
export async function exportSavedModel(runOrModel: string, folder: string): Promise<{ readonly byteCount: number }> {
  return await withModel(runOrModel, async ({ network, description }) => {
    const bytes = encodeSavedModel(foldNetwork(network), description);
    await writeFolderAtomic(folder, [["saved_model.pb", bytes]]);
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
