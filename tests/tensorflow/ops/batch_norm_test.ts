import * as tf from "@tensorflow/tfjs";
import { openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import { FusedBatchNormalization } from "@/lib/tensorflow/ops/batch_norm.ts";
import { assert, assertAllClose, assertEquals } from "@/tests/support.ts";

const tensorFlow = await openTensorFlow({ device: "cpu" });

/** Sums over a whole image, in single precision, in another order. */
const TOLERANCE = 1e-4;
const SHAPE: [number, number, number, number] = [3, 5, 4, 6];
const SETTINGS = { epsilon: 0.001, momentum: 0.9 };

/** Not centered, so that a wrong mean shows. */
function image(seed: number, shape = SHAPE): tf.Tensor4D {
  return tf.tidy(() => tf.randomNormal<tf.Rank.R4>(shape, 0.7, 2, "float32", seed));
}

/** Values and gradients of a training call, by the layer's own weights. */
function trainingCall(layer: tf.layers.Layer, x: tf.Tensor4D, dy: tf.Tensor4D) {
  const [gamma, beta] = layer.trainableWeights.map((weight) => weight.read());
  const f = (x: tf.Tensor) => tf.sum(tf.mul(layer.apply(x, { training: true }) as tf.Tensor, dy));
  const gradients = tf.grads((x: tf.Tensor, _gamma: tf.Tensor, _beta: tf.Tensor) => f(x))([x, gamma!, beta!]);
  return [layer.apply(x, { training: true }) as tf.Tensor, ...gradients];
}

function assertSame(actual: tf.Tensor[], expected: tf.Tensor[]): void {
  actual.forEach((tensor, i) => assertAllClose(tensor.dataSync(), expected[i]!.dataSync(), TOLERANCE));
}

/** A stock and a fused layer of the same random weights. */
function layerPair(shape = SHAPE): [tf.layers.Layer, FusedBatchNormalization] {
  const layers = [tf.layers.batchNormalization(SETTINGS), new FusedBatchNormalization(SETTINGS)] as const;
  const channels = shape.at(-1)!;
  const weights = [1, 2, 3, 4].map((seed) => tf.randomUniform([channels], 0.5, 1.5, "float32", seed));
  for (const layer of layers) {
    layer.build(shape);
    layer.setWeights(weights);
  }
  return [...layers];
}

Deno.test("FusedBatchNormalization's values and gradients equal those of tfjs's layer in training", () => {
  tf.tidy(() => {
    const [stock, fused] = layerPair();
    const [x, dy] = [image(1), image(2)];
    assertSame(trainingCall(fused, x, dy), trainingCall(stock, x, dy));
  });
});

Deno.test("FusedBatchNormalization's values and gradients equal those of tfjs's layer in inference", () => {
  tf.tidy(() => {
    const [stock, fused] = layerPair();
    const [x, dy] = [image(3), image(4)];
    const run = (layer: tf.layers.Layer) => [
      layer.apply(x) as tf.Tensor,
      tf.grad((x: tf.Tensor) => tf.sum(tf.mul(layer.apply(x) as tf.Tensor, dy)))(x),
    ];
    assertSame(run(fused), run(stock));
  });
});

Deno.test("FusedBatchNormalization equals tfjs's layer without scale, without offset, and on vectors", () => {
  tf.tidy(() => {
    for (const settings of [{ scale: false }, { center: false }]) {
      const x = image(5);
      const [stock, fused] = [tf.layers.batchNormalization(settings), new FusedBatchNormalization(settings)];
      assertSame([fused.apply(x) as tf.Tensor], [stock.apply(x) as tf.Tensor]);
    }
    const [stock, fused] = layerPair([7, 6] as unknown as typeof SHAPE);
    const x = tf.randomNormal([7, 6]);
    assertSame([fused.apply(x, { training: true }) as tf.Tensor], [stock.apply(x, { training: true }) as tf.Tensor]);
  });
});

Deno.test("the moving statistics go towards the batch's mean and its variance with Bessel's correction", () => {
  tf.tidy(() => {
    const [, layer] = layerPair();
    const [, , mean, variance] = layer.getWeights().map((weight) => weight.arraySync() as number[]);
    const x = image(6);
    layer.apply(x, { training: true });
    const moments = tf.moments(x, [0, 1, 2]);
    const count = x.size / SHAPE[3];
    const [, , newMean, newVariance] = layer.getWeights().map((weight) => weight.dataSync());
    assertAllClose(newMean!, (moments.mean.arraySync() as number[]).map((m, i) => 0.9 * mean![i]! + 0.1 * m), 1e-5);
    const corrected = (moments.variance.arraySync() as number[]).map((v) => v * count / (count - 1));
    assertAllClose(newVariance!, corrected.map((v, i) => 0.9 * variance![i]! + 0.1 * v), 1e-5);
  });
});

Deno.test("FusedBatchNormalization and its gradient are finite at constant inputs and at a single pixel", () => {
  tf.tidy(() => {
    for (const x of [tf.fill<tf.Rank.R4>(SHAPE, 1e4), tf.zeros<tf.Rank.R4>(SHAPE), tf.ones<tf.Rank.R4>([1, 1, 1, 6])]) {
      const layer = new FusedBatchNormalization(SETTINGS);
      const call = (x: tf.Tensor) => layer.apply(x, { training: true }) as tf.Tensor;
      const y = call(x);
      const dx = tf.grad((x: tf.Tensor) => call(x))(x, image(1, x.shape));
      for (const result of [dx, y, ...layer.getWeights()]) assert(result.dataSync().every(Number.isFinite));
      assertAllClose(y.dataSync(), new Float32Array(x.size), 1e-2);
    }
  });
});

Deno.test("a training step through FusedBatchNormalization leaves no tensor and no handle", () => {
  const [, layer] = layerPair();
  const x = image(7);
  const step = () => {
    const loss = () => tf.sum(layer.apply(x, { training: true }) as tf.Tensor) as tf.Scalar;
    const { value, grads } = tf.variableGrads(loss, layer.trainableWeights.map((w) => w.read() as tf.Variable));
    tf.dispose([value, ...Object.values(grads)]);
    tf.dispose(layer.apply(x) as tf.Tensor);
  };
  step();
  const before = [tf.memory().numTensors, tensorFlow.handleCount];
  for (let i = 0; i < 3; i++) step();
  assertEquals([tf.memory().numTensors, tensorFlow.handleCount], before);
  tf.dispose([x, ...layer.weights.map((weight) => weight.read())]);
});

Deno.test("a model saved with FusedBatchNormalization loads as tfjs's own layers and predicts the same", async () => {
  const model = tf.sequential({
    layers: [
      tf.layers.conv2d({ filters: 4, kernelSize: 3, inputShape: [8, 8, 3] }),
      new FusedBatchNormalization(SETTINGS),
    ],
  });
  const x = tf.randomNormal([2, 8, 8, 3]);
  tf.dispose(model.apply(x, { training: true }) as tf.Tensor);
  let saved: tf.io.ModelArtifacts | undefined;
  await model.save(tf.io.withSaveHandler((artifacts) => {
    saved = JSON.parse(JSON.stringify(artifacts));
    saved!.weightData = artifacts.weightData!;
    return Promise.resolve({ modelArtifactsInfo: { dateSaved: new Date(), modelTopologyType: "JSON" } });
  }));
  const stock = await tf.loadLayersModel(tf.io.fromMemory(saved!));
  assertEquals(stock.layers[1]!.getClassName(), "BatchNormalization");
  assert(!(stock.layers[1] instanceof FusedBatchNormalization));
  assertEquals(stock.layers[1]!.getConfig(), { ...model.layers[1]!.getConfig() });
  tf.tidy(() => assertSame([model.predict(x) as tf.Tensor], [stock.predict(x) as tf.Tensor]));
  tf.dispose([x, ...model.weights.map((w) => w.read()), ...stock.weights.map((w) => w.read())]);
});
