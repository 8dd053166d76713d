import * as tf from "@tensorflow/tfjs";
import type { Config } from "@/lib/config.ts";
import type { HostBatch } from "@/lib/data/batches/batches.ts";
import { buildNetwork, freezeTrunk } from "@/lib/model/network.ts";
import { FusedAdam } from "@/lib/tensorflow/ops/adam.ts";
import { openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import { DivergenceError } from "@/lib/train/divergence.ts";
import { learningRateAt } from "@/lib/train/schedule.ts";
import type { StepCollectives, StepRanks } from "@/lib/train/interfaces.ts";
import { LOSS } from "@/lib/train/step.ts";
import { WeightAverages } from "@/lib/train/weight_averages.ts";
import { type StepReport, train, type Training } from "@/lib/train/trainer.ts";
import { assert, assertAllClose, assertClose, assertEquals, assertThrows, FLOAT32_TOLERANCE } from "@/tests/support.ts";
import { noiseBatches, tinyConfig } from "@/tests/train/tiny.ts";

const tensorFlow = await openTensorFlow({ device: "cpu" });

type Parts = Omit<Training, "batches"> & Disposable;

function openParts(config: Config, expressionCount = 0): Parts {
  const { imageSize: size } = config;
  const network = buildNetwork(config, expressionCount);
  const optimizer = new FusedAdam(config.learningRate);
  const mask = tf.ones([size, size]) as tf.Tensor2D;
  const dispose = () => {
    network.dispose();
    optimizer.dispose();
    mask.dispose();
  };
  return { network, optimizer, mask, [Symbol.dispose]: dispose };
}

async function steps(
  parts: Parts,
  config: Config,
  { firstStep = 0, batches = noiseBatches(config.steps - firstStep) }: {
    firstStep?: number;
    batches?: AsyncIterable<HostBatch>;
  } = {},
): Promise<StepReport[]> {
  return await Array.fromAsync(train({ ...parts, batches }, { ...config, firstStep }));
}

function values(network: tf.LayersModel): Map<string, number[]> {
  return new Map(network.trainableWeights.map((weight) => [weight.originalName, [...weight.read().dataSync()]]));
}

Deno.test("train() leaves what freezeTrunk() froze to the bit, averaged or not, and moves all else", async () => {
  const config = tinyConfig({ steps: 11, learningRate: 3e-3, eyes: true, absentShare: 0.1, freeze: "trunk" });
  using parts = openParts(config, 3);
  freezeTrunk(parts.network);
  using averages = new WeightAverages(parts.network, 0.9);
  const all = () =>
    new Map(parts.network.weights.map((weight) => [weight.originalName, [...weight.read().dataSync()]]));
  const isHead = (name: string) => /^(eyes|expression_features|expressions|presence)\//.test(name);
  const isWritten = (name: string) => /^eyes\/(landmarks|gray|cuts|rows|columns)\//.test(name);
  const initial = all();
  const check = () => {
    for (const [name, values] of all()) {
      const isSame = values.join() === initial.get(name)!.join();
      assertEquals([name, isSame], [name, !isHead(name) || isWritten(name)]);
    }
  };
  for await (
    const { step } of train({ ...parts, batches: noiseBatches(config.steps, 3) }, { ...config, firstStep: 0 })
  ) {
    averages.update(step);
  }
  check();
  await averages.use(config.steps, check);
});

for (const architecture of ["lite", "heatmap", "prnet"] as const) {
  Deno.test(`train() moves every weight of ${architecture}, lowers the loss, and leaves no tensor and no handle`, async () => {
    const before = [tf.memory().numTensors, tensorFlow.handleCount];
    {
      const config = tinyConfig({ architecture, steps: 12, learningRate: 3e-3, schedule: "halve", l2: 2e-4 });
      using parts = openParts(config);
      const initial = values(parts.network);
      const losses: number[] = [];
      let counts: number[] | undefined;
      const batches = noiseBatches(config.steps);
      for await (const { step, loss } of train({ ...parts, batches }, { ...config, firstStep: 0 })) {
        losses.push(loss);
        if (step < 2) continue; // burn in: the optimizer allocates its slots
        const found = [tf.memory().numTensors, tensorFlow.handleCount];
        assertEquals([step, ...found], [step, ...counts ??= found]);
        if (step > 2) continue;
        const trained = values(parts.network);
        const unmoved = [...initial.keys()].filter((name) => initial.get(name)!.join() === trained.get(name)!.join());
        assertEquals(unmoved, []);
      }
      assertEquals(losses.length, 12);
      assert(losses.at(-1)! < losses[0]!, `${losses[0]} → ${losses.at(-1)}`);
    }
    assertEquals([tf.memory().numTensors, tensorFlow.handleCount], before);
  });
}

Deno.test("train() takes each step at its scheduled learning rate, also where it goes on", async () => {
  const config = tinyConfig({ steps: 6 });
  using parts = openParts(config);
  const reports = await steps(parts, config, { firstStep: 3 });
  for (const { step, learningRate } of reports) assertClose(learningRate, learningRateAt(step - 1, config), 0);
  assertEquals(reports.length, 3);
});

Deno.test("train() applies the ranks' means of all gradients, within the compiled step, and reports their mean loss", async () => {
  const config = tinyConfig({ steps: 3, schedule: "halve" });
  using parts = openParts(config);
  const variables = parts.network.trainableWeights.map((weight) => (weight.read() as tf.Variable).name);
  const chosen = variables[3]!;
  let calls = 0;
  const mean = (tensors: tf.NamedTensorMap) => {
    calls++;
    assertEquals(Object.keys(tensors), [...variables, LOSS]);
    return { [chosen]: tf.mul(tensors[chosen]!, 2), [LOSS]: tf.fill(tensors[LOSS]!.shape, 7) };
  };
  const before = [...values(parts.network).values()];
  const ranks: StepRanks = { program: () => () => ({ mean, computeInOrder: () => {} }) as unknown as StepCollectives };
  const reports = await steps({ ...parts, ranks }, config);
  const losses = reports.map(({ loss, lossTerms }) => ({ loss, ...lossTerms }));
  assertEquals(losses, Array(3).fill({ loss: 7, position: 7 }));
  const moved = [...values(parts.network).values()].map((value, i) => value.join() !== before[i]!.join());
  assertEquals(moved, variables.map((name) => name === chosen));
  assertEquals(calls, 2); // a function is traced twice, and not called after
  const state = parts.optimizer.state();
  const [first] = Object.keys(state).filter((name) => name.includes("moment"));
  assertEquals(state[first!]!.shape, parts.network.trainableWeights[3]!.shape);
  tf.dispose(state);
});

Deno.test("train() on a batch that is accumulated several times changes weights as on that batch once, and no step counts halves", async () => {
  const batch = (await Array.fromAsync(noiseBatches(1)))[0]!;
  async function* again(count: number) {
    for (let i = 0; i < count; i++) yield batch;
  }
  const trained = async (gradAccumulate: number, batchCount: number) => {
    const config = tinyConfig({ steps: 3, gradAccumulate, learningRate: 1e-3 });
    using parts = openParts(config);
    const reports = await steps(parts, config, { batches: again(batchCount) });
    const losses = reports.flatMap(({ loss, lossTerms }) => [loss, ...Object.values(lossTerms)]);
    return { losses, weights: [...values(parts.network).values()].flat() };
  };
  const [once, thrice] = [await trained(1, 3), await trained(3, 9)];
  assertAllClose(thrice.losses, once.losses, 1e-6);
  assertAllClose(thrice.weights, once.weights, 1e-5); // sums of gradients round, and Adam's first steps are their signs'
  const cut = await trained(3, 8);
  assertEquals(cut.losses, thrice.losses.slice(0, 2 * 2)); // a loss and its term
});

Deno.test("train() in bfloat16 learns as in float32, weights that stay in float32", async () => {
  const trained = async (precision: "float32" | "bfloat16") => {
    const config = tinyConfig({ steps: 8, width: 6, learningRate: 1e-3, precision });
    using parts = openParts(config);
    const losses = (await steps(parts, config)).map(({ loss }) => loss);
    return { losses, weights: [...values(parts.network).values()].flat() };
  };
  const [full, mixed] = [await trained("float32"), await trained("bfloat16")];
  assertClose(mixed.losses[0]!, full.losses[0]!, 0.01 * full.losses[0]!); // later ones part as their weights do
  for (const { losses } of [full, mixed]) assert(losses.at(-1)! < losses[0]!);
  assert(mixed.losses.some((loss, i) => loss !== full.losses[i]), "nothing was computed in bfloat16");
  const isBfloat16 = (value: number) => (new Uint32Array(Float32Array.of(value).buffer)[0]! & 0xffff) === 0;
  assert(!mixed.losses.every(isBfloat16) && !mixed.weights.every(isBfloat16));
});

Deno.test("train() sets the optimizer's learning rate, whatever it was made with", async () => {
  const config = tinyConfig({ steps: 2, schedule: "halve", learningRate: 1e-6, l2: 0 });
  using parts = openParts({ ...config, learningRate: 1 });
  const before = [...values(parts.network).values()].flat();
  await steps(parts, config);
  const moved = [...values(parts.network).values()].flat().map((value, i) => Math.abs(value - before[i]!));
  const most = moved.reduce((a, b) => Math.max(a, b));
  assert(most > 0 && most < 4 * config.learningRate, `a weight moved by ${most}`); // a step of Adam's is about its rate
});

Deno.test("train() adds the weights' penalty to the loss", async () => {
  const losses: number[] = [];
  for (const l2 of [0, 1]) {
    const config = tinyConfig({ steps: 1, l2 });
    using parts = openParts(config);
    const kernels = parts.network.trainableWeights.filter(({ originalName }) => originalName.endsWith("/kernel"));
    const penalty = tf.tidy(() =>
      kernels.reduce((sum, kernel) => sum + tf.sum(tf.square(kernel.read())).dataSync()[0]!, 0) * l2 / 2
    );
    losses.push((await steps(parts, config))[0]!.loss - penalty);
  }
  assertClose(losses[0]!, losses[1]!, 1e-3);
});

Deno.test("train() throws a DivergenceError at a loss that is not a number, and leaves the weights", async () => {
  const config = tinyConfig({ steps: 9 });
  using parts = openParts(config);
  const batches = async function* () {
    for await (const batch of noiseBatches(9)) {
      if (batch.index === 2) batch.targets[5] = NaN;
      yield batch;
    }
  };
  const seen: { before: Map<string, number[]>; tensors: number[] }[] = [];
  const run = async () => {
    for await (const _ of train({ ...parts, batches: batches() }, { ...config, firstStep: 0 })) {
      seen.push({ before: values(parts.network), tensors: [tf.memory().numTensors, tensorFlow.handleCount] });
    }
  };
  await assertThrows(run, DivergenceError, /the loss is not finite at step 3/);
  assertEquals(seen.length, 2);
  assertEquals([...values(parts.network)], [...seen[1]!.before]);
  assert(tf.memory().numTensors <= seen[1]!.tensors[0]!, "tensors are left");
});

Deno.test("train() has the same losses, which their terms add up to, where XLA compiles the step, with every head", async () => {
  const config = tinyConfig({
    steps: 2,
    learningRate: 2e-5,
    absentShare: 0.1,
    expressionWeight: 1,
    l2: 2e-4,
  });
  const losses: number[][] = [];
  for (const usesXla of [false, true]) {
    using parts = openParts(config, 3);
    const reports = await steps({ ...parts, usesXla }, config, { batches: noiseBatches(2, 3) });
    for (const { loss, lossTerms } of reports) {
      assertEquals(Object.keys(lossTerms), ["position", "expression", "presence", "l2"]);
      const terms = Object.values(lossTerms);
      assert(terms.every((term) => term > 0 && term < 0.99 * loss), `${terms} of ${loss}`);
      assertClose(terms.reduce((sum, term) => sum + term, 0), loss, loss * FLOAT32_TOLERANCE);
    }
    losses.push(reports.flatMap(({ loss, lossTerms }) => [loss, ...Object.values(lossTerms)]));
  }
  assertAllClose(losses[1]!, losses[0]!, 1e-5);
  assert(losses[0]![0] !== losses[0]![5], "the weights moved");
});
