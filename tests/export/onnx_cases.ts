import * as tf from "@tensorflow/tfjs";
import type { OnnxDescription } from "@/lib/export/onnx.ts";
import { builtInFace } from "@/tests/face/built_in_face.ts";
import { Random } from "@/lib/random.ts";
import type { PositionEncoding } from "@/lib/data/maps/position_map.ts";
import type { Photo } from "@/lib/types.ts";

/** How far an ONNX network's positions may be from posmap's own, in crop sides. */
export const TOLERANCE = 1e-4;
/** Pixels a side of the small networks' images and maps. */
export const SMALL = 16;

export function describe(imageSize: number, encoding: PositionEncoding = "centered"): OnnxDescription {
  return { imageSize, encoding, crop: { margin: 1.5 }, surface: builtInFace().surface, license: "MIT" };
}

/** Weights as after a training: none is 0 or 1, variances are positive. */
export function shake(network: tf.LayersModel): tf.LayersModel {
  const random = new Random("shake");
  const learned = network.layers.filter(({ trainable }) => trainable).flatMap(({ weights }) => weights);
  for (const weight of learned.filter(({ originalName }) => !originalName.endsWith("/kernel"))) {
    const length = weight.shape.reduce((product, size) => product! * size!, 1)!;
    const values = Float32Array.from({ length }, () => random.uniform(0.5, 1.5));
    tf.tidy(() => void weight.write(tf.tensor(values, weight.shape as number[])));
  }
  return network;
}

export function crops(count: number, size: number): Photo[] {
  const random = new Random("crops");
  return Array.from({ length: count }, () => ({
    width: size,
    height: size,
    rgb: Uint8Array.from({ length: 3 * size * size }, () => random.integer(0, 255)),
  }));
}

/** A network for each kind of node that networks fold to, by what it is made of; the caller disposes them. */
export function* smallNetworks(): Generator<[string, tf.LayersModel]> {
  const kernelInitializer = tf.initializers.glorotUniform({ seed: 5 });
  const biasInitializer = tf.initializers.randomUniform({ minval: -0.5, maxval: 0.5, seed: 6 });
  const convolve = (filters: number, options: object = {}) =>
    tf.layers.conv2d({ filters, kernelSize: 3, kernelInitializer, biasInitializer, padding: "same", ...options });
  const transpose = (options: object) =>
    tf.layers.conv2dTranspose({
      filters: 3,
      kernelSize: 3,
      kernelInitializer,
      biasInitializer,
      padding: "same",
      ...options,
    });
  const double = () => tf.layers.upSampling2d({ size: [2, 2] });
  const stacks: Record<string, tf.layers.Layer[]> = {
    "convolutions of even kernels and strides": [convolve(5, { kernelSize: 4, strides: 2 }), double(), convolve(3)],
    "a valid convolution and zeros around": [
      convolve(3, { padding: "valid" }),
      tf.layers.zeroPadding2d({ padding: [[1, 1], [0, 2]] }),
    ],
    "a doubling alone, and pooling": [
      double(),
      tf.layers.maxPooling2d({ poolSize: 3, strides: 2, padding: "same" }),
      convolve(3),
    ],
    "transposed convolutions": [convolve(4, { strides: 2 }), transpose({ strides: 2, kernelSize: 4 }), transpose({})],
    "a transposed convolution of an odd kernel": [convolve(4, { strides: 2 }), transpose({ strides: 2 })],
    "transposed convolutions of other strides": [
      convolve(4, { strides: 8 }),
      transpose({ strides: [4, 2], kernelSize: 5 }),
      transpose({ strides: [2, 4], kernelSize: [3, 2] }),
    ],
    "a transposed convolution that is not padded": [
      convolve(4, { strides: 2, padding: "valid" }),
      transpose({ strides: 2, kernelSize: 4, padding: "valid" }),
    ],
    "grids of nodes, enlarged to their ends and beyond": [
      convolve(3, { strides: 4, activation: "relu" }),
      tf.layers.upSampling2d({ size: [2, 2], interpolation: "bilinear" }),
      tf.layers.cropping2D({ cropping: [[0, 1], [0, 1]] }),
      tf.layers.zeroPadding2d({ padding: [[0, 2], [0, 2]] }),
      tf.layers.upSampling2d({ size: [2, 2], interpolation: "bilinear" }),
      tf.layers.cropping2D({ cropping: [[0, 2], [0, 2]] }),
    ],
    "activations": [
      convolve(3, { activation: "relu6" }),
      convolve(3, { activation: "elu" }),
      convolve(3, { activation: "tanh" }),
      convolve(3, { activation: "softmax" }),
      tf.layers.activation({ activation: "sigmoid" }),
    ],
    "a normalization by itself": [
      tf.layers.activation({ activation: "relu" }),
      tf.layers.batchNormalization({ betaInitializer: biasInitializer }),
    ],
    "dense layers between grids": [
      convolve(2, { strides: 4 }),
      tf.layers.flatten(),
      tf.layers.dense({ units: 16 * 16 * 3, kernelInitializer, biasInitializer, activation: "tanh" }),
      tf.layers.reshape({ targetShape: [16, 16, 3] }),
    ],
  };
  type Tensor = tf.SymbolicTensor;
  const add = (...terms: Tensor[]) => tf.layers.add().apply(terms) as Tensor;
  const graphs: Record<string, (input: Tensor) => Tensor> = {
    "a sum of a texel with itself": (input) => {
      const x = convolve(3).apply(input) as Tensor;
      return add(x, x);
    },
    "a sum with what it was before": (input) => {
      const x = convolve(3).apply(input) as Tensor;
      return add(convolve(3).apply(x) as Tensor, tf.layers.activation({ activation: "relu" }).apply(x) as Tensor, x);
    },
  };
  const rows = (x: Tensor, length: number) => tf.layers.reshape({ targetShape: [SMALL, length] }).apply(x) as Tensor;
  const dot = (axes: [number, number], ...factors: Tensor[]) => tf.layers.dot({ axes }).apply(factors) as Tensor;
  graphs["products of matrices and of sides of length 1, and the least of two"] = (input) => {
    const mean = { kernelInitializer: tf.initializers.constant({ value: 1 / 64 }) };
    const gray = rows(convolve(1, mean).apply(input) as Tensor, SMALL);
    const least = tf.layers.minimum().apply([gray, rows(convolve(1).apply(input) as Tensor, SMALL)]) as Tensor;
    const whole = tf.layers.multiply().apply([
      tf.layers.averagePooling2d({ poolSize: [SMALL, 1] }).apply(input) as Tensor,
      input,
    ]) as Tensor;
    const products = [dot([2, 1], least, rows(whole, 3 * SMALL)), dot([2, 2], gray, least)];
    const grids = products.map((product, i) =>
      tf.layers.reshape({ targetShape: [SMALL, SMALL, i === 0 ? 3 : 1] }).apply(product)
    );
    return add(...grids.map((grid) => convolve(3, mean).apply(grid) as Tensor));
  };
  graphs["places read off what is scaled"] = (input) => {
    const grid = convolve(3).apply(input) as Tensor;
    const flat = tf.layers.flatten().apply(tf.layers.activation({ activation: "linear" }).apply(grid));
    const read = tf.layers.dense({ units: SMALL * SMALL * 3, kernelInitializer, activation: "tanh" }).apply(flat);
    return add(
      tf.layers.averagePooling2d({ poolSize: 3, strides: 1, padding: "same" }).apply(grid) as Tensor,
      tf.layers.activation({ activation: "tanh" }).apply(
        tf.layers.reshape({ targetShape: [SMALL, SMALL, 3] }).apply(read),
      ) as Tensor,
    );
  };
  for (const [name, layers] of Object.entries(stacks)) {
    graphs[name] = (input) => layers.reduce<Tensor>((x, layer) => layer.apply(x) as Tensor, input);
  }
  for (const [name, build] of Object.entries(graphs)) {
    const input = tf.input({ shape: [SMALL, SMALL, 3] });
    const outputs = build(input);
    if (outputs.shape.join() !== `,${SMALL},${SMALL},3`) throw new Error(`${name}: it gives ${outputs.shape}`);
    yield [name, tf.model({ inputs: input, outputs })];
  }
}
