import * as tf from "@tensorflow/tfjs";
import { WeightAverages } from "@/lib/train/weight_averages.ts";
import { assert, assertAllClose, assertEquals, FLOAT32_TOLERANCE } from "@/tests/support.ts";

await tf.setBackend("cpu");

function oneWeight(): { network: tf.LayersModel; set(value: number): void; get(): number[] } {
  const network = tf.sequential({ layers: [tf.layers.dense({ units: 1, inputShape: [1], useBias: false })] });
  const [weight] = network.weights;
  return {
    network,
    set: (value) => tf.tidy(() => void weight!.write(tf.tensor2d([[value]]))),
    get: () => [...weight!.read().dataSync()],
  };
}

Deno.test("WeightAverages follows the weights by its decay, and a start that is far off is soon forgotten", async () => {
  const { network, set, get } = oneWeight();
  set(1000);
  using averages = new WeightAverages(network, 0.99);
  let expected = 1000;
  for (let step = 1; step <= 2000; step++) {
    set(step);
    averages.update(step);
    if (step % 10 > 0) continue;
    const decay = Math.min(0.99 ** 10, (1 + step / 10) / (10 + step / 10));
    expected = decay * expected + (1 - decay) * step;
  }
  assertAllClose(await averages.use(2000, get), [expected], 2000 * FLOAT32_TOLERANCE);
  // the weights of a line lag by the mean age, 1 / (1 - decay), of what still counts
  assertAllClose(await averages.use(2000, get), [2000 - 1 / (1 - 0.99)], 10);
  assertEquals(get(), [2000]);
  network.dispose();
});

Deno.test("WeightAverages has the last steps, too, which it takes in later as if it had not been asked", async () => {
  const { network, set, get } = oneWeight();
  set(0);
  using asked = new WeightAverages(network, 0.9);
  using silent = new WeightAverages(network, 0.9);
  let previous = 0;
  for (let step = 1; step <= 200; step++) {
    set(1);
    for (const averages of [asked, silent]) averages.update(step);
    const [average] = await asked.use(step, get) as [number];
    assert(average > previous || average > 0.999, `${previous} → ${average} at step ${step}`); // 1 is all that it was shown
    previous = average;
    assertEquals(get(), [1]);
  }
  const stateOf = (averages: WeightAverages) =>
    Object.values(averages.state()).map((average) => [...average.dataSync()]);
  assertEquals(stateOf(asked), stateOf(silent));
  const late = await silent.use(200, get);
  set(3);
  for (const count of [1, 5, 9]) {
    const expected = 3 + (late[0]! - 3) * 0.9 ** count; // as if each step was taken in by itself
    assertAllClose(await silent.use(200 + count, get), [expected], 3 * FLOAT32_TOLERANCE);
  }
  network.dispose();
});

Deno.test("WeightAverages goes on from its state as if it had not stopped, and leaves no tensor", async () => {
  const { network, set, get } = oneWeight();
  const count = tf.memory().numTensors;
  set(3);
  const [whole, first] = [new WeightAverages(network, 0.9), new WeightAverages(network, 0.9)];
  const follow = (averages: WeightAverages, [from, to]: readonly [number, number]) => {
    for (let step = from + 1; step <= to; step++) {
      set(Math.sin(step));
      averages.update(step);
    }
  };
  follow(whole, [0, 100]);
  follow(first, [0, 50]);
  const second = new WeightAverages(network, 0.9);
  second.loadState(first.state());
  follow(second, [50, 100]);
  assertEquals(await second.use(100, get), await whole.use(100, get));
  for (const averages of [whole, first, second]) averages[Symbol.dispose]();
  assertEquals(tf.memory().numTensors, count);
  network.dispose();
});
