import * as tf from "@tensorflow/tfjs";
import fc from "@/tests/fast_check.ts";
import { buildPrnet } from "@/lib/model/prnet.ts";
import { expressionLoss, positionLoss, presenceLoss, targetsOfPresent, weightPenalty } from "@/lib/train/loss.ts";
import { assert, assertAllClose, assertClose, assertEquals, FLOAT32_TOLERANCE } from "../support.ts";

await tf.setBackend("cpu");

const kinds = ["mse", "l1"] as const;
const [BATCH, SIZE] = [2, 3];
const COUNT = BATCH * SIZE * SIZE * 3;
const coordinate = fc.integer({ min: -8, max: 8 }).map((n) => n / 8); // ties and zero errors come up often
const maps = fc.array(coordinate, { minLength: COUNT, maxLength: COUNT });
const masks = fc.array(fc.constantFrom<number>(0, 3, 4, 16), { minLength: SIZE * SIZE, maxLength: SIZE * SIZE })
  .filter((mask) => mask.some((weight) => weight > 0));

function lossAndGradient(
  predicted: number[],
  target: number[],
  mask: number[],
  kind: Parameters<typeof positionLoss>[3],
) {
  const [x, y] = [predicted, target].map((values) => tf.tensor4d(values, [BATCH, SIZE, SIZE, 3]));
  const weights = tf.tensor2d(mask, [SIZE, SIZE]);
  const { value, grad } = tf.valueAndGrad((t) => positionLoss(t as tf.Tensor4D, y!, weights, kind))(x!);
  const result = { loss: value.dataSync()[0]!, gradient: [...grad.dataSync()] };
  tf.dispose([x!, y!, weights, value, grad]);
  return result;
}

Deno.test("positionLoss() is the sum of weighted errors divided by the sum of weights, and slopes accordingly", () => {
  const depthWeights = fc.constantFrom(undefined, 0, 0.25, 1, 2);
  fc.assert(
    fc.property(maps, maps, masks, fc.constantFrom(...kinds), depthWeights, (predicted, target, mask, loss, given) => {
      const depthWeight = given ?? 1;
      const share = mask.map((weight) => weight / (BATCH * (2 + depthWeight) * mask.reduce((a, b) => a + b)));
      const shares = predicted.map((_, i) =>
        share[Math.floor(i / 3) % share.length]! * (i % 3 === 2 ? depthWeight : 1)
      );
      const errors = predicted.map((value, i) => value - target[i]!);
      const kind = { loss, ...given !== undefined && { depthWeight } };
      const { loss: found, gradient } = lossAndGradient(predicted, target, mask, kind);
      const expected = errors.reduce((sum, e, i) => sum + shares[i]! * (loss === "mse" ? e * e : Math.abs(e)), 0);
      assertClose(found, expected, FLOAT32_TOLERANCE);
      const slopes = errors.map((e, i) => shares[i]! * (loss === "mse" ? 2 * e : Math.sign(e)));
      assertAllClose(gradient, slopes, FLOAT32_TOLERANCE);
    }),
  );
});

Deno.test("positionLoss() and its gradient are 0 where nothing differs", () => {
  fc.assert(fc.property(maps, masks, fc.constantFrom(...kinds), (map, mask, kind) => {
    const { loss, gradient } = lossAndGradient(map, map, mask, { loss: kind });
    assertEquals(loss, 0);
    assert(gradient.every((slope) => slope === 0));
  }));
});

Deno.test("positionLoss() is not finite where a position is not", () => {
  const zeros = new Array<number>(COUNT).fill(0);
  for (const kind of kinds) {
    for (const bad of [NaN, Infinity]) {
      assert(
        !Number.isFinite(
          lossAndGradient([bad, ...zeros.slice(1)], zeros, [1, 1, 1, 1, 1, 1, 1, 1, 1], { loss: kind }).loss,
        ),
      );
    }
  }
});

Deno.test("positionLoss() leaves no tensor behind", () => {
  const zeros = new Array<number>(COUNT).fill(0);
  const before = tf.memory().numTensors;
  for (const kind of kinds) lossAndGradient(zeros, zeros, [1, 1, 1, 1, 1, 1, 1, 1, 1], { loss: kind });
  assertEquals(tf.memory().numTensors, before);
});

Deno.test("weightPenalty() is half the strength times the squares of all convolution kernels, and of nothing else", () => {
  const network = buildPrnet({ imageSize: 32, width: 4, seed: 3 });
  const variables = network.trainableWeights.map((weight) => weight.read() as tf.Variable);
  const kernels = variables.filter(({ rank }) => rank === 4);
  const { value, grads } = tf.variableGrads(() => weightPenalty(network, 0.0002), variables);
  let squares = 0;
  for (const kernel of kernels) {
    const values = Array.from(kernel.dataSync<"float32">());
    squares += values.reduce((sum, w) => sum + w * w, 0);
    assertAllClose(grads[kernel.name]!.dataSync(), values.map((w) => 0.0002 * w), FLOAT32_TOLERANCE);
  }
  assertClose(value.dataSync()[0]!, 0.0001 * squares, FLOAT32_TOLERANCE);
  assertEquals(Object.values(grads).filter((gradient) => gradient).length, kernels.length);
  tf.dispose([value, grads]);
  network.dispose();
});

Deno.test("expressionLoss() is the mean squared error of faces that are there, presenceLoss() the cross-entropy", () => {
  const amount = fc.array(coordinate, { minLength: 6, maxLength: 6 });
  const flags = fc.array(fc.constantFrom(0, 1), { minLength: 2, maxLength: 2 });
  const chances = fc.array(fc.double({ min: 0.01, max: 0.99, noNaN: true }), { minLength: 2, maxLength: 2 });
  fc.assert(fc.property(amount, amount, flags, chances, (predicted, target, present, chance) => {
    tf.tidy(() => {
      const presence = tf.tensor1d(present);
      const loss = expressionLoss(tf.tensor2d(predicted, [2, 3]), tf.tensor2d(target, [2, 3]), presence);
      const errors = predicted.map((value, i) => present[Math.floor(i / 3)]! * (value - target[i]!) ** 2);
      assertClose(loss.dataSync()[0]!, errors.reduce((a, b) => a + b) / 6, FLOAT32_TOLERANCE);
      const entropy = presenceLoss(tf.tensor2d(chance, [2, 1]), presence).dataSync()[0]!;
      const nats = chance.map((p, i) => -Math.log(present[i] ? p : 1 - p));
      assertClose(entropy, (nats[0]! + nats[1]!) / 2, 1e-4);
    });
  }));
});

Deno.test("targetsOfPresent() leaves nothing to learn where no face is, and the others as they are", () => {
  fc.assert(fc.property(maps, maps, fc.tuple(fc.constantFrom(0, 1), fc.constantFrom(0, 1)), (a, b, present) => {
    tf.tidy(() => {
      const [predicted, targets] = [a, b].map((values) => tf.tensor4d(values, [BATCH, SIZE, SIZE, 3]));
      const wanted = targetsOfPresent(targets!, { predicted: predicted!, presence: tf.tensor1d([...present]) });
      const each = COUNT / BATCH;
      assertEquals([...wanted.dataSync()], b.map((value, i) => present[Math.floor(i / each)] ? value : a[i]!));
    });
  }));
});
