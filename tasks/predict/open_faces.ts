import ort from "onnxruntime-node";
import { readDetector } from "@/lib/export/detector.ts";
import type { ModelDescription } from "@/lib/model/description.ts";
import type { OnnxModel } from "@/lib/model/model_folder.ts";
import { OnnxSession } from "@/lib/model/onnx_session.ts";
import { FaceDetector } from "@/lib/track/blazeface.ts";
import { FaceFitter } from "@/lib/track/face_fitter.ts";
import { type CropsOptions, openCrops } from "@/tasks/predict/open_crops.ts";

/** What finds faces and fits them, and what it knows of them. */
export interface Faces {
  readonly description: ModelDescription;
  readonly fitter: Pick<FaceFitter, "fit" | "fitMirrored" | "fitDetected">;
  readonly detector: Pick<FaceDetector, "detect">;
}

/** See {@linkcode openCrops}. */
export async function openFaces(given: string | OnnxModel, options?: CropsOptions): Promise<Faces> {
  const [{ description, crops }, detector] = await Promise.all([
    openCrops(given, options),
    openDetector(),
  ]);
  return {
    description,
    fitter: new FaceFitter(crops, { ...description, uv: description.surface.uv }),
    detector,
  };
}

/** The detector, run by ONNX Runtime on the processor: it is small, the wait for a GPU would be longer than its work. */
export async function openDetector(): Promise<FaceDetector> {
  return new FaceDetector(await OnnxSession.open(ort, await readDetector(), { intraOpNumThreads: 1 })); // as openCrops has it
}
