import * as tf from "@tensorflow/tfjs";
import { z } from "zod";
import { InputError } from "@/lib/errors.ts";
import { writeFileAtomic } from "@/lib/files.ts";
import { encodeDescription, type ModelDescription, parseDescription } from "@/lib/model/description.ts";
import { openSealed, sealJson, sha256 } from "@/lib/model/sealed_json.ts";

/** A network and all that is needed to use it. Whoever loads it disposes the network. */
export interface TrainedModel {
  readonly network: tf.LayersModel;
  readonly description: ModelDescription;
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
 * earlier save is replaced; a kill at any moment leaves one or the other, whole, as the weights' file is named by its
 * SHA-256. The other two say their own SHA-256.
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
  await Deno.mkdir(folder, { recursive: true });
  await writeFileAtomic(`${folder}/${weightsFile}`, weightData);
  await writeFileAtomic(`${folder}/posmap.json`, await sealJson(encodeDescription(description)));
  await writeFileAtomic(`${folder}/model.json`, await sealJson(modelJson));
  for await (const { name } of Deno.readDir(folder)) {
    if (name.startsWith("weights-") && name !== weightsFile) await Deno.remove(`${folder}/${name}`);
  }
}

/** The folder of a trained model, given it or its run's. Throws an InputError where the run has none yet. */
export async function modelFolder(folder: string): Promise<string> {
  if (await isThere(`${folder}/model`)) return `${folder}/model`;
  if (!await isThere(`${folder}/config.json`)) return folder;
  throw new InputError(`Cannot use the run ${folder}: it has not finished, there is no ${folder}/model yet`);
}

/** A trained model, from its folder or its run's. Throws an InputError where there is none, or a damaged one. */
export async function openTrainedModel(runOrModel: string): Promise<TrainedModel> {
  const folder = await modelFolder(runOrModel);
  const { description, isSealed } = await readSealedDescription(folder);
  const path = `${folder}/model.json`;
  const json = await readJson(path);
  const { modelTopology, weightsManifest: [{ paths: [weightsFile], weights }] } = parseNetwork(
    isSealed ? await unsealed(json, path) : json,
    path,
  );
  const weightData = await readFile(`${folder}/${weightsFile}`);
  if (weightsFile !== `weights-${await sha256(weightData)}.bin`) throw changed(`${folder}/${weightsFile}`);
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

/** What stands in a model's `posmap.json`. Throws an InputError where it is missing or damaged. */
export async function readDescription(folder: string): Promise<ModelDescription> {
  return (await readSealedDescription(folder)).description;
}

/** Version 1 had no seals. */
async function readSealedDescription(folder: string) {
  const path = `${folder}/posmap.json`;
  const json = await readJson(path);
  const isSealed = json["version"] !== 1;
  return { description: parseDescription(isSealed ? await unsealed(json, path) : json, path), isSealed };
}

function parseNetwork(json: object, path: string): z.infer<typeof networkSchema> {
  const { data, error } = networkSchema.safeParse(json);
  if (data) return data;
  const { path: place, message } = error.issues[0]!;
  throw new InputError(`Cannot load ${path}: ${place.join(".") || "it"}: ${message}`);
}

async function unsealed(json: object, path: string): Promise<object> {
  const content = await openSealed(json);
  if (content) return content;
  throw changed(path);
}

function changed(path: string): InputError {
  return new InputError(`Cannot load ${path}: its content is not what was saved, SHA-256 differs`);
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

async function readJson(path: string): Promise<Record<string, unknown>> {
  const text = new TextDecoder().decode(await readFile(path));
  try {
    return z.record(z.string(), z.unknown()).parse(JSON.parse(text));
  } catch {
    throw new InputError(`Cannot load ${path}: it is no JSON object, as posmap writes one`);
  }
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

async function isThere(path: string): Promise<boolean> {
  return await Deno.stat(path).then(() => true, () => false);
}
