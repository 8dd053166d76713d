import * as tf from "@tensorflow/tfjs";
import ort from "onnxruntime-node";
import { encodeOnnx } from "@/lib/export/onnx.ts";
import { builtInFace } from "@/lib/face/built_in.ts";
import { readLandmarks } from "@/lib/data/maps/position_map.ts";
import { foldNetwork } from "@/lib/model/fold.ts";
import { buildNetwork } from "@/lib/model/network.ts";
import { OnnxSession } from "@/lib/model/onnx_session.ts";
import { Predictor } from "@/lib/model/predictor.ts";
import { openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import { Random } from "@/lib/random.ts";
import type { Photo } from "@/lib/types.ts";
import { assert, assertAllClose, assertEquals, assertThrows } from "@/tests/support.ts";

await openTensorFlow({ device: "cpu" });

const { surface } = builtInFace();
/** Of the crop's side. */
const TOLERANCE = 1e-4;

/** Weights as after a training: none is 0 or 1, variances are positive. */
function shake(network: tf.LayersModel): tf.LayersModel {
  const random = new Random("shake");
  for (const weight of network.weights.filter(({ originalName }) => !originalName.endsWith("/kernel"))) {
    const length = weight.shape.reduce((product, size) => product! * size!, 1)!;
    const values = Float32Array.from({ length }, () => random.uniform(0.5, 1.5));
    tf.tidy(() => void weight.write(tf.tensor(values, weight.shape as number[])));
  }
  return network;
}

function crops(count: number, size: number): Photo[] {
  const random = new Random("crops");
  return Array.from({ length: count }, () => ({
    width: size,
    height: size,
    rgb: Uint8Array.from({ length: 3 * size * size }, () => random.integer(0, 255)),
  }));
}

async function run(model: Uint8Array, photos: readonly Photo[]) {
  await using session = await OnnxSession.open(ort, model);
  const size = photos[0]!.width;
  const data = Uint8Array.from(photos.flatMap(({ rgb }) => [...rgb]));
  return await session.run({ image: { data, shape: [photos.length, size, size, 3] } });
}

for (const [model, imageSize] of [["prnet", 64], ["lite", 64], ["lite", 128]] as const) {
  for (const encoding of ["centered", "paper"] as const) {
    Deno.test(`encodeOnnx() writes what ${model} at ${imageSize}² says of 20 crops, ${encoding}, and reads the landmarks`, async () => {
      const network = shake(buildNetwork({ model, imageSize, width: 4, seed: 2 }));
      const description = { imageSize, encoding, crop: { margin: 1.5 }, surface };
      const photos = crops(20, imageSize);
      using predictor = new Predictor(network, description);
      const expected = predictor.predict(photos);
      const { positions, landmarks } = await run(encodeOnnx(foldNetwork(network), description), photos);
      assertEquals(positions!.shape, [20, imageSize, imageSize, 3]);
      assertEquals(landmarks!.shape, [20, 68, 3]);
      assertAllClose(positions!.data, expected.flatMap(({ positions }) => [...positions]), TOLERANCE * imageSize);
      const read = expected.flatMap((map) => [...readLandmarks(map, surface)]);
      assertAllClose(landmarks!.data, read, TOLERANCE * imageSize);
      network.dispose();
    });
  }
}

Deno.test("encodeOnnx() keeps weights in half precision on request: half the bytes, the same to a thousandth", async () => {
  const network = shake(buildNetwork({ model: "lite", imageSize: 64, width: 16, seed: 2 }));
  const description = { imageSize: 64, encoding: "centered", crop: { margin: 1.5 }, surface } as const;
  const [full, half] = [false, true].map((half) => encodeOnnx(foldNetwork(network), description, { half }));
  assert(half!.length < 0.55 * full!.length, `${half!.length} of ${full!.length} bytes`);
  const photos = crops(3, 64);
  const [a, b] = [await run(full!, photos), await run(half!, photos)];
  assertAllClose(a.positions!.data, b.positions!.data, 1e-2 * 64);
  network.dispose();
});

Deno.test("encodeOnnx() writes every kind of node that a network folds to", async () => {
  const kernelInitializer = tf.initializers.glorotUniform({ seed: 5 });
  const biasInitializer = tf.initializers.randomUniform({ minval: -0.5, maxval: 0.5, seed: 6 });
  const convolve = (filters: number, options: object = {}) =>
    tf.layers.conv2d({ filters, kernelSize: 3, kernelInitializer, biasInitializer, padding: "same", ...options });
  const transpose = (options: object) =>
    tf.layers.conv2dTranspose({
      filters: 3,
      kernelSize: 3,
      kernelInitializer,
      biasInitializer,
      padding: "same",
      ...options,
    });
  const double = () => tf.layers.upSampling2d({ size: [2, 2] });
  const stacks: Record<string, tf.layers.Layer[]> = {
    "convolutions of even kernels and strides": [convolve(5, { kernelSize: 4, strides: 2 }), double(), convolve(3)],
    "a valid convolution and zeros around": [
      convolve(3, { padding: "valid" }),
      tf.layers.zeroPadding2d({ padding: [[1, 1], [0, 2]] }),
    ],
    "a doubling alone, and pooling": [
      double(),
      tf.layers.maxPooling2d({ poolSize: 3, strides: 2, padding: "same" }),
      convolve(3),
    ],
    "transposed convolutions": [convolve(4, { strides: 2 }), transpose({ strides: 2, kernelSize: 4 }), transpose({})],
    "a transposed convolution of an odd kernel": [convolve(4, { strides: 2 }), transpose({ strides: 2 })],
    "activations": [
      convolve(3, { activation: "relu6" }),
      convolve(3, { activation: "elu" }),
      convolve(3, { activation: "tanh" }),
      convolve(3, { activation: "softmax" }),
      tf.layers.activation({ activation: "sigmoid" }),
    ],
    "a normalization by itself": [
      tf.layers.activation({ activation: "relu" }),
      tf.layers.batchNormalization({ betaInitializer: biasInitializer }),
    ],
    "dense layers between grids": [
      convolve(2, { strides: 4 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 16 * 16 * 3, kernelInitializer, biasInitializer, activation: "tanh" }),
      tf.layers.reshape({ targetShape: [16, 16, 3] }),
    ],
  };
  for (const [name, layers] of Object.entries(stacks)) {
    const input = tf.input({ shape: [16, 16, 3] });
    const output = layers.reduce((x, layer) => layer.apply(x) as tf.SymbolicTensor, input as tf.SymbolicTensor);
    const network = tf.model({ inputs: input, outputs: output });
    assertEquals({ name, shape: network.outputs[0]!.shape }, { name, shape: [null, 16, 16, 3] });
    const description = { imageSize: 16, encoding: "centered", crop: { margin: 1.5 }, surface } as const;
    const photos = crops(2, 16);
    using predictor = new Predictor(network, description);
    const expected = predictor.predict(photos).flatMap(({ positions }) => [...positions]);
    const { positions } = await run(encodeOnnx(foldNetwork(network), description), photos);
    const worst = expected.reduce((most, value, i) => Math.max(most, Math.abs(value - positions!.data[i]!)), 0);
    assert(worst < 16 * TOLERANCE, `${name}: ${worst}`);
    network.dispose();
  }
});

Deno.test("encodeOnnx() names a layer that it does not know", async () => {
  const input = tf.input({ shape: [16, 16, 3] });
  const output = tf.layers.gaussianNoise({ stddev: 1, name: "noisy" }).apply(input) as tf.SymbolicTensor;
  const network = tf.model({ inputs: input, outputs: output });
  const description = { imageSize: 16, encoding: "centered", crop: { margin: 1.5 }, surface } as const;
  await assertThrows(() => encodeOnnx(foldNetwork(network), description), TypeError, /layer noisy \(GaussianNoise\)/);
  network.dispose();
});
