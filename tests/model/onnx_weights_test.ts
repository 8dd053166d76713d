import * as tf from "@tensorflow/tfjs";
import ort from "onnxruntime-node";
import { InputError } from "@/lib/errors.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { encodeOnnx } from "@/lib/export/onnx.ts";
import { placeEyes } from "@/lib/model/eyes.ts";
import { readOnnx } from "@/lib/formats/onnx_file.ts";
import { foldNetwork } from "@/lib/model/fold.ts";
import type { ModelDescription } from "@/lib/model/description.ts";
import { buildNetwork, type NetworkConfig } from "@/lib/model/network.ts";
import { isChannelNormalization, measureStatistics, valuesOf, writeValues } from "@/lib/model/normalization.ts";
import { OnnxSession } from "@/lib/model/onnx_session.ts";
import { openOnnxModel } from "@/lib/model/model_folder.ts";
import { readOnnxNetwork, readOnnxShape } from "@/lib/model/onnx_weights.ts";
import { Predictor } from "@/lib/model/predictor.ts";
import { Random } from "@/lib/random.ts";
import { openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import { crops, shake, TOLERANCE } from "@/tests/export/onnx_cases.ts";
import { assert, assertAllClose, assertClose, assertEquals, assertThrows } from "@/tests/support.ts";

await openTensorFlow({ device: "cpu" });

const meanLandmarks = new Float32Array(3 * 68);
const expressionNames = ["blink", "smile", "frown"];

function describe({ architecture, imageSize }: NetworkConfig, encoding: ModelDescription["encoding"]) {
  const { surface } = builtInFace();
  return { architecture, imageSize, encoding, crop: { margin: 1.5 }, surface, meanLandmarks, expressionNames };
}

/** Scales as trainings may leave them: also below 0, next to 0 and 0. */
function trained(config: NetworkConfig): tf.LayersModel {
  const network = shake(buildNetwork(config, expressionNames.length));
  const random = new Random("scales");
  for (const { gamma } of network.layers.filter(isChannelNormalization)) {
    const some = [1, -0.7, 1e-5, 0];
    writeValues(gamma!, valuesOf(gamma!).map((value) => value * some[random.integer(0, 3)]!));
  }
  return network;
}

async function run(model: Uint8Array, size: number, count: number) {
  await using session = await OnnxSession.open(ort, model);
  const data = Uint8Array.from(crops(count, size).flatMap(({ rgb }) => [...rgb]));
  return await session.run({ image: { data, shape: [count, size, size, 3] } });
}

const seeing = {
  architecture: "lite",
  imageSize: 64,
  width: 4,
  seed: 3,
  expressionWeight: 1,
  eyes: true,
  absentShare: 0.1,
} as const;
const cases = [
  [{ architecture: "lite", imageSize: 64, width: 5, seed: 3 }, "centered"],
  [{ architecture: "lite", imageSize: 128, width: 4, seed: 3, expressionWeight: 1, absentShare: 0.1 }, "paper"],
  [seeing, "centered"],
  [{ architecture: "prnet", imageSize: 64, width: 4, seed: 3 }, "centered"],
  [{ architecture: "prnet", imageSize: 64, width: 6, seed: 3 }, "prnet"],
  [{ ...seeing, lids: true }, "centered"],
  [{ ...seeing, architecture: "heatmap", lids: true }, "centered"],
  [{ ...seeing, architecture: "heatmap", lids: true, expressionWeight: 0, absentShare: 0 }, "centered"],
  [{ architecture: "heatmap", imageSize: 128, width: 4, seed: 3 }, "paper"],
] as const satisfies [NetworkConfig, ModelDescription["encoding"]][];

for (const [config, encoding] of cases) {
  const { architecture, imageSize, width } = config;
  Deno.test(`readOnnxNetwork() gives layers that say what the file says, statistics measured or not: ${architecture} of width ${width} at ${imageSize}², ${encoding}${"eyes" in config ? ", seeing eyes" : ""}${"lids" in config ? ", moving lids" : ""}${"expressionWeight" in config && !config.expressionWeight ? " and no more" : ""}`, async () => {
    const before = tf.memory().numTensors;
    const original = trained({ ...config, encoding }), description = describe(config, encoding);
    placeEyes(original, description);
    for (const half of [false, true]) {
      const file = encodeOnnx(foldNetwork(original), description, { half });
      const shape = { width, eyes: "eyes" in config, lids: "lids" in config };
      assertEquals(await readOnnxShape({ description, network: file }, "model.onnx"), shape);
      const network = await readOnnxNetwork({ description, network: file }, "model.onnx");
      const expected = await run(file, imageSize, 3);
      const compare = async () => {
        using predictor = new Predictor(network, description);
        const maps = await predictor.predict(crops(3, imageSize));
        assertAllClose(
          maps.flatMap(({ positions }) => [...positions]),
          expected.positions!.data,
          TOLERANCE * imageSize,
        );
        if (!expected.presence) return;
        const amounts = (await predictor.predictHead("expressions", crops(3, imageSize))).flatMap((all) => [...all]);
        const clipped = amounts.map((amount) => Math.min(1, Math.max(0, amount)));
        assertAllClose(clipped, expected.expressions!.data, TOLERANCE);
        const chances = (await predictor.predictHead("presence", crops(3, imageSize))).flatMap((all) => [...all]);
        assertAllClose(chances, expected.presence.data, TOLERANCE);
      };
      await compare();
      const images = tf.tidy(() => tf.div(tf.stack(crops(4, imageSize).map(tensorOf)), 255)) as tf.Tensor4D;
      await measureStatistics(network, parts(images));
      await compare();
      images.dispose();
      network.dispose();
    }
    original.dispose();
    assertEquals(tf.memory().numTensors, before);
  });
}

const tensorOf = ({ rgb, width }: { rgb: Uint8Array; width: number }) => tf.tensor3d(rgb, [width, width, 3], "float32");

/** Two halves of a batch. */
async function* parts(images: tf.Tensor4D): AsyncGenerator<tf.Tensor4D> {
  const halves = tf.split(images, 2);
  for (const half of halves) yield half as tf.Tensor4D;
  tf.dispose(halves);
}

Deno.test("measureStatistics() has a network in training compute what it does outside of it, of those pictures", async () => {
  const config = cases[0][0], description = describe(config, "centered");
  const original = trained(config);
  const file = encodeOnnx(foldNetwork(original), description);
  const network = await readOnnxNetwork({ description, network: file }, "model.onnx");
  const images = tf.tidy(() => tf.div(tf.stack(crops(4, 64).map(tensorOf)), 255)) as tf.Tensor4D;
  const mapOf = (training: boolean) =>
    tf.tidy(() => [network.apply(images, { training })].flat()[0] as tf.Tensor).dataSync();
  const expected = mapOf(false);
  await measureStatistics(network, parts(images));
  assertAllClose(mapOf(true), expected, TOLERANCE);
  for (const network_ of [original, network]) network_.dispose();
  images.dispose();
});

Deno.test("readOnnxNetwork() gives kernels before normalizations the length of new ones, which is how fast they learn", async () => {
  const config = cases[3][0], description = describe(config, "centered");
  const original = shake(buildNetwork(config));
  const file = encodeOnnx(foldNetwork(original), description);
  const network = await readOnnxNetwork({ description, network: file }, "model.onnx");
  const fresh = buildNetwork({ ...config, seed: 0 });
  const lengthOf = (model: tf.LayersModel) =>
    Math.hypot(...valuesOf(model.getLayer("Conv2d_transpose_4").weights[0] as tf.LayerVariable));
  assertClose(lengthOf(network), lengthOf(fresh), 1e-4 * lengthOf(fresh));
  for (const model of [original, network, fresh]) model.dispose();
});

for (const [name, leastWeights] of [["lite", 1e6], ["large", 1.6e6]] as const) {
  Deno.test(`readOnnxNetwork() takes the weights that come along, and what is written of them again is the same to the bit: ${name}`, async () => {
    const model = await openOnnxModel(`${import.meta.dirname}/../../data/weights/${name}`);
    const network = await readOnnxNetwork(model, "model.onnx");
    const expected = await run(model.network, 128, 1);
    using predictor = new Predictor(network, model.description);
    const [map] = await predictor.predict(crops(1, 128));
    assertAllClose(map!.positions, expected.positions!.data, TOLERANCE * 128);
    const again = encodeOnnx(foldNetwork(network), model.description, { half: true });
    const kernels = (bytes: Uint8Array) => {
      const { nodes, arrays } = readOnnx(bytes);
      return nodes.filter(({ operator }) => ["Conv", "Gemm"].includes(operator)).flatMap(({ inputs: [, kernel] }) => [
        ...arrays.get(kernel!)!.values,
      ]);
    };
    const [found, wanted] = [kernels(again), kernels(model.network)];
    assert(wanted.length > leastWeights);
    assert(found.every((value, i) => Object.is(value, wanted[i])));
    network.dispose();
  });
}

Deno.test("readOnnxNetwork() says what does not fit where the file holds another network, or none", async () => {
  const config = cases[0][0], description = describe(config, "centered");
  const original = buildNetwork(config);
  const file = encodeOnnx(foldNetwork(original), description);
  const before = tf.memory().numTensors;
  const refused = (change: Partial<ModelDescription>, message: RegExp, network = file) =>
    assertThrows(
      () => readOnnxNetwork({ description: { ...description, ...change }, network }, "m.onnx"),
      InputError,
      message,
    );
  await refused({ imageSize: 128 }, /^Cannot take the weights of m\.onnx: .*; a model\.onnx of posmap was expected$/);
  await refused({ architecture: "prnet" }, /its weights for .* have the shape|has no weights for/);
  await refused({}, /it has no graph/, new Uint8Array());
  for (const end of [1, 100, file.length >> 1, file.length - 1]) await refused({}, /m\.onnx/, file.slice(0, end));
  assert(tf.memory().numTensors === before, "what was begun is disposed");
  original.dispose();
});
