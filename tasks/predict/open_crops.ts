import ort from "onnxruntime-node";
import { InputError, reasonOf } from "@/lib/errors.ts";
import { CropModel } from "@/lib/model/crop_model.ts";
import type { ModelDescription } from "@/lib/model/description.ts";
import type { OnnxModel } from "@/lib/model/model_folder.ts";
import { OnnxSession } from "@/lib/model/onnx_session.ts";
import type { CropBackend } from "@/tasks/model_option.ts";
import { openModel, type OpenOptions } from "@/tasks/predict/open_model.ts";

/** A trained model that is ready for crops. */
export interface OpenedModel {
  readonly description: ModelDescription;
  readonly crops: CropModel;
  /** Size of `model.onnx`. */
  readonly bytes: number;
}

export interface CropsOptions extends OpenOptions {
  /** "cpu" unless given. */
  readonly backend?: CropBackend;
}

/** For small networks, one crop at a time: more threads wait for each other, and take the processor from the rest. */
const ONE_THREAD = { intraOpNumThreads: 1 };
const MANY_THREADS = { intraOpNumThreads: Math.min(4, navigator.hardwareConcurrency) };

/**
 * A run or a model's folder, or what {@linkcode openModel} gave for it, run by ONNX Runtime on the processor or on any GPU. Throws
 * an InputError without a GPU, and where the network cannot be run or is not the one that is described.
 */
export async function openCrops(
  given: string | OnnxModel,
  { atOnce = 1, backend = "cpu", ...options }: CropsOptions & { /** Crops at a time. */ readonly atOnce?: number } = {},
): Promise<OpenedModel> {
  const { description, network } = typeof given === "string" ? await openModel(given, options) : given;
  const isSmall = description.architecture !== "prnet" && atOnce === 1;
  const opening = backend === "webgpu"
    ? openOnGpu(network, options)
    : OnnxSession.open(ort, network, isSmall ? ONE_THREAD : MANY_THREADS);
  const whose = typeof given === "string" ? given : "the model";
  const session = await opening.catch((error) => {
    if (error instanceof InputError) throw error;
    throw new InputError(`Cannot run model.onnx of ${whose}: ${reasonOf(error)}`);
  });
  const side = session.inputShape?.[1] ?? description.imageSize;
  if (side !== description.imageSize) {
    throw new InputError(
      `Cannot use ${whose}: model.onnx takes pictures of ${side} pixels a side, posmap.json says ${description.imageSize}`,
    );
  }
  return { description, crops: new CropModel(session, description.imageSize), bytes: network.length };
}

/** Run by ONNX Runtime's build for browsers, which Deno's WebGPU serves, too. */
async function openOnGpu(network: Uint8Array, { note = () => {} }: OpenOptions): Promise<OnnxSession> {
  // slow to load, and not needed otherwise
  const [{ findGpu }, web] = await Promise.all([import("@/lib/webgpu/gpu.ts"), import("onnxruntime-web/jspi")]);
  const { description } = await findGpu();
  note(description);
  web.env.logLevel = "error";
  web.env.wasm.numThreads = 1; // it only gives the GPU its work
  web.env.webgpu.powerPreference = "high-performance"; // as findGpu() asks for it
  return await OnnxSession.open(web, network, { executionProviders: ["webgpu"] });
}
