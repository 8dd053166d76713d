import * as tf from "@tensorflow/tfjs";
import fc from "@/tests/fast_check.ts";
import { initializeLite } from "@/lib/model/initialize.ts";
import { buildLite } from "@/lib/model/lite.ts";
import { SMOOTH_NODES } from "@/lib/model/lite_parts.ts";
import { stagesOf } from "@/lib/model/structure.ts";
import { Predictor } from "@/lib/model/predictor.ts";
import { openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import { positionLoss } from "@/lib/train/loss.ts";
import { assert, assertAllClose, assertClose, assertEquals, assertThrows, FLOAT32_TOLERANCE } from "../support.ts";
import { patternedImage } from "./patterned_image.ts";

await openTensorFlow({ device: "cpu" });

const WEIGHT_LIMIT = 2e6;
const MULTIPLY_ADD_LIMIT = 250e6;
const SIZE = 64;
const small = { imageSize: SIZE, width: 4, seed: 3 };

/** [SIZE, SIZE, 3]: each coordinate is linear over the map. */
function plane(slopes: readonly number[], offset: number): Float32Array {
  return Float32Array.from({ length: SIZE * SIZE * 3 }, (_, i) => {
    const [row, column] = [Math.floor(i / 3 / SIZE), Math.floor(i / 3) % SIZE];
    return offset + (i % 3) + (slopes[0]! * row + slopes[1]! * column) / SIZE;
  });
}

/** What a network that sees nothing gives: its answer with all weights of its last but the smooth layer at 0. */
function meanMap(network: tf.LayersModel): Float32Array {
  for (const name of ["coefficients", "fine_part"]) {
    for (const weight of network.getLayer(name).weights) weight.write(tf.zeros(weight.shape as number[]));
  }
  return tf.tidy(() => (network.predict(patternedImage(SIZE)) as tf.Tensor).dataSync<"float32">());
}

function multiplyAdds(network: tf.LayersModel): number {
  return stagesOf(network).reduce((sum, stage) => sum + stage.multiplyAdds, 0);
}

Deno.test("buildLite() stays within 2 million weights and 250 million multiply-adds at each image size", () => {
  for (const imageSize of [64, 128, 256]) {
    const network = buildLite({ imageSize, width: 16, seed: 1 });
    assert(network.countParams() <= WEIGHT_LIMIT, `${network.countParams()} weights at ${imageSize}`);
    const count = multiplyAdds(network);
    assert(count <= MULTIPLY_ADD_LIMIT, `${count} multiply-adds at ${imageSize}`);
    assertEquals(network.outputs[0]!.shape, [null, imageSize, imageSize, 3]);
    network.dispose();
  }
});

Deno.test("buildLite() refuses an image size that it is not made for", async () => {
  for (const imageSize of [32, 100, 512]) {
    await assertThrows(() => buildLite({ ...small, imageSize }), RangeError, /64, 128 or 256/);
  }
});

Deno.test("stagesOf() counts the multiply-adds of convolutions, transposed convolutions and dense layers", () => {
  const image = tf.input({ shape: [8, 8, 3] });
  const convolved = tf.layers.conv2d({ filters: 5, kernelSize: 3, strides: 2, padding: "same" }).apply(image);
  const larger = tf.layers.conv2dTranspose({ filters: 2, kernelSize: 4, strides: 2, padding: "same" }).apply(convolved);
  const dense = tf.layers.dense({ units: 7 }).apply(tf.layers.flatten().apply(larger)) as tf.SymbolicTensor;
  const network = tf.model({ inputs: image, outputs: dense });
  assertEquals(multiplyAdds(network), 4 * 4 * 9 * 3 * 5 + 4 * 4 * 16 * 5 * 2 + 8 * 8 * 2 * 7);
  network.dispose();
});

Deno.test("initializeLite() starts at the mean of the maps, exact where it is linear", () => {
  const number = fc.double({ min: -1, max: 1, noNaN: true });
  const network = buildLite(small);
  fc.assert(
    fc.property(fc.array(fc.tuple(number, number, number), { minLength: 1, maxLength: 4 }), (parameters) => {
      const maps = parameters.map(([a, b, offset]) => plane([a, b], offset));
      initializeLite(network, { maps, valid: new Uint8Array(SIZE * SIZE).fill(1) });
      const mean = maps[0]!.map((_, i) => maps.reduce((sum, map) => sum + map[i]! / maps.length, 0));
      const answer = meanMap(network);
      const spacing = SIZE / (SMOOTH_NODES - 1);
      mean.forEach((value, i) => {
        const [row, column] = [Math.floor(i / 3 / SIZE), Math.floor(i / 3) % SIZE];
        const [near, far] = [Math.min(row, column), Math.max(row, column)];
        // the outermost nodes have texels on one side only
        if (near >= spacing + 2 && far < SIZE - 2 * spacing - 2) assertClose(answer[i]!, value, FLOAT32_TOLERANCE);
      });
    }),
    { numRuns: 20 },
  );
  network.dispose();
});

Deno.test("initializeLite() continues the face over texels that show nothing, whatever the maps have there", () => {
  const valid = Uint8Array.from({ length: SIZE * SIZE }, (_, i) => i % SIZE > 20 && i % SIZE < 40 ? 1 : 0);
  const face = plane([0, 0], 0.25);
  const map = face.map((value, i) => valid[Math.floor(i / 3)] ? value : 1e6);
  const network = buildLite(small);
  initializeLite(network, { maps: [map], valid });
  assertAllClose(meanMap(network), face, FLOAT32_TOLERANCE);
  network.dispose();
});

Deno.test("initializeLite() makes the maps' own differences what the coefficients move", () => {
  const [a, b] = [plane([0, 0], 0.2), plane([0.5, 0], 0.4)];
  const network = buildLite(small);
  initializeLite(network, { maps: [a, b], valid: new Uint8Array(SIZE * SIZE).fill(1) });
  const mean = meanMap(network);
  const bias = new Float32Array(network.getLayer("coefficients").weights[1]!.shape[0]!);
  bias[0] = 1; // one standard deviation of the first component, which two maps are away from their mean
  network.getLayer("coefficients").weights[1]!.write(tf.tensor1d(bias));
  const moved = tf.tidy(() => (network.predict(patternedImage(SIZE)) as tf.Tensor).dataSync<"float32">());
  const middle = 3 * (SIZE / 2 * SIZE + SIZE / 2);
  assertClose(Math.abs(moved[middle]! - mean[middle]!), Math.abs(b[middle]! - a[middle]!) / 2, FLOAT32_TOLERANCE);
  network.dispose();
});

Deno.test("buildLite() learns: weights move, the loss falls, no tensor is left", () => {
  const network = buildLite(small);
  const target = tf.tensor4d(plane([0.3, 0.2], 0.1), [1, SIZE, SIZE, 3]);
  const [image, mask] = [patternedImage(SIZE), tf.ones([SIZE, SIZE]) as tf.Tensor2D];
  const optimizer = tf.train.adam(0.003);
  const before = network.trainableWeights.map((weight) => weight.read().dataSync().slice());
  const step = () => {
    const loss = optimizer.minimize(
      () => positionLoss(network.apply(image, { training: true }) as tf.Tensor4D, target, mask, { loss: "l1" }),
      true,
    )!;
    const [value] = loss.dataSync();
    loss.dispose();
    return value!;
  };
  step(); // the optimizer makes its slots
  const tensorCount = tf.memory().numTensors;
  const losses = Array.from({ length: 6 }, step);
  assertEquals(tf.memory().numTensors, tensorCount);
  assert(losses.at(-1)! < losses[0]! / 2, `${losses}`);
  network.trainableWeights.forEach((weight, i) => {
    assert(weight.read().dataSync().some((value, k) => value !== before[i]![k]), `${weight.name} did not move`);
  });
  tf.dispose([target, image, mask]);
  optimizer.dispose();
  network.dispose();
});

Deno.test("buildLite() says expressions and presence beside the same map, and predictHead() reads them", async () => {
  const network = buildLite(small);
  const headed = buildLite({ ...small, expressionCount: 7, saysPresence: true });
  assertEquals(headed.outputNames, ["position_map", "expressions", "presence"]);
  assertEquals(headed.outputs.map(({ shape }) => shape), [[null, SIZE, SIZE, 3], [null, 7], [null, 1]]);
  const [alone] = [network.predict(patternedImage(SIZE)) as tf.Tensor];
  const [map, amounts, chance] = headed.predict(patternedImage(SIZE)) as tf.Tensor[];
  assertEquals([...map!.dataSync()], [...alone!.dataSync()]);
  assert(chance!.dataSync()[0]! > 0 && chance!.dataSync()[0]! < 1);
  const rgb = Uint8Array.from(tf.tidy(() => tf.mul(patternedImage(SIZE), 255).round().dataSync()));
  using predictor = new Predictor(headed, { encoding: "centered" });
  const [read] = await predictor.predictHead("expressions", [{ width: SIZE, height: SIZE, rgb }]);
  assertAllClose(read!, amounts!.dataSync(), 0.01); // the bytes are rounded
  tf.dispose([alone!, map!, amounts!, chance!]);
  network.dispose();
  headed.dispose();
});
