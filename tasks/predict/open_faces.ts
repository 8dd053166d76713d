import ort from "onnxruntime-node";
import { readDetector } from "@/lib/export/detector.ts";
import { openOnnxModel } from "@/lib/model/model_folder.ts";
import { OnnxSession } from "@/lib/model/onnx_session.ts";
import { FaceDetector } from "@/lib/track/blazeface.ts";
import { FaceFitter } from "@/lib/track/face_fitter.ts";

/** What finds faces and fits them, run by ONNX Runtime. Throws an InputError where the folder holds no model. */
export async function openFaces(folder: string) {
  const threads = { intraOpNumThreads: Math.min(4, navigator.hardwareConcurrency) };
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
