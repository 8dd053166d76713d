import { fileURLToPath } from "node:url";
import * as tf from "@tensorflow/tfjs";
import fc from "@/tests/fast_check.ts";
import { execute, openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import { isOutOfMemory, TensorFlowError } from "@/lib/tensorflow/library/c_api.ts";
import type { DataTypeName } from "@/lib/formats/data_types.ts";
import { findLibrary } from "@/lib/tensorflow/library/library.ts";
import { assert, assertEquals, assertThrows } from "@/tests/support.ts";

const tensorFlow = await openTensorFlow({ device: "cpu" });

function cast(x: tf.Tensor, type: DataTypeName): tf.Tensor {
  return execute("Cast", { DstT: type }, [x], 1)[0]!;
}

function strings(values: readonly (string | Uint8Array)[]): tf.Tensor {
  return tf.tensor(values as string[], [values.length], "string");
}

/** What tfjs would decode as UTF-8. */
function bytesOf(tensor: tf.Tensor): number[][] {
  return (tf.engine().readSync(tensor.dataId) as unknown as Uint8Array[]).map((bytes) => [...bytes]);
}

/** TensorFlow's tensors that the call leaves behind. */
function handlesLeft(call: () => void): number {
  const before = tensorFlow.handleCount;
  tf.tidy(call);
  return tensorFlow.handleCount - before;
}

/** Opens TensorFlow in another process, which must end well: what it says of it, and of a convolution. */
async function opened(options: string[], threads?: string): Promise<string[]> {
  const { code, stdout, stderr } = await new Deno.Command(Deno.execPath(), {
    args: [
      ..."run --quiet --allow-ffi --allow-read --allow-write --allow-env --allow-sys".split(" "),
      fileURLToPath(new URL("open.ts", import.meta.url)),
      ...options,
    ],
    env: { TENSORFLOW_LIBRARY: await findLibrary(), TF_NUM_INTRAOP_THREADS: threads ?? "" },
  }).output();
  assertEquals(new TextDecoder().decode(stderr), "");
  assertEquals(code, 0);
  return new TextDecoder().decode(stdout).trim().split("\n");
}

Deno.test("openTensorFlow() is silent, says what it opened and computes, also where latency is to be low", async () => {
  const sums = Array(8).fill(3 * 3 * 8 * 62 ** 2).join();
  const [one, oneSums] = await opened(["cpu"], "1");
  assert(/^tensorflow \d+\.\d+\.\d+ · CPU, 1 thread$/.test(one!), one);
  assertEquals(oneSums, sums);
  const [three, threeSums] = await opened(["cpu", "low-latency"], "3");
  assert(/CPU, 3 threads$/.test(three!), three);
  assertEquals(threeSums, sums);
  const [many] = await opened(["cpu"]);
  assert(
    many!.endsWith(` ${navigator.hardwareConcurrency} thread${navigator.hardwareConcurrency === 1 ? "" : "s"}`),
    many,
  );
  const [refused] = await opened(["cpu"], "two");
  assertEquals(refused, "InputError: Cannot use TF_NUM_INTRAOP_THREADS=two: a whole number from 1 is wanted");
});

Deno.test("openTensorFlow() opens a GPU, or says that there is none", async () => {
  const [found] = await opened(["gpu"]);
  assert(
    /^tensorflow \d+\.\d+\.\d+ · GPU$|^InputError: Cannot use a GPU: .* finds no GPU\. .*TF_CPP_MIN_LOG_LEVEL/.test(
      found!,
    ),
    found,
  );
});

Deno.test("openTensorFlow() opens once: again, and for another device", async () => {
  assert(await openTensorFlow({ device: "auto" }) === tensorFlow);
  await assertThrows(() => openTensorFlow({ device: "gpu" }), Error, /GPU.*has opened tensorflow .* CPU/);
  await assertThrows(() => openTensorFlow({ device: "cpu", threads: 0 }), RangeError, /0 threads/);
});

Deno.test("execute() takes attributes of every type by their plain values", () => {
  tf.tidy(() => {
    const matrix = tf.tensor2d([1, 2, 3, 4, 5, 6], [2, 3]);
    const texts = [tf.scalar("a"), tf.scalar("b")];
    const join = (separator: string | Uint8Array<ArrayBuffer>, N: number | bigint) =>
      execute("StringJoin", { separator, N }, texts, 1)[0]!.dataSync<"string">()[0];
    assertEquals(join("–", 2), "a–b");
    assertEquals(join(new TextEncoder().encode("+"), 2n), "a+b");
    assertEquals([...execute("LeakyRelu", { alpha: 0.5 }, [tf.tensor1d([-2, 2])], 1)[0]!.dataSync()], [-1, 2]);
    const product = execute("MatMul", { transpose_b: true }, [matrix, matrix], 1)[0]!;
    assertEquals(product.arraySync(), [[14, 32], [32, 77]]);
    assertEquals(execute("EnsureShape", { shape: [-1, 3] }, [matrix], 1)[0]!.shape, [2, 3]);
    assertEquals(execute("EnsureShape", { shape: [] }, [tf.scalar(1)], 1)[0]!.shape, []);
  });
});

Deno.test("execute() takes lists of attributes of every type", () => {
  tf.tidy(() => {
    assertEquals(execute("Squeeze", { squeeze_dims: [0, 2] }, [tf.ones([1, 2, 1, 3])], 1)[0]!.shape, [2, 3]);
    const buckets = execute("Bucketize", { boundaries: [0, 10.5] }, [tf.tensor1d([-1, 5, 11])], 1)[0]!;
    assertEquals([...buckets.dataSync()], [0, 1, 2]);

    const texts = { labels: ["first", "a label of more than twenty-two bytes"], description: "", display_name: "" };
    const summary = execute("TensorSummary", texts, [tf.scalar(1)], 1)[0]!;
    assertEquals(summary.shape, []);

    const types = ["float32", "int32"];
    const settings = { component_types: types, shapes: [[2], []], capacity: 3, container: "", shared_name: "" };
    const [queue] = execute("FIFOQueueV2", settings, [], 1);
    const items = [tf.tensor1d([1, 2]), tf.scalar(3, "int32")];
    execute("QueueEnqueueV2", { Tcomponents: types }, [queue!, ...items], 0);
    const back = execute("QueueDequeueV2", { component_types: types }, [queue!], 2);
    assertEquals(back.map((item) => [...item.dataSync()]), [[1, 2], [3]]);
    const wrong = [tf.tensor1d([1, 2, 3]), items[1]!];
    assertThrowsCode(
      () => execute("QueueEnqueueV2", { Tcomponents: types }, [queue!, ...wrong], 0),
      "INVALID_ARGUMENT",
    );
  });
});

Deno.test("execute() gives types that tfjs lacks as the nearest one that it has", () => {
  tf.tidy(() => {
    const x = tf.tensor1d([1, 0, 100]);
    for (const type of ["float64", "float16", "bfloat16"] as const) {
      assertEquals(cast(x, type).dtype, "float32");
      assertEquals([...cast(x, type).dataSync()], [1, 0, 100]);
    }
    for (const type of ["int8", "int16", "int64", "uint8", "uint16", "uint32", "uint64"] as const) {
      assertEquals(cast(x, type).dtype, "int32");
      assertEquals([...cast(x, type).dataSync()], [1, 0, 100]);
    }
    assertEquals([...cast(x, "complex128").dataSync()], [1, 0, 0, 0, 100, 0]);
  });
});

Deno.test("an int64 that no int32 holds, and a resource, cannot be read", async () => {
  const [hash] = execute("StringToHashBucketFast", { num_buckets: 2n ** 62n }, [tf.scalar("posmap")], 1);
  await assertThrows(() => hash!.dataSync(), RangeError, /int64/);
  const [queue] = execute("FIFOQueueV2", { component_types: ["float32"], shapes: [] }, [], 1);
  await assertThrows(() => queue!.dataSync(), TypeError, /resource/);
});

Deno.test("strings of any bytes go in and out unchanged", () => {
  const text = fc.uint8Array({ maxLength: 60 }); // TensorFlow keeps up to 22 bytes in place, longer ones elsewhere
  fc.assert(fc.property(fc.array(text, { maxLength: 5 }), (texts) => {
    tf.tidy(() => {
      const tensor = strings(texts);
      const copies = [tf.reshape(tensor, [texts.length, 1]), tf.concat([tensor, tensor]).slice(texts.length)];
      tensor.dispose(); // others may share its buffer
      for (const copy of copies) assertEquals(bytesOf(copy), texts.map((bytes) => [...bytes]));
    });
  }));
});

Deno.test("numbers of any shape, also without elements, go in and out unchanged", () => {
  const shapes = fc.array(fc.integer({ min: 0, max: 4 }), { maxLength: 5 });
  fc.assert(fc.property(shapes, fc.constantFrom("float32", "int32", "bool"), (shape, dtype) => {
    tf.tidy(() => {
      const values = Array.from({ length: tf.util.sizeFromShape(shape) }, (_, i) => dtype === "bool" ? i % 2 : i - 3);
      const tensor = tf.clone(tf.tensor(values, shape, dtype));
      assertEquals(tensor.shape, shape);
      assertEquals([...tf.reshape(tensor, [-1]).dataSync()], values);
    });
  }));
});

Deno.test("complex numbers go in and out as pairs", () => {
  tf.tidy(() => {
    const z = tf.complex([1, 2], [3, 4]);
    assertEquals([...z.dataSync()], [1, 3, 2, 4]);
    assertEquals([...tf.imag(tf.mul(z, z)).dataSync()], [6, 16]);
  });
});

function assertThrowsCode(call: () => unknown, code: string): void {
  let error: unknown;
  try {
    call();
  } catch (thrown) {
    error = thrown;
  }
  assert(error instanceof TensorFlowError, `Expected a TensorFlowError, got ${error}`);
  assertEquals(error.code, code);
}

/** Each is refused at another place: by the op's name, an attribute, an input's type or shape, the kernel, the count. */
const mistakes: Record<string, { call: () => unknown; message: RegExp }> = {
  "an unknown op": {
    call: () => execute("NoSuchOp", {}, [], 1),
    message: /^NoSuchOp: .*\(NOT_FOUND\)$/,
  },
  "an unknown attribute": {
    call: () => execute("MatMul", { transpose: true }, [tf.ones([2, 2]), tf.ones([2, 2])], 1),
    message: /^MatMul: .*'transpose'.*\(INVALID_ARGUMENT\)$/,
  },
  "an unknown data type": {
    call: () => execute("Cast", { DstT: "float" }, [tf.ones([2])], 1),
    message: /"float".*float32, /,
  },
  "a missing attribute": {
    call: () => execute("Cast", {}, [tf.ones([2])], 1),
    message: /^Cast: .*DstT.*\((NOT_FOUND|INVALID_ARGUMENT)\)$/s,
  },
  "inputs of two types": {
    call: () => execute("AddV2", {}, [tf.ones([2]), tf.ones([2], "int32")], 1),
    message: /^AddV2: .*int32.*\(INVALID_ARGUMENT\)$/,
  },
  "shapes that do not fit, in an op": {
    call: () => execute("MatMul", {}, [tf.ones([2, 3]), tf.ones([2, 2])], 1),
    message: /^MatMul: Matrix size-incompatible: .*\(INVALID_ARGUMENT\)$/,
  },
  "values that do not fit, in one of tfjs's kernels": {
    call: () => tf.gatherND(tf.ones([2]), tf.tensor2d([5], [1, 1], "int32")),
    message: /^GatherNd: .*5.*\(INVALID_ARGUMENT\)$/,
  },
  "fewer outputs than there are": {
    call: () => execute("Split", { num_split: 2 }, [tf.scalar(0, "int32"), tf.ones([4])], 1),
    message: /^Split: .*\(INVALID_ARGUMENT\)$/,
  },
  "more outputs than there are": {
    call: () => execute("Split", { num_split: 2 }, [tf.scalar(0, "int32"), tf.ones([4])], 3),
    message: /^Split has 2 outputs, 3/,
  },
  "a disposed tensor": {
    call: () => {
      const x = tf.ones([2]);
      x.dispose();
      execute("Identity", {}, [x], 1);
    },
    message: /^Cannot execute Identity: input 0 is disposed$/,
  },
};

Deno.test("isOutOfMemory() knows what TensorFlow says of a tensor that no memory holds", () => {
  try {
    tf.tidy(() => execute("Fill", {}, [tf.tensor1d([2 ** 20, 2 ** 20], "int32"), tf.scalar(1)], 1));
  } catch (error) {
    assert(isOutOfMemory(error) && /: OOM when allocating tensor with shape\[/.test(String(error)), String(error));
    return;
  }
  throw new Error("Expected an error");
});

for (const [name, { call, message }] of Object.entries(mistakes)) {
  Deno.test(`${name}: the error says so, and no tensor is left`, () => {
    for (let i = 0; i < 2; i++) {
      const left = handlesLeft(() => {
        try {
          call();
        } catch (error) {
          assert(error instanceof Error && message.test(error.message), String(error));
          return;
        }
        throw new Error("Expected an error");
      });
      assertEquals(left, 0);
    }
    assertEquals(tf.tidy(() => tf.add(1, 2).arraySync()), 3); // an error does not linger
  });
}

Deno.test("TensorFlow gives memory back: of tensors, long strings, and what ops that failed were given", () => {
  const size = 250_000; // 1 MB of float32
  const matrix = tf.zeros([1, size]);
  const text = new Uint8Array(4 * size);
  const numbers = new Float32Array(size);
  const rounds: (() => unknown)[] = [
    () => tf.tensor1d(numbers).add(1).dataSync(),
    () => tf.engine().readSync(tf.reshape(strings([text, text]), [2, 1]).dataId),
    () => assertThrowsCode(() => execute("MatMul", {}, [tf.add(matrix, 1), matrix], 1), "INVALID_ARGUMENT"),
  ];
  for (const round of rounds) {
    const run = (times: number) => {
      for (let i = 0; i < times; i++) tf.tidy(() => void round());
    };
    run(50);
    const before = Deno.memoryUsage().rss;
    assertEquals(handlesLeft(() => run(300)), 0);
    const grownMegabytes = (Deno.memoryUsage().rss - before) / 1e6;
    assert(grownMegabytes < 200, `${round}: 300 times left ${grownMegabytes} MB`); // some are JavaScript's own
  }
  matrix.dispose();
});
