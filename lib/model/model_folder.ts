import * as z from "zod";
import { InputError, reasonOf } from "@/lib/errors.ts";
import { isFile, isThere } from "@/lib/files.ts";
import { type ModelDescription, parseDescription } from "@/lib/model/description.ts";
import { isSealedOnnx, openSealed } from "@/lib/formats/seal.ts";

/** A trained model as ONNX Runtime takes it. */
export interface OnnxModel {
  readonly description: ModelDescription;
  /** The bytes of `model.onnx`. */
  readonly network: Uint8Array<ArrayBuffer>;
}

/**
 * A trained model as ONNX Runtime takes it, from its folder or its run's; needs neither TensorFlow nor tfjs. Throws an
 * InputError where there is none, or a damaged one.
 */
export async function openOnnxModel(runOrModel: string): Promise<OnnxModel> {
  const folder = await modelFolder(runOrModel);
  const description = await readDescription(folder);
  const path = `${folder}/model.onnx`;
  const network = await readModelFile(path);
  if (!await isSealedOnnx(network)) throw changedError(path);
  return { description, network };
}

/** The folder of a trained model, given it or its run's. Throws an InputError where the run has none yet. */
export async function modelFolder(folder: string): Promise<string> {
  if (await isThere(`${folder}/model`)) return `${folder}/model`;
  if (await isFile(folder)) {
    throw new InputError(
      `Cannot load ${folder}: it is a file, and the folder of a trained model or of a run is wanted`,
    );
  }
  if (!await isThere(`${folder}/config.json`)) return folder;
  throw new InputError(`Cannot use the run ${folder}: it has not finished, there is no ${folder}/model yet`);
}

/** What stands in a model's `posmap.json`. Throws an InputError where it is missing or damaged. */
export async function readDescription(folder: string): Promise<ModelDescription> {
  const path = `${folder}/posmap.json`;
  const json = await readJson(path);
  return parseDescription(json["version"] === 1 ? json : await unsealed(json, path), path); // which had no seal yet
}

/** What was sealed in the JSON of this file. Throws an InputError where it was changed since. */
export async function unsealed(json: object, path: string): Promise<object> {
  const content = await openSealed(json);
  if (content) return content;
  throw changedError(path);
}

/** What to throw where a file is not what its SHA-256 says. */
export function changedError(path: string): InputError {
  return new InputError(`Cannot load ${path}: its content is not what was saved, SHA-256 differs`);
}

/** Throws an InputError where the file cannot be read or is no JSON object. */
export async function readJson(path: string): Promise<Record<string, unknown>> {
  const text = new TextDecoder().decode(await readModelFile(path));
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch {
    throw new InputError(`Cannot load ${path}: it is no JSON object, as posmap writes one`);
  }
}

/** A file of a model's folder. Throws an InputError where it cannot be read. */
export async function readModelFile(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      const remedy = path.endsWith(".onnx") ? "deno task export makes it" : "a trained model's folder has one";
      throw new InputError(`Cannot load ${path}: there is no such file; ${remedy}`);
    }
    throw new InputError(`Cannot load ${path}: ${reasonOf(error)}`);
  }
}
