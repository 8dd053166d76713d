import * as tf from "@tensorflow/tfjs";
import { Random } from "@/lib/random.ts";
import { openTensorFlow } from "@/lib/tensorflow/backend/backend.ts";
import { assertAllClose, assertEquals } from "@/tests/support.ts";

await openTensorFlow({ device: "cpu" });
tf.env().set("IS_TEST", true); // tfjs's CPU backend greets otherwise

/** For results of order 1, sums of some hundred products: they are added up in another order. */
const TOLERANCE = 1e-4;

/** Every op that the networks and their losses are made of, with the shapes of its inputs. */
const ops: Record<string, { shapes: number[][]; apply: (...inputs: tf.Tensor[]) => tf.Tensor }> = {
  "conv2d, kernel 1": convolution({ image: 7, kernel: 1, stride: 1 }),
  "conv2d, kernel 1, stride 2": convolution({ image: 8, kernel: 1, stride: 2 }),
  "conv2d, kernel 3": convolution({ image: 7, kernel: 3, stride: 1 }),
  "conv2d, kernel 3, stride 2": convolution({ image: 7, kernel: 3, stride: 2 }),
  "conv2d, kernel 4": convolution({ image: 8, kernel: 4, stride: 1 }),
  "conv2d, kernel 4, stride 2": convolution({ image: 8, kernel: 4, stride: 2 }),
  "conv2d, kernel 3, valid": {
    shapes: [[2, 7, 6, 3], [3, 3, 3, 5]],
    apply: (x, w) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, "valid"),
  },
  "conv2dTranspose, kernel 4": transposedConvolution({ image: 5, stride: 1 }),
  "conv2dTranspose, kernel 4, stride 2": transposedConvolution({ image: 4, stride: 2 }),
  "depthwiseConv2d": {
    shapes: [[2, 7, 7, 4], [3, 3, 4, 1]],
    apply: (x, w) => tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, 1, "same"),
  },
  "depthwiseConv2d, stride 2": {
    shapes: [[2, 8, 8, 4], [3, 3, 4, 1]],
    apply: (x, w) => tf.depthwiseConv2d(x as tf.Tensor4D, w as tf.Tensor4D, 2, "same"),
  },
  "relu": { shapes: [[4, 9]], apply: (x) => tf.relu(x) },
  "relu6": { shapes: [[4, 9]], apply: (x) => tf.relu6(tf.mul(x, 6)) },
  "sigmoid": { shapes: [[4, 9]], apply: (x) => tf.sigmoid(x) },
  "abs": { shapes: [[4, 9]], apply: (x) => tf.abs(x) },
  "sign": { shapes: [[4, 9]], apply: (x) => tf.sign(x) },
  "square": { shapes: [[4, 9]], apply: (x) => tf.square(x) },
  "sqrt": { shapes: [[4, 9]], apply: (x) => tf.sqrt(tf.add(tf.square(x), 1)) },
  "add": { shapes: [[2, 5, 3], [5, 3]], apply: (a, b) => tf.add(a, b) },
  "addN": { shapes: [[5, 3], [5, 3], [5, 3]], apply: (...tensors) => tf.addN(tensors) },
  "sub": { shapes: [[2, 5, 3], [2, 5, 3]], apply: (a, b) => tf.sub(a, b) },
  "mul": { shapes: [[2, 5, 3], [1, 5, 1]], apply: (a, b) => tf.mul(a, b) },
  "div": { shapes: [[2, 5, 3], [3]], apply: (a, b) => tf.div(a, tf.add(tf.square(b), 1)) },
  "sum": { shapes: [[4, 3, 5]], apply: (x) => tf.sum(x, [0, 2]) },
  "mean": { shapes: [[4, 3, 5]], apply: (x) => tf.mean(x, 1, true) },
  "matMul": { shapes: [[4, 7], [7, 5]], apply: (a, b) => tf.matMul(a, b) },
  "matMul, transposed": { shapes: [[7, 4], [5, 7]], apply: (a, b) => tf.matMul(a, b, true, true) },
  "fused matMul, bias and relu": {
    shapes: [[4, 7], [7, 5], [5]],
    apply: (a, b, bias) => tf.fused.matMul({ a: a!, b: b!, bias: bias!, activation: "relu" }),
  },
  // one square image, since the CPU backend's gradients are wrong for others
  "resizeBilinear": {
    shapes: [[1, 5, 5, 3]],
    apply: (x) => tf.image.resizeBilinear(x as tf.Tensor4D, [20, 20]),
  },
  "resizeNearestNeighbor": {
    shapes: [[1, 5, 5, 3]],
    apply: (x) => tf.image.resizeNearestNeighbor(x as tf.Tensor4D, [10, 10]),
  },
  "reshape": { shapes: [[4, 6]], apply: (x) => tf.reshape(x, [2, 3, 4]) },
  "transpose": { shapes: [[2, 3, 4]], apply: (x) => tf.transpose(x, [2, 0, 1]) },
  "concat": { shapes: [[2, 3, 4], [2, 5, 4]], apply: (a, b) => tf.concat([a!, b!], 1) },
  "slice": { shapes: [[2, 6, 6, 3]], apply: (x) => tf.slice(x, [0, 1, 2, 0], [2, 3, 4, 3]) },
  "pad": { shapes: [[2, 3, 4]], apply: (x) => tf.pad(x, [[0, 0], [1, 2], [2, 0]]) },
  "batchNorm": {
    shapes: [[2, 4, 4, 3], [3], [3], [3], [3]],
    apply: (x, mean, spread, offset, scale) =>
      tf.batchNorm(
        x!,
        mean as tf.Tensor1D,
        tf.add(tf.square(spread!), 0.5),
        offset as tf.Tensor1D,
        scale as tf.Tensor1D,
      ),
  },
};

function convolution({ image, kernel, stride }: { image: number; kernel: number; stride: number }) {
  return {
    shapes: [[2, image, image, 3], [kernel, kernel, 3, 5]],
    apply: (x: tf.Tensor, w: tf.Tensor) => tf.conv2d(x as tf.Tensor4D, w as tf.Tensor4D, stride, "same"),
  };
}

function transposedConvolution({ image, stride }: { image: number; stride: number }) {
  const side = image * stride;
  return {
    shapes: [[2, image, image, 3], [4, 4, 5, 3]],
    apply: (x: tf.Tensor, w: tf.Tensor) =>
      tf.conv2dTranspose(x as tf.Tensor4D, w as tf.Tensor4D, [2, side, side, 5], stride, "same"),
  };
}

/** The op's result and the gradients of its inputs, with the same random numbers on every backend. */
async function evaluate(backend: string, name: string): Promise<{ shape: number[]; values: number[] }[]> {
  const { shapes, apply } = ops[name]!;
  await tf.setBackend(backend);
  return tf.tidy(() => {
    const random = new Random(name);
    const draw = (shape: number[]) => {
      const values = Float32Array.from({ length: tf.util.sizeFromShape(shape) }, () => random.uniform(-1.5, 1.5));
      return tf.tensor(values, shape);
    };
    const inputs = shapes.map(draw);
    const y = apply(...inputs);
    const gradients = tf.grads(apply)(inputs, draw(y.shape));
    return [y, ...gradients].map((tensor) => ({ shape: tensor.shape, values: [...tensor.dataSync()] }));
  });
}

for (const name of Object.keys(ops)) {
  Deno.test(`${name}: result and gradients equal those of tfjs's CPU backend`, async () => {
    const expected = await evaluate("cpu", name);
    const actual = await evaluate("tensorflow", name);
    assertEquals(actual.map(({ shape }) => shape), expected.map(({ shape }) => shape));
    actual.forEach(({ values }, i) => assertAllClose(values, expected[i]!.values, TOLERANCE));
  });
}
