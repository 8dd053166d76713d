import * as tf from "@tensorflow/tfjs";
import { Random } from "@/lib/random.ts";
import { openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import { compile } from "@/lib/tensorflow/compile/compile.ts";
import { assert, assertAllClose, assertEquals } from "@/tests/support.ts";

await openTensorFlow({ device: "cpu" });

/** Of the nearest number of 8 significant bits, to the number itself. */
const HALF_STEP = 2 ** -8;

/** The nearest bfloat16, of two the even one. */
function rounded(values: Float32Array): Float32Array {
  const bits = new Uint32Array(values.slice().buffer);
  return new Float32Array(bits.map((word) => (word + 0x7fff + ((word >>> 16) & 1)) & 0xffff0000).buffer);
}

function isRounded(values: Float32Array): boolean {
  return values.every((value, i) => Object.is(value, rounded(values)[i]));
}

function normals(seed: string, shape: number[]): tf.Tensor4D {
  const random = new Random(seed);
  return tf.tensor4d(
    Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => random.normal()),
    shape as never,
  );
}

function floats(tensor: tf.Tensor): Float32Array {
  return tensor.dataSync() as Float32Array;
}

/** As many numbers as there are, each to this share of their root mean square. */
function assertNear(found: Float32Array, wanted: Float32Array, share: number): void {
  assertAllClose(found, wanted, share * Math.hypot(...wanted) / Math.sqrt(wanted.length));
}

Deno.test("compile() in bfloat16 has a convolution take and give its numbers, and goes on in float32", () => {
  const [x, kernel] = [normals("x", [2, 6, 6, 8]), normals("kernel", [3, 3, 8, 5])];
  const convolve = (x: tf.Tensor4D, kernel: tf.Tensor4D) => tf.conv2d(x, kernel, 1, "same");
  using compiled = compile((x: tf.Tensor4D, kernel: tf.Tensor4D) => {
    const y = convolve(x, kernel);
    return [y, tf.add(y, 1e-3)];
  }, { precision: "bfloat16" });
  const [y, more] = compiled(x, kernel) as tf.Tensor[];
  assertEquals([y!.dtype, more!.dtype], ["float32", "float32"]);
  assert(isRounded(floats(y!)), "a result of a convolution has more than 8 bits");
  assert(!isRounded(floats(more!)), "a sum has 8 bits");
  const exact = convolve(
    tf.tensor4d(rounded(floats(x)), x.shape),
    tf.tensor4d(rounded(floats(kernel)), kernel.shape),
  );
  const wanted = floats(exact);
  floats(y!).forEach((value, i) =>
    assert(Math.abs(value - wanted[i]!) <= HALF_STEP * Math.abs(wanted[i]!) + 1e-5, `${value} for ${wanted[i]}`)
  );
  tf.dispose([x, kernel, y!, more!, exact]);
});

Deno.test("compile() in bfloat16 leaves convolutions of pixels and of positions as they are", () => {
  for (const [inputs, outputs] of [[3, 8], [8, 3]] as const) {
    const [x, kernel] = [normals("x", [1, 6, 6, inputs]), normals("kernel", [3, 3, inputs, outputs])];
    const gradients = (x: tf.Tensor4D, kernel: tf.Tensor4D) =>
      tf.grads((x, kernel) => tf.square(tf.conv2d(x as tf.Tensor4D, kernel as tf.Tensor4D, 1, "same")))([x, kernel]);
    using plain = compile(gradients);
    using mixed = compile(gradients, { precision: "bfloat16" });
    const [wanted, found] = [plain(x, kernel), mixed(x, kernel)];
    wanted.forEach((tensor, i) => assertEquals(floats(found[i]!), floats(tensor)));
    tf.dispose([x, kernel, wanted, found]);
  }
});

Deno.test("compile() in bfloat16 gives gradients in float32, near those of float32, through all that stands between convolutions", () => {
  const [x, first, second] = [
    normals("x", [2, 8, 8, 6]),
    normals("first", [3, 3, 6, 8]),
    normals("second", [3, 3, 8, 8]),
  ];
  const gradients = (x: tf.Tensor4D, first: tf.Tensor4D, second: tf.Tensor4D) =>
    tf.grads((x, first, second) => {
      const y = tf.relu(tf.conv2d(x as tf.Tensor4D, first as tf.Tensor4D, 2, "same"));
      return tf.square(tf.add(tf.conv2d(y as tf.Tensor4D, second as tf.Tensor4D, 1, "same"), y));
    })([x, first, second]);
  using plain = compile(gradients);
  using mixed = compile(gradients, { precision: "bfloat16" });
  const [wanted, found] = [plain(x, first, second), mixed(x, first, second)];
  wanted.forEach((tensor, i) => {
    assertEquals(found[i]!.dtype, "float32");
    assertNear(floats(found[i]!), floats(tensor), 8 * HALF_STEP); // several roundings, one after the other
    assert(floats(found[i]!).some((value, k) => value !== floats(tensor)[k]), "nothing was computed in bfloat16");
  });
  tf.dispose([x, first, second, wanted, found]);
});
