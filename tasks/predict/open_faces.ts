import ort from "onnxruntime-node";
import { readDetector } from "@/lib/export/detector.ts";
import type { ModelDescription } from "@/lib/model/description.ts";
import { OnnxSession } from "@/lib/model/onnx_session.ts";
import { FaceDetector } from "@/lib/track/blazeface.ts";
import { FaceFitter } from "@/lib/track/face_fitter.ts";
import { openModel, type OpenOptions } from "@/tasks/predict/open_model.ts";

/** For small networks: more threads wait for each other, and take the processor from the rest of the work. */
const ONE_THREAD = { intraOpNumThreads: 1 };
const MANY_THREADS = { intraOpNumThreads: Math.min(4, navigator.hardwareConcurrency) };

/** What finds faces and fits them, and what it knows of them. */
export interface Faces {
  readonly description: ModelDescription;
  readonly fitter: Pick<FaceFitter, "fit">;
  readonly detector: Pick<FaceDetector, "detect">;
}

/** Run by ONNX Runtime; see {@linkcode openModel}. */
export async function openFaces(runOrModel: string, options?: OpenOptions): Promise<Faces> {
  const { description, network } = await openModel(runOrModel, options);
  const [fitting, detecting] = await Promise.all([
    OnnxSession.open(ort, network, description.architecture === "prnet" ? MANY_THREADS : ONE_THREAD),
    readDetector().then((bytes) => OnnxSession.open(ort, bytes, ONE_THREAD)),
  ]);
  return {
    description,
    fitter: new FaceFitter(fitting, { ...description, uv: description.surface.uv }),
    detector: new FaceDetector(detecting),
  };
}
