/** What artefacts.ts has of models: they need TensorFlow.js and the export. */
import * as tf from "@tensorflow/tfjs";
import { InputError } from "@/lib/errors.ts";
import { encodeOnnx } from "@/lib/export/onnx.ts";
import { saveNewModel, saveOnnx } from "@/lib/export/save_onnx.ts";
import { sealOnnx } from "@/lib/formats/seal.ts";
import { foldNetwork } from "@/lib/model/fold.ts";
import { openOnnxModel } from "@/lib/model/model_folder.ts";
import { openTrainedModel, saveTrainedModel, type TrainedModel } from "@/lib/model/trained_model.ts";
import { smallSurface } from "@/tests/attacks/artefacts.ts";
import { assertEquals } from "@/tests/support.ts";

/** The smallest network that there can be, whose weights and description are the version. */
export function smallModel(version: number): TrainedModel {
  const image = tf.input({ shape: [4, 4, 3] });
  const kernelInitializer = tf.initializers.constant({ value: version });
  const map = tf.layers.conv2d({ filters: 3, kernelSize: 1, kernelInitializer, name: "map" }).apply(image);
  return {
    network: tf.model({ inputs: image, outputs: map as tf.SymbolicTensor, name: "small" }),
    description: {
      architecture: "lite",
      imageSize: 4,
      encoding: "centered",
      crop: { margin: 1.5 },
      surface: smallSurface,
      meanLandmarks: new Float32Array(204),
      summary: { version },
    },
  };
}

async function withSmallModel(version: number, use: (model: TrainedModel) => Promise<unknown>): Promise<void> {
  await tf.setBackend("cpu");
  const model = smallModel(version);
  try {
    await use(model);
  } finally {
    model.network.dispose();
  }
}

/** Undefined where the file is not there yet. */
function unlessMissing(error: unknown): undefined {
  if (error instanceof InputError && error.message.includes("there is no such file")) return undefined;
  throw error;
}

export async function writeModel(folder: string, version: number): Promise<void> {
  await withSmallModel(version, (model) => saveTrainedModel(folder, model));
}

/** The version that stands there, as `Artefact.read` has it. */
export async function readModel(folder: string): Promise<number | undefined> {
  await tf.setBackend("cpu");
  const model = await openTrainedModel(folder).catch(unlessMissing);
  if (!model) return undefined;
  const { network, description: { summary } } = model;
  const [kernel] = network.getWeights()[0]!.dataSync();
  network.dispose();
  assertEquals(summary!["version"], kernel);
  return kernel;
}

export async function writeNewModel(folder: string, version: number): Promise<void> {
  await withSmallModel(version, (model) => saveNewModel(folder, model));
}

export async function writeOnnx(folder: string, version: number): Promise<void> {
  await withSmallModel(version, async (model) => {
    await saveTrainedModel(folder, model);
    await saveOnnx(`${folder}/model.onnx`, model);
  });
}

/** The version that stands there, as `Artefact.read` has it. */
export async function readOnnx(folder: string): Promise<number | undefined> {
  const model = await openOnnxModel(folder).catch(unlessMissing);
  if (!model) return undefined;
  const version = Number(model.description.summary!["version"]);
  await withSmallModel(version, async ({ network, description }) => {
    assertEquals(model.network, await sealOnnx(encodeOnnx(foldNetwork(network), description)));
  });
  return version;
}
