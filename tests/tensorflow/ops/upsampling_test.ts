import * as tf from "@tensorflow/tfjs";
import { openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import { upsampleBilinear } from "@/lib/tensorflow/ops/upsampling.ts";
import { assert, assertAllClose, assertEquals } from "@/tests/support.ts";

const tensorFlow = await openTensorFlow({ device: "cpu" });

const TOLERANCE = 1e-5;

interface Case {
  readonly nodeCount: number;
  readonly channels: number;
  readonly factor: number;
  readonly size: number;
}

const cases: readonly Case[] = [
  { nodeCount: 5, channels: 3, factor: 4, size: 16 },
  { nodeCount: 5, channels: 3, factor: 4, size: 17 },
  { nodeCount: 4, channels: 1, factor: 3, size: 12 }, // nothing is cropped
  { nodeCount: 3, channels: 2, factor: 2, size: 1 },
];

function stockModel({ nodeCount, channels, factor, size }: Case): tf.LayersModel {
  const excess = nodeCount * factor - size;
  return tf.sequential({
    layers: [
      tf.layers.upSampling2d({
        size: [factor, factor],
        interpolation: "bilinear",
        inputShape: [nodeCount, nodeCount, channels],
      }),
      tf.layers.cropping2D({ cropping: [[0, excess], [0, excess]] }),
    ],
  });
}

function ownModel({ nodeCount, channels, factor, size }: Case): tf.LayersModel {
  const inputs = tf.input({ shape: [nodeCount, nodeCount, channels] });
  return tf.model({ inputs, outputs: upsampleBilinear(inputs, { name: "larger", factor, size }) });
}

function grid({ nodeCount, channels }: Case, batch = 2): tf.Tensor4D {
  return tf.randomNormal([batch, nodeCount, nodeCount, channels], 0, 1, "float32", 3);
}

Deno.test("upsampleBilinear()'s values and gradients equal those of tfjs's layers", () => {
  for (const each of cases) {
    tf.tidy(() => {
      const [own, stock] = [ownModel(each), stockModel(each)];
      const x = grid(each);
      const dy = tf.randomNormal([2, each.size, each.size, each.channels], 0, 1, "float32", 4);
      const run = (model: tf.LayersModel) => {
        const { value, grad } = tf.valueAndGrad((x) => tf.sum(tf.mul(model.apply(x) as tf.Tensor, dy)))(x);
        return [model.apply(x) as tf.Tensor, value, grad];
      };
      const expected = run(stock);
      run(own).forEach((tensor, i) => {
        assertEquals(tensor.shape, expected[i]!.shape);
        assertAllClose(tensor.dataSync(), expected[i]!.dataSync(), TOLERANCE);
      });
    });
  }
});

Deno.test("upsampleBilinear() takes node i to texel factor · i", () => {
  tf.tidy(() => {
    const { factor, size } = cases[0]!;
    const x = grid(cases[0]!, 1);
    const map = ownModel(cases[0]!).apply(x) as tf.Tensor4D;
    const picked = tf.stridedSlice(map, [0, 0, 0, 0], map.shape, [1, factor, factor, 1]);
    const kept = size / factor;
    assertAllClose(picked.dataSync(), tf.slice(x, 0, [1, kept, kept, 3]).dataSync(), TOLERANCE);
  });
});

Deno.test("upsampleBilinear() on another backend gives the same, by tfjs's own kernels", async () => {
  const values = tf.tidy(() => [...grid(cases[0]!).dataSync()]);
  const answer = () =>
    tf.tidy(() => {
      const { nodeCount, channels } = cases[0]!;
      return (ownModel(cases[0]!).apply(tf.tensor4d(values, [2, nodeCount, nodeCount, channels])) as tf.Tensor)
        .dataSync();
    });
  const expected = answer();
  try {
    await tf.setBackend("cpu");
    assertAllClose(answer(), expected, TOLERANCE);
  } finally {
    await tf.setBackend("tensorflow");
  }
});

Deno.test("a model saved with upsampleBilinear() loads as tfjs's own layers and predicts the same", async () => {
  const model = ownModel(cases[0]!);
  const topology = JSON.parse(JSON.stringify(model.toJSON(null, false)));
  const stock = await tf.models.modelFromJSON(topology);
  assertEquals(stock.layers.map((layer) => layer.getClassName()), ["InputLayer", "UpSampling2D", "Cropping2D"]);
  stock.layers.forEach((layer, i) => {
    assert(i === 0 || layer.constructor !== model.layers[i]!.constructor);
    assertEquals(layer.getConfig(), { ...model.layers[i]!.getConfig() });
  });
  tf.tidy(() => {
    const x = grid(cases[0]!);
    assertAllClose((model.predict(x) as tf.Tensor).dataSync(), (stock.predict(x) as tf.Tensor).dataSync(), TOLERANCE);
  });
});

Deno.test("upsampleBilinear() leaves no tensor and no handle", () => {
  const model = ownModel(cases[0]!);
  const x = grid(cases[0]!);
  tf.dispose(model.apply(x) as tf.Tensor);
  const before = [tf.memory().numTensors, tensorFlow.handleCount];
  for (let i = 0; i < 3; i++) tf.dispose(model.apply(x) as tf.Tensor);
  assertEquals([tf.memory().numTensors, tensorFlow.handleCount], before);
  x.dispose();
});
