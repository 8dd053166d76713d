import * as tf from "@tensorflow/tfjs";
import { InputError } from "@/lib/errors.ts";
import { FusedAdam } from "@/lib/tensorflow/ops/adam.ts";
import { openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import { assert, assertAllClose, assertClose, assertEquals, assertThrows } from "@/tests/support.ts";

const tensorFlow = await openTensorFlow({ device: "cpu" });

/** For weights near 1 after 20 steps: two ways to round the same formula. */
const TOLERANCE = 1e-6;

interface Problem {
  readonly variables: tf.Variable[];
  readonly loss: () => tf.Scalar;
}

/** A matrix and a vector, whose gradients differ by orders of magnitude. */
function newProblem(): Problem {
  const matrix = tf.tidy(() => tf.variable(tf.tensor2d([0.5, -1, 0.25, 0.75, 1, -0.5], [2, 3])));
  const vector = tf.tidy(() => tf.variable(tf.tensor1d([1e-3, 1, -0.3])));
  const loss = () => {
    const product = tf.mul(tf.square(matrix), tf.tensor2d([3, 1e-3, 1, 1e-6, 30, 1], [2, 3]));
    return tf.add(tf.sum(tf.mul(product, vector)), tf.sum(tf.square(vector))) as tf.Scalar;
  };
  return { variables: [matrix, vector], loss };
}

function train({ variables, loss }: Problem, optimizer: tf.Optimizer, steps: number): void {
  for (let i = 0; i < steps; i++) optimizer.minimize(loss, false, variables);
}

function values({ variables }: Problem): number[] {
  return variables.flatMap((variable) => [...variable.dataSync()]);
}

function dispose({ variables }: Problem, ...optimizers: tf.Optimizer[]): void {
  tf.dispose(variables);
  for (const optimizer of optimizers) optimizer.dispose();
}

Deno.test("FusedAdam equals tfjs's Adam over 20 steps", () => {
  const [ours, theirs] = [newProblem(), newProblem()];
  const options = { beta1: 0.9, beta2: 0.99, epsilon: 1e-3 }; // large enough to show where it is added
  const [fused, stock] = [
    new FusedAdam(0.01, options),
    tf.train.adam(0.01, options.beta1, options.beta2, options.epsilon),
  ];
  train(ours, fused, 20);
  train(theirs, stock, 20);
  assertAllClose(values(ours), values(theirs), TOLERANCE);
  dispose(ours, fused);
  dispose(theirs, stock);
});

Deno.test("FusedAdam with weight decay follows the paper's formula, on matrices only, at the rate set last", () => {
  const [beta1, beta2, epsilon, weightDecay] = [0.8, 0.9, 1e-4, 0.3];
  const rates = [0.1, 0.1, 0.02, 0.5];
  const matrix = tf.variable(tf.tensor2d([[1, -2]]));
  const vector = tf.variable(tf.tensor1d([1, -2]));
  const optimizer = new FusedAdam(1, { beta1, beta2, epsilon, weightDecay });
  const expected = [1, -2, 1, -2];
  const [m, v] = [[0, 0, 0, 0], [0, 0, 0, 0]];
  rates.forEach((rate, i) => {
    optimizer.setLearningRate(rate);
    optimizer.minimize(() => tf.add(tf.sum(tf.square(matrix)), tf.sum(tf.square(vector))) as tf.Scalar, false, [
      matrix,
      vector,
    ]);
    for (let k = 0; k < 4; k++) {
      const gradient = 2 * expected[k]!;
      if (k < 2) expected[k]! *= 1 - rate * weightDecay;
      m[k] = beta1 * m[k]! + (1 - beta1) * gradient;
      v[k] = beta2 * v[k]! + (1 - beta2) * gradient ** 2;
      const [mHat, vHat] = [m[k]! / (1 - beta1 ** (i + 1)), v[k]! / (1 - beta2 ** (i + 1))];
      expected[k]! -= rate * mHat / (Math.sqrt(vHat) + epsilon);
    }
  });
  assertAllClose([...matrix.dataSync(), ...vector.dataSync()], expected, TOLERANCE);
  dispose({ variables: [matrix, vector], loss: () => tf.scalar(0) }, optimizer);
});

Deno.test("FusedAdam resumed from its state goes on to the same bits", () => {
  const whole = newProblem();
  const optimizer = new FusedAdam(0.01);
  train(whole, optimizer, 7);
  const weights = whole.variables.map((variable) => variable.clone());
  const state = optimizer.state();
  train(whole, optimizer, 8);

  const resumed = newProblem();
  resumed.variables.forEach((variable, i) => variable.assign(weights[i]! as tf.Variable));
  const other = new FusedAdam(0.01);
  train(newProblem(), other, 2); // what it held before does not matter
  other.loadState(state);
  assertEquals(other.iterations, 7);
  train(resumed, other, 8);
  assertEquals(values(resumed), values(whole));
  tf.dispose([weights, state]);
  dispose(whole, optimizer);
  dispose(resumed, other);
});

Deno.test("a step of FusedAdam leaves clones of the variables and a state taken before as they were", () => {
  const problem = newProblem();
  const optimizer = new FusedAdam(0.1);
  train(problem, optimizer, 1);
  const clones = problem.variables.map((variable) => variable.clone());
  const reshaped = problem.variables[0]!.reshape([6]);
  const state = optimizer.state();
  const before = [...clones, reshaped, ...Object.values(state)].map((tensor) => [...tensor.dataSync()]);
  train(problem, optimizer, 3);
  const after = [...clones, reshaped, ...Object.values(state)].map((tensor) => [...tensor.dataSync()]);
  assertEquals(after, before);
  assert(values(problem)[0] !== before[0]![0]);
  tf.dispose([clones, reshaped, state]);
  dispose(problem, optimizer);
});

Deno.test("FusedAdam goes on from what was assigned to a variable between steps", () => {
  const problem = newProblem();
  const optimizer = new FusedAdam(1e-6);
  train(problem, optimizer, 2);
  tf.tidy(() => problem.variables[1]!.assign(tf.tensor1d([5, 6, 7])));
  train(problem, optimizer, 1);
  [5, 6, 7].forEach((value, i) => assertClose(problem.variables[1]!.dataSync()[i]!, value, 1e-5));
  dispose(problem, optimizer);
});

Deno.test("FusedAdam passes over variables without a gradient", () => {
  const problem = newProblem();
  const optimizer = new FusedAdam(0.1);
  const [matrix, vector] = problem.variables;
  const gradient = tf.ones([3]);
  optimizer.applyGradients([{ name: matrix!.name, tensor: null as unknown as tf.Tensor }, {
    name: vector!.name,
    tensor: gradient,
  }]);
  assertAllClose(matrix!.dataSync(), [0.5, -1, 0.25, 0.75, 1, -0.5], 0);
  assertAllClose(vector!.dataSync(), [1e-3 - 0.1, 0.9, -0.4], TOLERANCE);
  gradient.dispose();
  dispose(problem, optimizer);
});

Deno.test("FusedAdam leaves no tensor and no handle: per step, and when it is disposed", () => {
  const start = [tf.memory().numTensors, tensorFlow.handleCount];
  const problem = newProblem();
  const optimizer = new FusedAdam(0.1, { weightDecay: 0.1 });
  train(problem, optimizer, 1);
  const before = [tf.memory().numTensors, tensorFlow.handleCount];
  train(problem, optimizer, 3);
  tf.dispose(optimizer.state());
  assertEquals([tf.memory().numTensors, tensorFlow.handleCount], before);
  dispose(problem, optimizer);
  assertEquals([tf.memory().numTensors, tensorFlow.handleCount], start);
});

Deno.test("FusedAdam refuses a state that is not its own or of another network", async () => {
  const problem = newProblem();
  const optimizer = new FusedAdam(0.1);
  await assertThrows(() => optimizer.loadState({}), InputError, /no adam\/step/);
  train(problem, optimizer, 1);
  const state = optimizer.state();
  const { "adam/second_moment/1": lost, ...rest } = state;
  await assertThrows(() => optimizer.loadState(rest), InputError, /entry 1 lacks a moment/);
  const swapped = new FusedAdam(0.1);
  swapped.loadState(state);
  const [matrix, vector] = problem.variables;
  const other = { ...problem, variables: [vector!, matrix!] };
  await assertThrows(() => train(other, swapped, 1), InputError, /entry 0 has shape \[2,3\].* has \[3\]/);
  tf.dispose([state, lost!]);
  dispose(problem, optimizer, swapped);
});
