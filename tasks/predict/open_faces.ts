import ort from "onnxruntime-node";
import { readDetector } from "@/lib/export/detector.ts";
import { modelFolder, openOnnxModel } from "@/lib/model/model_folder.ts";
import { OnnxSession } from "@/lib/model/onnx_session.ts";
import { FaceDetector } from "@/lib/track/blazeface.ts";
import { FaceFitter } from "@/lib/track/face_fitter.ts";

export interface OpenOptions {
  /** Told in a sentence what takes longer than usual. */
  readonly note?: (sentence: string) => void;
}

/**
 * What finds faces and fits them, run by ONNX Runtime, from a model's folder or its run's; a `model.onnx` that is missing
 * there is made first. Throws an InputError where the folder holds no model.
 */
export async function openFaces(runOrModel: string, { note = () => {} }: OpenOptions = {}) {
  const threads = { intraOpNumThreads: Math.min(4, navigator.hardwareConcurrency) };
  const folder = await modelFolder(runOrModel);
  if (!await isFile(`${folder}/model.onnx`) && await isFile(`${folder}/model.json`)) {
    note(`Making ${folder}/model.onnx, which is missing, from model.json, once`);
    const { exportOnnx } = await import("@/lib/export/save_onnx.ts"); // slow to load, and seldom needed
    await exportOnnx(folder);
  }
  const { description, network } = await openOnnxModel(folder);
  const [fitting, detecting] = await Promise.all([
    OnnxSession.open(ort, network, threads),
    readDetector().then((bytes) => OnnxSession.open(ort, bytes, threads)),
  ]);
  return {
    description,
    fitter: new FaceFitter(fitting, { ...description, uv: description.surface.uv }),
    detector: new FaceDetector(detecting),
  };
}

async function isFile(path: string): Promise<boolean> {
  return await Deno.stat(path).then((found) => found.isFile, () => false);
}
