import * as tf from "@tensorflow/tfjs";
import { encodePositions } from "@/lib/data/maps/position_map.ts";
import { foldNetwork } from "@/lib/model/fold.ts";
import { inputsOf } from "@/lib/model/folded_network.ts";
import { runFolded } from "@/lib/model/run_folded.ts";
import { buildNetwork } from "@/lib/model/network.ts";
import { Predictor } from "@/lib/model/predictor.ts";
import { openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import type { Photo } from "@/lib/types.ts";
import { assert, assertAllClose, assertEquals, assertThrows } from "../support.ts";
import { hashedValues } from "./hashed_values.ts";

const tensorFlow = await openTensorFlow({ device: "cpu" });

const SIZE = 64;
/** For maps in [0, 1]: a kernel scaled first, or its result afterwards, rounded through forty layers. */
const TOLERANCE = 1e-5;

function photo(name: string, width = SIZE, height = SIZE): Photo {
  const rgb = Uint8Array.from(hashedValues(name, width * height * 3), (value) => 256 * value);
  return { width, height, rgb };
}

/** A network whose every weight and moving statistic is as after a training: none is 0 or 1, variances are positive. */
function trainedNetwork(architecture: "prnet" | "lite" | "heatmap"): tf.LayersModel {
  const network = buildNetwork({ architecture, imageSize: SIZE, width: 4, seed: 2 });
  for (const weight of network.weights.filter(({ originalName }) => !originalName.endsWith("/kernel"))) {
    const values = hashedValues(weight.originalName, weight.shape.reduce((product, size) => product! * size!, 1)!);
    tf.tidy(() => void weight.write(tf.tensor(values.map((value) => 0.5 + value), weight.shape as number[])));
  }
  return network;
}

function applied(network: tf.LayersModel, photos: readonly Photo[]): Float32Array {
  return tf.tidy(() => {
    const rgb = photos.flatMap(({ rgb }) => Array.from(rgb, (value) => value / 255));
    const images = tf.tensor4d(rgb, [photos.length, SIZE, SIZE, 3]);
    return (network.apply(images, { training: false }) as tf.Tensor).dataSync<"float32">();
  });
}

for (const architecture of ["prnet", "lite", "heatmap"] as const) {
  Deno.test(`Predictor gives for each picture what ${architecture} gives, and leaves nothing behind`, async () => {
    const network = trainedNetwork(architecture);
    const photos = [photo("a"), photo("b"), photo("c")];
    const [tensors, handles] = [tf.memory().numTensors, tensorFlow.handleCount];
    for (const encoding of ["paper", "centered"] as const) {
      using predictor = new Predictor(network, { encoding });
      const maps = [...await predictor.predict(photos), ...await predictor.predict([photos[1]!])];
      const found = maps.flatMap(({ positions }) => [...encodePositions(positions, { size: SIZE, encoding })]);
      assertAllClose(found, [...applied(network, photos), ...applied(network, [photos[1]!])], TOLERANCE);
    }
    assertEquals(tf.memory().numTensors, tensors);
    assertEquals(tensorFlow.handleCount, handles);
    network.dispose();
  });
}

Deno.test("Predictor keeps the weights that the network had", async () => {
  const network = trainedNetwork("lite");
  using predictor = new Predictor(network, { encoding: "centered" });
  const before = (await predictor.predict([photo("a")]))[0]!.positions;
  for (const weight of network.weights) tf.tidy(() => void weight.write(tf.zerosLike(weight.read())));
  const [a, b] = [(await predictor.predict([photo("a")]))[0]!, (await predictor.predict([photo("a"), photo("b")]))[0]!];
  assertAllClose(a.positions, before, 0);
  assertAllClose(b.positions, before, SIZE * TOLERANCE);
  network.dispose();
});

Deno.test("Predictor refuses no pictures, and pictures of another size", async () => {
  const network = trainedNetwork("lite");
  using predictor = new Predictor(network, { encoding: "centered" });
  await assertThrows(() => predictor.predict([]), RangeError, /there are none/);
  await assertThrows(() => predictor.predict([photo("a", 4, 5)]), TypeError, /4 × 5 pixels.*64 × 64/);
  network.dispose();
});

Deno.test("foldNetwork() folds what it can and leaves the rest: strides, paddings, biases, activations, shared inputs", () => {
  const kernelInitializer = tf.initializers.glorotUniform({ seed: 5 });
  const convolve = (filters: number, options: object) =>
    tf.layers.conv2d({ filters, kernelSize: 3, kernelInitializer, padding: "same", ...options });
  const normalize = () =>
    tf.layers.batchNormalization({
      betaInitializer: tf.initializers.randomUniform({ minval: -1, maxval: 1, seed: 1 }),
      movingVarianceInitializer: tf.initializers.randomUniform({ minval: 0.5, maxval: 2, seed: 2 }),
    });
  const input = tf.input({ shape: [9, 12, 2] });
  let x = convolve(4, { activation: "relu" }).apply(input) as tf.SymbolicTensor;
  x = normalize().apply(x) as tf.SymbolicTensor; // after an activation: a pass of its own
  const shared = convolve(4, { useBias: false, strides: 2, padding: "valid" }).apply(x) as tf.SymbolicTensor;
  const once = normalize().apply(shared) as tf.SymbolicTensor; // its input is used twice
  x = tf.layers.add().apply([once, shared]) as tf.SymbolicTensor;
  x = normalize().apply(x) as tf.SymbolicTensor;
  for (const options of [{ kernelSize: 4 }, { kernelSize: 3 }, { kernelSize: 4, strides: 2 }, { kernelSize: 2 }]) {
    x = tf.layers.conv2dTranspose({ filters: 5, kernelInitializer, padding: "same", ...options }).apply(
      x,
    ) as tf.SymbolicTensor;
    x = normalize().apply(x) as tf.SymbolicTensor;
  }
  x = tf.layers.conv2dTranspose({ filters: 2, kernelSize: 3, strides: 2, kernelInitializer, activation: "sigmoid" })
    .apply(x) as tf.SymbolicTensor;
  const network = tf.model({ inputs: input, outputs: x });
  tf.tidy(() => {
    const images = tf.randomUniform([2, 9, 12, 2], 0, 1, "float32", 3);
    const [found, expected] = [runFolded(foldNetwork(network))(images), network.predict(images) as tf.Tensor];
    assertEquals(found.shape, expected.shape);
    assertAllClose(found.dataSync(), expected.dataSync(), TOLERANCE);
    assert(found.dataSync().some((value) => Math.abs(value - 0.5) > 0.01));
  });
  network.dispose();
});

Deno.test("foldNetwork() leaves no scaling by itself in either network, whose shortcuts go around a normalization", () => {
  for (const architecture of ["prnet", "lite"] as const) {
    const network = buildNetwork({ architecture, imageSize: 64, width: 4, seed: 2 });
    const { nodes, heads } = foldNetwork(network);
    assertEquals(nodes.filter(({ operation }) => operation === "affine").length, 0);
    nodes.forEach((node, place) => assert(inputsOf(node).every((input) => input < place)));
    assertEquals(Object.keys(heads), []);
    network.dispose();
  }
});

Deno.test("foldNetwork() joins layers only where that gives the same", async () => {
  const kernelInitializer = tf.initializers.glorotUniform({ seed: 5 });
  const biasInitializer = tf.initializers.randomUniform({ minval: -1, maxval: 1, seed: 6 });
  const convolve = (filters: number, options: object = {}) =>
    tf.layers.conv2d({ filters, kernelSize: 3, kernelInitializer, biasInitializer, padding: "same", ...options });
  const input = tf.input({ shape: [4, 6, 3] });
  const doubled = () => tf.layers.upSampling2d({ size: [2, 2] }).apply(input);
  const stacked = (...layers: tf.layers.Layer[]) =>
    layers.reduce((x, layer) => layer.apply(x) as tf.SymbolicTensor, doubled() as tf.SymbolicTensor);
  const shared = convolve(3).apply(input) as tf.SymbolicTensor;
  const add = (...terms: tf.SymbolicTensor[]) => tf.layers.add().apply(terms) as tf.SymbolicTensor;
  const block = (minval: number) => {
    const x = add(convolve(3).apply(input) as tf.SymbolicTensor, convolve(3).apply(input) as tf.SymbolicTensor);
    const relu = tf.layers.activation({ activation: "relu" }).apply(x) as tf.SymbolicTensor;
    const gammaInitializer = tf.initializers.randomUniform({ minval, maxval: 2, seed: 4 });
    return tf.layers.batchNormalization({ gammaInitializer }).apply(
      add(convolve(3, { useBias: false }).apply(relu) as tf.SymbolicTensor, relu),
    ) as tf.SymbolicTensor;
  };
  const outputs = {
    "a shortcut that can be scaled before its relu": block(0.5),
    "a shortcut that cannot": block(-2),
    "an activation of what is used elsewhere": tf.layers.add().apply([
      tf.layers.activation({ activation: "relu" }).apply(shared) as tf.SymbolicTensor,
      shared,
    ]) as tf.SymbolicTensor,
    "a doubling": stacked(convolve(4, { activation: "relu" })),
    "a doubling and softmax": stacked(convolve(4, { activation: "softmax" })),
    "a doubling and softmax by itself": stacked(convolve(4), tf.layers.activation({ activation: "softmax" })),
    "a doubling of another kernel": stacked(convolve(4, { kernelSize: 5 })),
    "zeros around": stacked(tf.layers.zeroPadding2d({ padding: [[1, 2], [0, 3]] }), convolve(4, { padding: "valid" })),
    "a sum of other shapes": tf.layers.batchNormalization({
      betaInitializer: biasInitializer,
    }).apply(tf.layers.add().apply([stacked(convolve(4)), stacked(convolve(1))])) as tf.SymbolicTensor,
  };
  for (const [name, output] of Object.entries(outputs)) {
    const network = tf.model({ inputs: input, outputs: output });
    tf.tidy(() => {
      const images = tf.randomUniform([2, 4, 6, 3], 0, 1, "float32", 3);
      const [found, expected] = [runFolded(foldNetwork(network))(images), network.predict(images) as tf.Tensor];
      assertEquals(found.shape, expected.shape);
      const worst = tf.max(tf.abs(tf.sub(found, expected))).dataSync()[0]!;
      assert(worst < TOLERANCE, `${name}: ${worst}`);
    });
  }
  const steps = tf.input({ shape: [5, 2] });
  const masked = tf.layers.masking({ maskValue: 0 }).apply(steps) as tf.SymbolicTensor;
  const network = tf.model({ inputs: steps, outputs: tf.layers.lstm({ units: 2 }).apply(masked) as tf.SymbolicTensor });
  await assertThrows(() => foldNetwork(network), TypeError, /masks steps of time: its layer masking/);
});
