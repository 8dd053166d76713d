import { isFile } from "@/lib/files.ts";
import { modelFolder, type OnnxModel, openOnnxModel } from "@/lib/model/model_folder.ts";

export interface OpenOptions {
  /** Called with a sentence about what takes longer than usual. */
  readonly note?: (sentence: string) => void;
}

/**
 * A trained model as ONNX Runtime takes it, from its folder or its run's; a `model.onnx` that is missing there is made first.
 * Throws an InputError where the folder holds no model.
 */
export async function openModel(runOrModel: string, { note = () => {} }: OpenOptions = {}): Promise<OnnxModel> {
  const folder = await modelFolder(runOrModel);
  if (!await isFile(`${folder}/model.onnx`) && await isFile(`${folder}/model.json`)) {
    note(`Making ${folder}/model.onnx, which is missing, from model.json, once`);
    const { exportOnnx } = await import("@/lib/export/save_onnx.ts"); // slow to load, and seldom needed
    await exportOnnx(folder);
  }
  return await openOnnxModel(folder);
}
