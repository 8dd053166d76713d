import * as tf from "@tensorflow/tfjs";
import { z } from "zod";
import { InputError } from "@/lib/errors.ts";
import { writeFileAtomic } from "@/lib/files.ts";
import { descriptionSchema, type ModelDescription } from "@/lib/model/description.ts";

/** A network and all that is needed to use it. Whoever loads it disposes the network. */
export interface TrainedModel {
  readonly network: tf.LayersModel;
  readonly description: ModelDescription;
}

/** tfjs's `model.json`, as far as it matters here. */
const networkSchema = z.looseObject({
  modelTopology: z.looseObject({}),
  weightsManifest: z.tuple([z.object({
    paths: z.tuple([z.string().regex(/^weights-[0-9a-f]{64}\.bin$/)]),
    weights: z.array(z.object({ name: z.string(), shape: z.array(z.int()), dtype: z.literal("float32") })),
  })]),
});

/**
 * Writes the folder of a trained model: tfjs's `model.json` with its weights, and `posmap.json`. What is there of an
 * earlier save is replaced; a kill at any moment leaves one or the other, whole, as the weights' file is named by its
 * SHA-256.
 */
export async function saveTrainedModel(folder: string, { network, description }: TrainedModel): Promise<void> {
  const weightData = weightBytes(network);
  const weightsFile = `weights-${await sha256(weightData)}.bin`;
  const modelJson = {
    format: "layers-model",
    generatedBy: `TensorFlow.js tfjs-layers v${tf.version_layers}`,
    convertedBy: null,
    modelTopology: network.toJSON(null, false),
    weightsManifest: [{
      paths: [weightsFile],
      weights: network.weights.map(({ originalName, shape }) => ({ name: originalName, shape, dtype: "float32" })),
    }],
  };
  const posmapJson = z.encode(descriptionSchema, { format: "posmap", version: 1, ...description });
  await Deno.mkdir(folder, { recursive: true });
  await writeFileAtomic(`${folder}/${weightsFile}`, weightData);
  await writeFileAtomic(`${folder}/posmap.json`, JSON.stringify(posmapJson));
  await writeFileAtomic(`${folder}/model.json`, JSON.stringify(modelJson));
  for await (const { name } of Deno.readDir(folder)) {
    if (name.startsWith("weights-") && name !== weightsFile) await Deno.remove(`${folder}/${name}`);
  }
}

/** Throws an InputError where the folder holds no trained model, or a damaged one. */
export async function loadTrainedModel(folder: string): Promise<TrainedModel> {
  const { format: _, version: __, ...description } = await readJson(`${folder}/posmap.json`, descriptionSchema);
  const { modelTopology, weightsManifest: [{ paths: [weightsFile], weights }] } = await readJson(
    `${folder}/model.json`,
    networkSchema,
  );
  const weightData = await readFile(`${folder}/${weightsFile}`);
  if (weightsFile !== `weights-${await sha256(weightData)}.bin`) {
    throw new InputError(`Cannot load ${folder}/${weightsFile}: its content is not what was saved, SHA-256 differs`);
  }
  const artifacts = { modelTopology, weightSpecs: weights, weightData: weightData.buffer };
  const network = await tf.loadLayersModel(tf.io.fromMemory(artifacts)).catch((error: Error) => {
    throw new InputError(`Cannot load ${folder}/model.json: ${error.message}`);
  });
  const [, size] = network.outputs[0]!.shape;
  if (size === description.imageSize) return { network, description };
  network.dispose();
  throw new InputError(
    `Cannot load ${folder}: posmap.json says ${description.imageSize} pixels a side, its network gives ${size}`,
  );
}

/** All weights after one another. */
function weightBytes(network: tf.LayersModel): Uint8Array<ArrayBuffer> {
  const arrays = network.weights.map((weight) => weight.read().dataSync<"float32">());
  const all = new Float32Array(arrays.reduce((length, array) => length + array.length, 0));
  let start = 0;
  for (const array of arrays) {
    all.set(array, start);
    start += array.length;
  }
  return new Uint8Array(all.buffer);
}

async function sha256(data: Uint8Array<ArrayBuffer>): Promise<string> {
  return new Uint8Array(await crypto.subtle.digest("SHA-256", data)).toHex();
}

async function readJson<S extends z.ZodType>(path: string, schema: S): Promise<z.output<S>> {
  const text = new TextDecoder().decode(await readFile(path));
  let json: unknown;
  try {
    json = JSON.parse(text);
  } catch (error) {
    throw new InputError(`Cannot load ${path}: it is no JSON, ${(error as Error).message}`);
  }
  const result = schema.safeParse(json);
  if (result.success) return result.data;
  const { path: place, message } = result.error.issues[0]!;
  throw new InputError(`Cannot load ${path}: ${place.join(".") || "it"}: ${message}`);
}

async function readFile(path: string): Promise<Uint8Array<ArrayBuffer>> {
  try {
    return await Deno.readFile(path);
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) {
      throw new InputError(`Cannot load ${path}: there is no such file; a trained model's folder has one`);
    }
    throw new InputError(`Cannot load ${path}: ${(error as Error).message}`);
  }
}
