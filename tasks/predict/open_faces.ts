import ort from "onnxruntime-node";
import { readDetector } from "@/lib/export/detector.ts";
import { OnnxSession } from "@/lib/model/onnx_session.ts";
import { FaceDetector } from "@/lib/track/blazeface.ts";
import { FaceFitter } from "@/lib/track/face_fitter.ts";
import { openModel, type OpenOptions } from "@/tasks/predict/open_model.ts";

/** What finds faces and fits them, run by ONNX Runtime; see {@linkcode openModel}. */
export async function openFaces(runOrModel: string, options?: OpenOptions) {
  const threads = { intraOpNumThreads: Math.min(4, navigator.hardwareConcurrency) };
  const { description, network } = await openModel(runOrModel, options);
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
