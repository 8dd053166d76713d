import * as tf from "@tensorflow/tfjs";
import * as z from "zod";
import { InputError } from "@/lib/errors.ts";
import { isThere, removeTemporaries, syncFolder, writeFileAtomic, writing } from "@/lib/files.ts";
import { encodeDescription, type ModelDescription, parseDescription } from "@/lib/model/description.ts";
import {
  changedError,
  modelFolder,
  openOnnxModel,
  readDescription,
  readJson,
  readModelFile,
  unsealed,
} from "@/lib/model/model_folder.ts";
import { sealJson, sha256 } from "@/lib/formats/seal.ts";
import { measuredLayers } from "@/lib/model/network.ts";
import { EYE_LANDMARKS, LID_NODES } from "@/lib/model/eyes.ts";
import { type LayersShape, readOnnxNetwork, readOnnxShape } from "@/lib/model/onnx_weights.ts";

/** A network and all that is needed to use it. Whoever loads it disposes the network. */
export interface TrainedModel {
  readonly network: tf.LayersModel;
  readonly description: ModelDescription;
  /** Whether normalizations lack the statistics of training, which `measureStatistics` gives them: it matters to trainings alone. */
  readonly lacksStatistics?: boolean;
}

/** A layer of tfjs's `model.json` and the layers that it takes from: `[name, node, tensor, arguments]` each. */
const layerSchema = z.looseObject({
  name: z.string(),
  inbound_nodes: z.array(z.array(z.tuple([z.string(), z.literal(0), z.int(), z.looseObject({})]))).max(1),
});

/** tfjs's `model.json`, as far as it matters here. */
const networkSchema = z.looseObject({
  modelTopology: z.looseObject({
    config: z.looseObject({ layers: z.array(layerSchema) }).superRefine(({ layers }, { addIssue }) => {
      const earlier = new Set<string>(); // tfjs waits forever for a layer that never comes
      for (const { name, inbound_nodes } of layers) {
        const missing = inbound_nodes.flat().find(([source]) => !earlier.has(source));
        if (missing) addIssue(`layer ${name} takes from ${missing[0]}, which no layer before it is called`);
        earlier.add(name);
      }
    }),
  }),
  weightsManifest: z.tuple([z.object({
    paths: z.tuple([z.string().regex(/^weights-[0-9a-f]{64}\.bin$/)]),
    weights: z.array(z.object({ name: z.string(), shape: z.array(z.int()), dtype: z.literal("float32") })),
  })]),
});

/**
 * Writes the folder of a trained model: tfjs's `model.json` with its weights, and `posmap.json`. What is there of an
 * earlier save is replaced, and its `model.onnx` removed. A kill at any moment leaves one or the other, whole, as
 * `model.json` has all but the weights, whose file is named by its SHA-256: `posmap.json` is for those who take
 * `model.onnx`. Throws an InputError where that fails.
 */
export async function saveTrainedModel(folder: string, { network, description }: TrainedModel): Promise<void> {
  const weightData = weightBytes(network);
  const weightsFile = `weights-${await sha256(weightData)}.bin`;
  const modelJson = {
    format: "layers-model",
    generatedBy: `TensorFlow.js tfjs-layers v${tf.version_layers}`,
    convertedBy: null,
    posmap: encodeDescription(description),
    modelTopology: network.toJSON(null, false),
    weightsManifest: [{
      paths: [weightsFile],
      weights: network.weights.map(({ originalName, shape }) => ({ name: originalName, shape, dtype: "float32" })),
    }],
  };
  await writing(folder, () => Deno.mkdir(folder, { recursive: true }));
  await writeFileAtomic(`${folder}/${weightsFile}`, weightData);
  await replaceDescription(folder, description);
  await writeFileAtomic(`${folder}/model.json`, await sealJson(modelJson));
  await writing(folder, () => removeOtherWeights(folder, weightsFile));
}

/** Writes a model folder's `posmap.json`, and before that removes its `model.onnx`, which may be another model's. */
export async function replaceDescription(folder: string, description: ModelDescription): Promise<void> {
  await writing(folder, async () => {
    await Deno.remove(`${folder}/model.onnx`).catch((error) => {
      if (!(error instanceof Deno.errors.NotFound)) throw error;
    });
    await syncFolder(folder);
  });
  await writeFileAtomic(`${folder}/posmap.json`, await sealJson(encodeDescription(description)));
}

async function removeOtherWeights(folder: string, weightsFile: string): Promise<void> {
  await removeTemporaries(folder);
  for await (const { name } of Deno.readDir(folder)) {
    if (name.startsWith("weights-") && name !== weightsFile) await Deno.remove(`${folder}/${name}`);
  }
}

/**
 * A trained model, from its folder or its run's; from its `model.onnx` where that and `posmap.json` are all there is, as of
 * weights that come along. Throws an InputError where there is none, or a damaged one.
 */
export async function openTrainedModel(runOrModel: string): Promise<TrainedModel> {
  const folder = await modelFolder(runOrModel);
  if (await isOnnxAlone(folder)) {
    const model = await openOnnxModel(folder);
    const network = await readOnnxNetwork(model, `${folder}/model.onnx`);
    return { network, description: model.description, lacksStatistics: true };
  }
  const path = `${folder}/model.json`;
  const { description, modelTopology, weightsManifest: [{ paths: [weightsFile], weights }] } = await readLayers(folder);
  const weightData = await readModelFile(`${folder}/${weightsFile}`);
  if (weightsFile !== `weights-${await sha256(weightData)}.bin`) throw changedError(`${folder}/${weightsFile}`);
  const artifacts = { modelTopology, weightSpecs: weights, weightData: weightData.buffer };
  const network = await tf.loadLayersModel(tf.io.fromMemory(artifacts)).catch((error: Error) => {
    throw new InputError(`Cannot load ${path}: ${error.message}`);
  });
  const [, size] = network.outputs[0]!.shape;
  if (size === description.imageSize) return { network, description };
  network.dispose();
  throw new InputError(
    `Cannot load ${folder}: posmap.json says ${description.imageSize} pixels a side, its network gives ${size}`,
  );
}

/** What stands in a model's `model.json`. */
async function readLayers(folder: string) {
  const path = `${folder}/model.json`;
  const read = await readJson(path);
  const json = "sha256" in read ? await unsealed(read, path) : read; // older ones had no seal, nor the description
  const description = "posmap" in json ? parseDescription(json.posmap, path) : await readDescription(folder);
  return { description, ...parseNetwork(json, path) };
}

/** The settings that a network has in common with one that starts from its weights. */
export type NetworkShape = Pick<ModelDescription, "architecture" | "imageSize" | "encoding"> & LayersShape;

/** The shape of a trained model's network, given its folder or its run's. Throws an InputError where there is none. */
export async function readShape(runOrModel: string): Promise<NetworkShape> {
  const folder = await modelFolder(runOrModel);
  if (await isOnnxAlone(folder)) {
    const model = await openOnnxModel(folder);
    return { ...model.description, ...await readOnnxShape(model, `${folder}/model.onnx`) };
  }
  const { description, weightsManifest: [{ weights }] } = await readLayers(folder);
  const { layer, widths } = measuredLayers[description.architecture];
  const kernelOf = (layer: string) => weights.find(({ name }) => name === `${layer}/kernel`);
  return {
    ...description,
    width: (kernelOf(layer)?.shape.at(-1) ?? NaN) / widths,
    eyes: kernelOf(EYE_LANDMARKS) !== undefined,
    lids: kernelOf(LID_NODES) !== undefined,
  };
}

/** Whether a model's folder has its network as ONNX and no other way. */
export async function isOnnxAlone(folder: string): Promise<boolean> {
  return !await isThere(`${folder}/model.json`) && await isThere(`${folder}/model.onnx`);
}

function parseNetwork(json: object, path: string): z.infer<typeof networkSchema> {
  const { data, error } = networkSchema.safeParse(json);
  if (data) return data;
  const { path: place, message } = error.issues[0]!;
  throw new InputError(`Cannot load ${path}: ${place.join(".") || "it"}: ${message}`);
}

/** All weights after one another. */
export function weightBytes(network: tf.LayersModel): Uint8Array<ArrayBuffer> {
  const arrays = network.weights.map((weight) => weight.read().dataSync<"float32">());
  const all = new Float32Array(arrays.reduce((length, array) => length + array.length, 0));
  let start = 0;
  for (const array of arrays) {
    all.set(array, start);
    start += array.length;
  }
  return new Uint8Array(all.buffer);
}
