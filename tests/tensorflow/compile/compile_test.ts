import * as tf from "@tensorflow/tfjs";
import { FusedAdam } from "@/lib/tensorflow/ops/adam.ts";
import { computeInOrder, execute, openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import { FusedBatchNormalization } from "@/lib/tensorflow/ops/batch_norm.ts";
import { TensorFlowError } from "@/lib/tensorflow/library/c_api.ts";
import { finiteOrFail } from "@/lib/tensorflow/ops/finite.ts";
import { ResourceVariable } from "@/lib/tensorflow/ops/resource_variable.ts";
import { compile } from "@/lib/tensorflow/compile/compile.ts";
import { assert, assertAllClose, assertEquals, assertThrows } from "@/tests/support.ts";

const tensorFlow = await openTensorFlow({ device: "cpu" });

/** Between a function and the same compiled: the ops are the same, but fused and in another order. */
const TOLERANCE = 1e-5;

/** Runs a test; afterwards there are as many tensors, in tfjs and in TensorFlow, as before. */
function testLeavesNothing(name: string, body: () => void | Promise<void>): void {
  Deno.test(name, async () => {
    tf.scalar(0).dispose(); // whatever opens late is open now
    const [tensors, handles] = [tf.memory().numTensors, tensorFlow.handleCount];
    await body();
    assertEquals(tf.memory().numTensors, tensors);
    assertEquals(tensorFlow.handleCount, handles);
  });
}

function numbers(tensors: tf.Tensor | readonly tf.Tensor[]): number[] {
  return [tensors].flat().flatMap((tensor) => [...(tensor as tf.Tensor).dataSync()]);
}

/**
 * A network of every kind of layer that ours have, with a skip. No bias comes before a normalization: its gradient would
 * be what rounding leaves, from which Adam makes whole steps.
 */
function smallNetwork(seed: number): tf.LayersModel {
  const input = tf.input({ shape: [8, 8, 3] });
  const kernelInitializer = tf.initializers.glorotUniform({ seed });
  const useBias = false;
  let x = tf.layers.conv2d({ filters: 6, kernelSize: 3, padding: "same", useBias, kernelInitializer }).apply(input);
  x = new FusedBatchNormalization({ momentum: 0.9 }).apply(x) as tf.SymbolicTensor;
  const skip = x = tf.layers.activation({ activation: "relu" }).apply(x) as tf.SymbolicTensor;
  x = tf.layers.depthwiseConv2d({ kernelSize: 3, padding: "same", depthwiseInitializer: kernelInitializer }).apply(x);
  x = tf.layers.add().apply([x as tf.SymbolicTensor, skip]) as tf.SymbolicTensor;
  x = tf.layers.conv2dTranspose({
    filters: 3,
    kernelSize: 4,
    strides: 2,
    padding: "same",
    useBias,
    kernelInitializer,
  }).apply(x);
  x = tf.layers.batchNormalization({ momentum: 0.9 }).apply(x as tf.SymbolicTensor);
  x = tf.layers.flatten().apply(x);
  x = tf.layers.dense({ units: 4, activation: "sigmoid", kernelInitializer }).apply(x);
  return tf.model({ inputs: input, outputs: x as tf.SymbolicTensor });
}

function trainingStep(network: tf.LayersModel, optimizer: tf.Optimizer) {
  const weights = network.trainableWeights.map((weight) => weight.read() as tf.Variable);
  return (x: tf.Tensor, y: tf.Tensor): tf.Scalar => {
    const { value, grads } = tf.variableGrads(() => {
      const predicted = network.apply(x, { training: true }) as tf.Tensor;
      return tf.mean(tf.square(tf.sub(predicted, y)));
    }, weights);
    optimizer.applyGradients(grads);
    return value;
  };
}

testLeavesNothing("compile() gives what the function gives, in the same arrays and objects", () => {
  const fn = (a: tf.Tensor, { b, more }: { b: tf.Tensor; more: tf.Tensor[] }) => ({
    sum: tf.add(a, b),
    list: [tf.concat([a, b, ...more], 0), tf.matMul(a, b, false, true), a],
  });
  using compiled = compile(fn);
  tf.tidy(() => {
    const [a, b, c] = [tf.randomNormal([2, 3]), tf.randomNormal([2, 3]), tf.randomNormal([4, 3])];
    const [found, expected] = [compiled(a, { b, more: [c] }), fn(a, { b, more: [c] })];
    assertEquals(Object.keys(found).join(), "sum,list");
    assertAllClose(numbers([found.sum, ...found.list]), numbers([expected.sum, ...expected.list]), TOLERANCE);
    assertEquals(found.list[0]!.shape.join(), "8,3");
  });
});

const optimizers: Record<string, () => tf.Optimizer> = {
  FusedAdam: () => new FusedAdam(1e-2, { weightDecay: 0.1 }),
  "tfjs's Adam": () => tf.train.adam(1e-2),
  "tfjs's momentum": () => tf.train.momentum(1e-2, 0.9),
};

for (const [name, newOptimizer] of Object.entries(optimizers)) {
  Deno.test(`compile() trains a network with ${name} as without it, and holds no more tensors after each step`, () => {
    const [ours, theirs] = [smallNetwork(3), smallNetwork(3)];
    const [our, their] = [newOptimizer(), newOptimizer()];
    const plain = trainingStep(theirs, their);
    const compiled = compile(trainingStep(ours, our));
    const data = tf.tidy(() =>
      [tf.randomNormal([4, 8, 8, 3], 0, 1, "float32", 5), tf.randomUniform([4, 4], 0, 1, "float32", 6)] as const
    );
    const losses: number[][] = [];
    const counts: number[] = [];
    for (let step = 0; step < 6; step++) {
      tf.tidy(() => losses.push([compiled(...data), plain(...data)].map((loss) => loss.dataSync()[0]!)));
      counts.push(tf.memory().numTensors + tensorFlow.handleCount);
    }
    assertAllClose(losses.map(([loss]) => loss!), losses.map(([, loss]) => loss!), TOLERANCE);
    assert(losses[5]![0]! < losses[0]![0]!);
    ours.weights.forEach((weight, i) => {
      assertAllClose(numbers(weight.read()), numbers(theirs.weights[i]!.read()), 10 * TOLERANCE);
    });
    assertEquals(counts[5], counts[2]); // the first step makes what tfjs's optimizers keep, the second traces
    compiled[Symbol.dispose]();
    tf.dispose(data as unknown as tf.Tensor[]);
    for (const part of [our, their, ours, theirs]) part.dispose();
  });
}

testLeavesNothing("compile() leaves nothing behind of a network that it has trained", () => {
  const network = smallNetwork(4);
  const optimizer = new FusedAdam(1e-2);
  const data = tf.tidy(() => [tf.randomNormal([2, 8, 8, 3]), tf.randomUniform([2, 4])] as const);
  const compiled = compile(trainingStep(network, optimizer));
  for (let step = 0; step < 3; step++) compiled(...data).dispose();
  compiled[Symbol.dispose]();
  tf.dispose(data as unknown as tf.Tensor[]);
  optimizer.dispose();
  network.dispose();
});

testLeavesNothing("compile() reads variables as they are at each call, and other tensors as they were", () => {
  const variable = tf.tidy(() => tf.variable(tf.tensor1d([1, 2])));
  const before = variable.clone(); // shares the content that the variable has now
  const scale = tf.scalar(10);
  using compiled = compile((x: tf.Tensor) => tf.add(tf.mul(x, scale), tf.sub(variable, before)));
  const at = (x: number) => tf.tidy(() => numbers(compiled(tf.scalar(x))).join());
  assertEquals(at(1), "10,10");
  scale.dispose();
  tf.tidy(() => variable.assign(tf.tensor1d([5, 5])));
  assertEquals(at(2), "24,23");
  tf.dispose([variable, before]);
});

testLeavesNothing("compile() assigns to variables, in the order of the function", () => {
  const count = tf.tidy(() => tf.variable(tf.scalar(1)));
  using compiled = compile((x: tf.Tensor) => {
    count.assign(tf.mul(count, 2));
    const doubled = tf.add(count, x);
    count.assign(tf.add(count, 1));
    return [doubled, count.clone()];
  });
  const call = () => tf.tidy(() => numbers(compiled(tf.scalar(100))).join());
  assertEquals(call(), "102,3");
  assertEquals(call(), "106,7");
  assertEquals(numbers(count).join(), "7");
  tf.tidy(() => count.assign(tf.scalar(50)));
  assertEquals(call(), "200,101");
  count.dispose();
});

testLeavesNothing(
  "compile() gives variables each other's contents, and what they had before an op changed them in place",
  () => {
    const variable = (...values: number[]) => tf.tidy(() => tf.variable(tf.tensor1d(values)));
    const newAdam = () => new FusedAdam(0.1, { beta1: 0, beta2: 0, epsilon: 1e-12 }); // each step is ±0.1
    /** Twice, as it is and compiled, from the same: what it returns and leaves in both variables. */
    const cases: Record<string, (a: tf.Variable, b: tf.Variable, adam: FusedAdam, g: tf.Tensor) => tf.Tensor> = {
      swap(a, b) {
        const old = a.clone();
        a.assign(b);
        b.assign(old);
        return a.clone();
      },
      "the last and the one before"(a, b, _, g) {
        a.assign(b);
        b.assign(tf.add(b, g));
        return a.clone();
      },
      "assigned, then changed in place"(a, _, adam, g) {
        a.assign(tf.mul(a, 0.5));
        adam.applyGradients({ [a.name]: g });
        return a.clone();
      },
      "how far it moves"(a, _, adam, g) {
        const old = a.clone();
        adam.applyGradients({ [a.name]: g });
        return tf.sub(a, old);
      },
      "put back"(a, _, adam, g) {
        const old = a.clone();
        adam.applyGradients({ [a.name]: g });
        const moved = tf.sub(a, old);
        a.assign(old);
        return moved;
      },
    };
    for (const [name, change] of Object.entries(cases)) {
      const [plain, compiled] = [false, true].map((isCompiled) => {
        const [a, b, adam, g] = [variable(1, 2), variable(3, 4), newAdam(), tf.tensor1d([1, -1])];
        const call = (g: tf.Tensor) => change(a, b, adam, g);
        using step = compile(call);
        const found = [1, 2].flatMap(() =>
          tf.tidy(() => [...numbers(isCompiled ? step(g) : call(g)), ...numbers([a, b])])
        );
        tf.dispose([a, b, g]);
        adam.dispose();
        return found;
      });
      assertEquals([name, ...compiled!.map(Math.fround).map((value) => value.toFixed(5))], [
        name,
        ...plain!.map((value) => value.toFixed(5)),
      ]);
    }
  },
);

testLeavesNothing("compile() takes a variable that it changes as an argument, as it was before", () => {
  const variable = tf.tidy(() => tf.variable(tf.scalar(3)));
  using compiled = compile((x: tf.Tensor) => {
    variable.assign(tf.scalar(8));
    return tf.mul(x, 2);
  });
  tf.tidy(() => assertEquals(numbers(compiled(variable)).join(), "6"));
  assertEquals(numbers(variable).join(), "8");
  variable.dispose();
});

testLeavesNothing("compile() traces again for other shapes and types, and says so", () => {
  const notes: string[] = [];
  const double = (x: tf.Tensor) => tf.add(x, x);
  using compiled = compile(double, { onRetrace: (note) => notes.push(note) });
  for (const shape of [[2], [2], [3, 1], [2], [3, 1]]) {
    tf.tidy(() => assertEquals(compiled(tf.ones(shape)).shape.join(), shape.join()));
  }
  tf.tidy(() => assertEquals(compiled(tf.ones([2], "int32")).dtype, "int32"));
  assertEquals(compiled.traceCount, 3);
  assertEquals(notes.length, 2);
  assert(notes[0]!.startsWith("Traced double again, for float32 [3, 1]"), notes[0]);
});

testLeavesNothing("compile() refuses what would be the same in every call", async () => {
  let calls = 0;
  const refused: Record<string, (x: tf.Tensor) => tf.Tensor> = {
    count: (x) => tf.mul(x, ++calls),
    slope: (x) => tf.leakyRelu(x, Math.random()),
    noise: (x) => tf.mul(x, tf.randomUniform([2])),
    dropout: (x) => tf.dropout(x, 0.5),
  };
  const x = tf.ones([2]);
  for (const [name, fn] of Object.entries(refused)) {
    using compiled = compile(fn, { name });
    await assertThrows(() => compiled(x), Error, /^Cannot compile \w+: what it does differs from call to call/);
  }
  x.dispose();
});

testLeavesNothing("compile() refuses to read values, and shapes that depend on them", async () => {
  const x = tf.tensor1d([1, -1, 2]);
  using reads = compile((x: tf.Tensor) => tf.mul(x, x.dataSync()[0]!), { name: "reads" });
  await assertThrows(() => reads(x), TypeError, /^Cannot compile reads: it reads a tensor's values/);
  using finds = compile((x: tf.Tensor) => execute("Where", {}, [x], 1)[0]!, { name: "finds" });
  await assertThrows(() => finds(x), TypeError, /^Cannot compile finds: the shape of what Where gives/);
  x.dispose();
});

testLeavesNothing("compile() refuses arguments that are not tensors", async () => {
  const x = tf.ones([2]);
  using scale = compile((x: tf.Tensor, factor: tf.Tensor) => tf.mul(x, factor), { name: "scale" });
  for (const factor of [3, null, "three", new Date()]) {
    const message = /^Cannot call the compiled scale: found .+ where tensors, or arrays and objects of tensors, were/;
    await assertThrows(() => scale(x, factor as unknown as tf.Tensor), TypeError, message);
  }
  x.dispose();
});

testLeavesNothing("compile() gives variables their contents back where the function throws", async () => {
  const variable = tf.tidy(() => tf.variable(tf.tensor1d([1, 2])));
  const x = tf.tensor1d([1, 1]);
  using throws = compile((x: tf.Tensor): tf.Tensor => {
    variable.assign(tf.mul(variable, x));
    throw new Error("half way");
  }, { name: "throws" });
  await assertThrows(() => throws(x), Error, /^Cannot compile throws: half way$/);
  assertEquals(numbers(variable).join(), "1,2");
  const places = tf.tensor1d([7], "int32");
  using gathers = compile((x: tf.Tensor, places: tf.Tensor) => {
    variable.assign(tf.mul(variable, x));
    return execute("GatherV2", {}, [x, places, tf.scalar(0, "int32")], 1)[0]!;
  }, { name: "gathers" });
  await assertThrows(() => gathers(x, places), Error, /^gathers.*indices/);
  assertEquals(numbers(variable).join(), "1,2");
  tf.dispose([variable, x, places]);
});

testLeavesNothing("compile() keeps what rounding and NaN give, which an algebraic rewriting would change", () => {
  const functions: ((x: tf.Tensor) => tf.Tensor)[] = [
    (x) => tf.logicalNot(tf.less(x, 1.5)),
    (x) => tf.sub(tf.add(x, 3 * 2 ** 22), 3 * 2 ** 22), // rounds to whole numbers
    (x) => tf.mul(tf.mul(tf.mul(tf.mul(x, 1e-30), 1e-30), 1e30), 1e30), // too small in between
  ];
  tf.tidy(() => {
    const x = tf.tensor1d([NaN, 1, 2, 1.3]);
    for (const fn of functions) {
      using compiled = compile(fn);
      assertEquals(numbers(compiled(x)), numbers(fn(x)));
    }
  });
});

testLeavesNothing("compile() gathers by indices that come with the call, and refuses those outside", async () => {
  using compiled = compile((x: tf.Tensor, indices: tf.Tensor) => tf.gather(x, indices as tf.Tensor1D, 1));
  tf.tidy(() => {
    const [x, indices] = [tf.tensor2d([[1, 2, 3], [4, 5, 6]]), tf.tensor1d([2, 0], "int32")];
    assertEquals(numbers(compiled(x, indices)), [3, 1, 6, 4]);
    assertEquals(numbers(tf.gather(x, indices, 1)), [3, 1, 6, 4]);
  });
  const beyond = tf.tensor1d([3], "int32");
  const x = tf.ones([2, 3]);
  await assertThrows(() => compiled(x, beyond), Error, /3 is not in/);
  await assertThrows(() => tf.gather(x, beyond, 1), Error, /3 is not in/);
  tf.dispose([x, beyond]);
});

Deno.test("compile() refuses a gradient through what is compiled, and takes one inside of it", async () => {
  using square = compile((x: tf.Tensor) => tf.mul(x, x), { name: "square" });
  using slope = compile((x: tf.Tensor) => tf.grad((x) => tf.sum(square(x)))(x));
  const x = tf.tensor1d([1, 2]);
  await assertThrows(() => tf.grad((x) => tf.sum(square(x)))(x), Error, /gradient through the compiled square/);
  tf.tidy(() => assertEquals(numbers(slope(x)), [2, 4]));
  x.dispose();
});

Deno.test("compile() runs uncompiled where a function makes variables for other shapes, too", () => {
  const optimizers: tf.Optimizer[] = [tf.train.momentum(0.1, 0.9), tf.train.momentum(0.1, 0.9)];
  const variables = [1, 2].map((size) => tf.tidy(() => tf.variable(tf.ones([size]))));
  using step = compile((x: tf.Tensor) => {
    const variable = variables[x.size - 1]!;
    const { value, grads } = tf.variableGrads(() => tf.sum(tf.mul(variable, x)) as tf.Scalar, [variable]);
    optimizers[x.size - 1]!.applyGradients(grads);
    return value;
  });
  for (const size of [1, 2, 1, 2]) tf.tidy(() => void step(tf.ones([size])));
  assertAllClose(numbers(variables), [0.71, 0.71, 0.71], TOLERANCE); // 1 - 0.1 - 0.19
  tf.dispose(variables);
  for (const optimizer of optimizers) optimizer.dispose();
});

const optimizersByName: Record<string, () => tf.Optimizer> = {
  sgd: () => tf.train.sgd(0.1),
  momentum: () => tf.train.momentum(0.1, 0.9),
  rmsprop: () => tf.train.rmsprop(0.1, 0.9, 0.5, undefined, true),
  adagrad: () => tf.train.adagrad(0.1),
  adadelta: () => tf.train.adadelta(0.1),
  adam: () => tf.train.adam(0.1),
  adamax: () => tf.train.adamax(0.1),
};
for (const [name, makeOptimizer] of Object.entries(optimizersByName)) {
  const test = name === "momentum" ? Deno.test : testLeavesNothing; // tfjs's momentum itself leaves a tensor behind
  test(`compile() follows a rate that is set in tfjs's ${name} after tracing`, () => {
    const train = (isCompiled: boolean) => {
      const weight = tf.tidy(() => tf.variable(tf.scalar(10)));
      const optimizer = makeOptimizer();
      const step = () => {
        const { value, grads } = tf.variableGrads(() => tf.square(weight) as tf.Scalar, [weight]);
        optimizer.applyGradients(grads);
        return value;
      };
      const notes: string[] = [];
      const compiled = compile(step, { onRetrace: (note) => notes.push(note) });
      const seen = [0.1, 0.1, 0.1, 0, 0, 0.05, 0.05].map((rate) => {
        if ("setLearningRate" in optimizer) (optimizer as tf.SGDOptimizer).setLearningRate(rate);
        else (optimizer as tf.Optimizer & { learningRate: number }).learningRate = rate; // tfjs has no other way
        tf.tidy(isCompiled ? compiled : step).dispose();
        return weight.dataSync()[0]!;
      });
      if (isCompiled) assertEquals([compiled.traceCount, notes.length], [3, 2]);
      compiled[Symbol.dispose]();
      weight.dispose();
      optimizer.dispose();
      return seen;
    };
    assertAllClose(train(true), train(false), TOLERANCE);
  });
}

testLeavesNothing("compile() within a compiled function is part of it", () => {
  using square = compile((x: tf.Tensor) => tf.square(x));
  using both = compile((x: tf.Tensor) => tf.add(square(x), x));
  tf.tidy(() => assertEquals(numbers(both(tf.scalar(3))).join(), "12"));
  assertEquals(square.traceCount, 0);
});

testLeavesNothing("compile() with XLA trains a network as without it", () => {
  const [ours, theirs] = [smallNetwork(5), smallNetwork(5)];
  const [our, their] = [new FusedAdam(1e-2), new FusedAdam(1e-2)];
  const compiled = compile(trainingStep(ours, our), { xla: true });
  const plain = trainingStep(theirs, their);
  tf.tidy(() => {
    const data = [tf.randomNormal([4, 8, 8, 3]), tf.randomUniform([4, 4])] as const;
    for (let step = 0; step < 3; step++) assertAllClose(numbers(compiled(...data)), numbers(plain(...data)), TOLERANCE);
  });
  compiled[Symbol.dispose]();
  for (const part of [our, their, ours, theirs]) part.dispose();
});

testLeavesNothing("a compiled function leaves out what nothing needs, also of a variable that it changes", () => {
  const weights = tf.tidy(() => tf.variable(tf.tensor1d([1, 2])));
  const optimizer = new FusedAdam(0.1);
  const step = (index: tf.Tensor) => {
    execute("GatherV2", {}, [weights, index, tf.scalar(0, "int32")], 1); // fails where it is done
    optimizer.applyGradients({ [weights.name]: tf.ones([2]) });
    return tf.sum(weights);
  };
  using compiled = compile(step);
  const outside = tf.tensor1d([2], "int32");
  const sum = compiled(outside);
  assertAllClose(numbers(sum), [2.8], TOLERANCE);
  tf.dispose([outside, sum, weights]);
  optimizer.dispose();
});

Deno.test("compile() on another backend calls the function as it is", async () => {
  await tf.setBackend("cpu");
  try {
    using compiled = compile((x: tf.Tensor) => tf.square(x));
    tf.tidy(() => assertEquals(numbers(compiled(tf.scalar(3))).join(), "9"));
    assertEquals(compiled.traceCount, 0);
  } finally {
    await tf.setBackend("tensorflow");
  }
});

testLeavesNothing(
  "computeInOrder() has a compiled function begin nothing that came after a tensor before that is there",
  async () => {
    for (const isOrdered of [true, false]) {
      using variable = new ResourceVariable([]);
      tf.tidy(() => variable.assign(tf.scalar(0)));
      using changing = compile((x: tf.Tensor2D) => {
        let slow = x;
        for (let i = 0; i < 20; i++) slow = tf.div(tf.matMul(slow, x), 300);
        const failing = finiteOrFail(tf.log(tf.mul(-1, tf.mean(slow))) as tf.Scalar, "the logarithm");
        variable.assign(tf.scalar(1)); // needs nothing of all that
        if (isOrdered) computeInOrder([failing]);
        return failing;
      });
      const x = tf.ones<tf.Rank.R2>([300, 300]);
      await assertThrows(() => changing(x), TensorFlowError, /the logarithm/);
      const value = variable.read();
      assertEquals(value.dataSync()[0], isOrdered ? 0 : 1);
      tf.dispose([x, value]);
    }
  },
);
