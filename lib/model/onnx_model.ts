import { InputError } from "@/lib/errors.ts";
import { type ModelDescription, parseDescription } from "@/lib/model/description.ts";

/** A trained model as ONNX Runtime takes it. */
export interface OnnxModel {
  readonly description: ModelDescription;
  /** The bytes of `model.onnx`. */
  readonly network: Uint8Array<ArrayBuffer>;
}

/** The model in a folder, or in a run's. Throws an InputError where there is none. */
export async function openOnnxModel(given: string): Promise<OnnxModel> {
  const inRun = await Deno.stat(`${given}/model/posmap.json`).then(() => true, () => false);
  const folder = inRun ? `${given}/model` : given;
  const path = `${folder}/posmap.json`;
  const description = parseDescription(parseJson(new TextDecoder().decode(await read(path)), path), path);
  return { description, network: await read(`${folder}/model.onnx`) };
}

async function read(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    const reason = error instanceof Deno.errors.NotFound ? "there is no such file" : (error as Error).message;
    const remedy = path.endsWith(".onnx") ? "; deno task export makes it from the model's model.json" : "";
    throw new InputError(`Cannot open the model's ${path}: ${reason}${remedy}`);
  }
}

function parseJson(text: string, path: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    throw new InputError(`Cannot open the model's ${path}: it is no JSON, ${(error as Error).message}`);
  }
}
