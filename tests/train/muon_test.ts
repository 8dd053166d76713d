import * as tf from "@tensorflow/tfjs";
import type { Config } from "@/lib/config.ts";
import { InputError } from "@/lib/errors.ts";
import { buildNetwork, freezeTrunk } from "@/lib/model/network.ts";
import { openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import { compile } from "@/lib/tensorflow/compile/compile.ts";
import { FusedAdam } from "@/lib/tensorflow/ops/adam.ts";
import { hiddenKernels, Muon, orthogonal } from "@/lib/train/muon.ts";
import { hasModules, plainPython } from "@/tests/python.ts";
import { assert, assertAllClose, assertEquals, assertThrows } from "@/tests/support.ts";
import { tinyConfig } from "@/tests/train/tiny.ts";

const tensorFlow = await openTensorFlow({ device: "cpu" });

/** Singular values of a matrix, by Jacobi's rotations of its columns. */
function singularValues(matrix: tf.Tensor2D): number[] {
  const tall = matrix.shape[0] >= matrix.shape[1] ? matrix : tf.transpose(matrix);
  const columns = (tf.transpose(tall).arraySync() as number[][]).map((column) => [...column]);
  const dot = (a: number[], b: number[]) => a.reduce((sum, value, i) => sum + value * b[i]!, 0);
  for (let sweep = 0; sweep < 30; sweep++) {
    for (let i = 0; i < columns.length; i++) {
      for (let j = i + 1; j < columns.length; j++) {
        const [a, b] = [columns[i]!, columns[j]!], off = dot(a, b);
        if (Math.abs(off) < 1e-14) continue;
        const zeta = (dot(b, b) - dot(a, a)) / (2 * off);
        const t = (zeta < 0 ? -1 : 1) / (Math.abs(zeta) + Math.hypot(1, zeta));
        const cosine = 1 / Math.hypot(1, t), sine = cosine * t;
        columns[i] = a.map((value, k) => cosine * value - sine * b[k]!);
        columns[j] = a.map((value, k) => sine * value + cosine * b[k]!);
      }
    }
  }
  return columns.map((column) => Math.sqrt(dot(column, column)));
}

Deno.test("orthogonal() brings singular values near 1, of wide, tall and square matrices of any scale", () => {
  for (const [rows, columns] of [[6, 20], [20, 6], [8, 8]] as const) {
    for (const scale of [1e-6, 1, 1e4]) {
      tf.tidy(() => {
        const matrix = tf.mul(tf.randomNormal([rows, columns], 0, 1, "float32", 3), scale) as tf.Tensor2D;
        const found = orthogonal(matrix);
        const values = singularValues(found);
        assert(values.every((value) => value > 0.6 && value < 1.25), `${values}`);
        // the nearest orthogonal matrix has the same singular vectors, so that both together are symmetric
        const product = tf.matMul(found, tf.div(matrix, scale), true, false);
        assertAllClose(product.dataSync(), tf.transpose(product).dataSync(), 1e-4);
      });
    }
  }
  tf.tidy(() => assertAllClose(orthogonal(tf.zeros([4, 6])).dataSync(), new Float32Array(24), 0));
});

/** Adam's too, whose vector is trained beside the kernels. */
const shapes = [[3, 3, 8, 16], [40, 20], [20, 40], [7]];
const rates = [0.01, 0.02, 0.005, 0.01];

function newVariables(): tf.Variable[] {
  return shapes.map((shape, i) => tf.tidy(() => tf.variable(tf.randomNormal(shape, 0, 0.1, "float32", i + 1))));
}

function named(variables: readonly tf.Variable[], gradients: readonly tf.Tensor[]): tf.NamedTensorMap {
  return Object.fromEntries(variables.map(({ name }, i) => [name, gradients[i]!]));
}

/** Weights after steps by gradients that are the same each time it is run. */
function trained(newOptimizer: (variables: tf.Variable[]) => Muon): Float32Array[] {
  const before = [tf.memory().numTensors, tensorFlow.handleCount];
  const variables = newVariables();
  const optimizer = newOptimizer(variables);
  rates.forEach((rate, step) => {
    optimizer.setLearningRate(rate);
    const gradients = gradientsAt(step);
    optimizer.applyGradients(named(variables, gradients));
    tf.dispose(gradients);
  });
  const weights = variables.map((variable) => variable.dataSync<"float32">().slice());
  tf.dispose(variables);
  optimizer.dispose();
  assertEquals([tf.memory().numTensors, tensorFlow.handleCount], before);
  return weights;
}

function gradientsAt(step: number): tf.Tensor[] {
  return shapes.map((shape, i) => tf.randomNormal(shape, 0, 1, "float32", 100 * step + i + 1));
}

function newMuon(variables: tf.Variable[]): Muon {
  return new Muon(1, { kernels: variables.slice(0, 3), others: new FusedAdam(1) });
}

Deno.test({
  name: "Muon takes the steps of PyTorch's, without its rounding to bfloat16, and Adam's elsewhere",
  ignore: !await hasModules("torch"),
  async fn() {
    const weights = trained(newMuon);
    const starts = shapes.map((shape, i) => tf.randomNormal(shape, 0, 0.1, "float32", i + 1));
    const steps = rates.map((_, step) => gradientsAt(step));
    const lists = (tensors: tf.Tensor[]) => tensors.map((tensor) => [...tensor.dataSync()]);
    const problem = { shapes, rates, starts: lists(starts), gradients: steps.map(lists) };
    tf.dispose([starts, steps]);
    const file = await Deno.makeTempFile();
    await Deno.writeTextFile(file, JSON.stringify(problem));
    const wanted = JSON.parse(await plainPython(TORCH, file)) as number[][];
    await Deno.remove(file);
    wanted.forEach((values, i) => {
      const start = problem.starts[i]!;
      const moved = (all: ArrayLike<number>) => start.map((value, k) => all[k]! - value);
      const [ours, theirs] = [moved(weights[i]!), moved(values)];
      const off = Math.hypot(...ours.map((value, k) => value - theirs[k]!)) / Math.hypot(...theirs);
      assert(off < 1e-4, `${shapes[i]}: ${off}`);
    });
  },
});

/** A kernel is a matrix whose columns are its last axis. */
const TORCH = `
import json, sys, torch
torch.Tensor.bfloat16 = lambda self: self # what it rounds by
with open(sys.argv[1]) as file: p = json.load(file)
matrix = lambda values, shape: torch.tensor(values).reshape(-1, shape[-1]) if len(shape) > 1 else torch.tensor(values)
weights = [torch.nn.Parameter(matrix(v, s)) for v, s in zip(p["starts"], p["shapes"])]
muon = torch.optim.Muon(weights[:3], lr=1, weight_decay=0, momentum=0.95, nesterov=True, adjust_lr_fn="match_rms_adamw")
adam = torch.optim.Adam(weights[3:], lr=1)
for rate, gradients in zip(p["rates"], p["gradients"]):
    for w, g, s in zip(weights, gradients, p["shapes"]): w.grad = matrix(g, s)
    for optimizer in (muon, adam):
        optimizer.param_groups[0]["lr"] = rate
        optimizer.step()
print(json.dumps([w.detach().flatten().tolist() for w in weights]))
`;

Deno.test("Muon goes against the orthogonal matrix of what its moving average will be, by 0.2 of the larger side's root", () => {
  const weights = trained(newMuon);
  [0, 1, 2].forEach((i) => {
    const shape = shapes[i]!, columns = shape.at(-1)!, rows = tf.util.sizeFromShape(shape) / columns;
    const wanted = tf.tidy(() => {
      let weight: tf.Tensor = tf.randomNormal(shape, 0, 0.1, "float32", i + 1);
      let moment: tf.Tensor = tf.zeros([rows, columns]);
      rates.forEach((rate, step) => {
        const gradient = tf.reshape(gradientsAt(step)[i]!, [rows, columns]);
        const towards = (mean: tf.Tensor) => tf.add(tf.mul(mean, 0.95), tf.mul(gradient, 0.05)) as tf.Tensor2D;
        moment = towards(moment);
        const change = tf.mul(orthogonal(towards(moment)), rate * 0.2 * Math.sqrt(Math.max(rows, columns)));
        weight = tf.sub(weight, tf.reshape(change, shape));
      });
      return weight.dataSync();
    });
    assertAllClose(weights[i]!, wanted, 1e-5);
  });
});

Deno.test("Muon goes on from its state to the same bits, and says what a state lacks", async () => {
  const straight = trained(newMuon);
  const variables = newVariables();
  let optimizer = newMuon(variables);
  let state: tf.NamedTensorMap = {};
  rates.forEach((rate, step) => {
    if (step === 2) {
      state = optimizer.state();
      optimizer.dispose();
      optimizer = newMuon(variables);
      optimizer.loadState(state);
    }
    optimizer.setLearningRate(rate);
    const gradients = gradientsAt(step);
    optimizer.applyGradients(named(variables, gradients));
    tf.dispose(gradients);
  });
  assertEquals(variables.map((variable) => variable.dataSync().join()), straight.map((values) => values.join()));
  const { "muon/moment/1": moment, ...lacking } = state;
  await assertThrows(() => optimizer.loadState(lacking), InputError, /muon\/moment\/1 of shape \[40,20\] is wanted/);
  const misshapen = { ...state, "muon/moment/1": moment!.transpose() };
  await assertThrows(() => optimizer.loadState(misshapen), InputError, /muon\/moment\/1 .* and has \[20,40\]/);
  optimizer.dispose();
  tf.dispose([variables, state, misshapen]);
});

Deno.test("Muon's step, compiled, is its step", () => {
  const wanted = trained(newMuon);
  const variables = newVariables();
  const optimizer = newMuon(variables);
  using step = compile((...gradients: tf.Tensor[]) => {
    optimizer.applyGradients(named(variables, gradients));
    return [];
  }, { name: "step" });
  rates.forEach((rate, i) => {
    optimizer.setLearningRate(rate);
    const gradients = gradientsAt(i);
    step(...gradients);
    tf.dispose(gradients);
  });
  variables.forEach((variable, i) => assertAllClose(variable.dataSync(), wanted[i]!, 1e-6));
  tf.dispose(variables);
  optimizer.dispose();
});

Deno.test("hiddenKernels() are those whose layers' outputs are bent before they become the network's, but for pixels'", () => {
  const namesOf = (change: Partial<Config>) => {
    const network = buildNetwork(tinyConfig({ width: 16, absentShare: 0.1, eyes: true, lids: true, ...change }), 53);
    if (change.freeze) freezeTrunk(network);
    const found = new Set(hiddenKernels(network));
    const kernels = network.trainableWeights.filter(({ shape }) => shape.length > 1);
    const [hidden, others] = [true, false].map((isHidden) =>
      kernels.filter((weight) => found.has(weight.read() as tf.Variable) === isHidden)
        .map(({ originalName }) => originalName.replace("/kernel", "")).sort()
    ) as [string[], string[]];
    network.dispose();
    return { hidden, others };
  };
  const straight = [
    "coefficients",
    "expressions",
    "eyes/features",
    "eyes/lid_nodes",
    "eyes/stage_0/convolution",
    "fine_part",
    "presence",
    "smooth_nodes",
    "stem_1/convolution",
  ];
  assertEquals(namesOf({}).others, straight);
  const moves = ["moves/learned_moves", "moves/mean", "moves/seen_moves"];
  assertEquals(namesOf({ architecture: "heatmap" }).others, [...straight, ...moves].sort());
  const prnet = { architecture: "prnet", imageSize: 256 } as const;
  assertEquals(namesOf(prnet).others, ["Conv", "Conv2d_transpose_15", "Conv2d_transpose_16"]);
  assertEquals(namesOf({ freeze: "trunk", lids: false }).hidden, [
    "expression_features",
    "eyes/each",
    "eyes/stage_1/convolution",
    "eyes/stage_2/convolution",
  ]);
});
