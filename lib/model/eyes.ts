import * as tf from "@tensorflow/tfjs";
import type { Config } from "@/lib/config.ts";
import { positionScale } from "@/lib/data/maps/position_map.ts";
import { readingTexels } from "@/lib/data/maps/uv_layout.ts";
import { keyLandmarks, landmarkUv } from "@/lib/face/landmarks.ts";
import type { FaceSurface } from "@/lib/face/morphable_model.ts";
import { glorotUniform, reshape, sizeOf } from "@/lib/model/layers.ts";
import { block, dense } from "@/lib/model/lite_layers.ts";
import { writeValues } from "@/lib/model/normalization.ts";
import { detach } from "@/lib/tensorflow/ops/detach.ts";

/** What its layers' names begin with, before a slash. */
export const EYES = "eyes";
/** The layer that reads landmarks off the map's nodes, in image pixels: which these are is the surface's. */
export const EYE_LANDMARKS = `${EYES}/landmarks`;

/** The layer that moves the map's nodes by what the eyes show. */
export const LID_NODES = `${EYES}/lid_nodes`;
/** The rows of its kernel. */
export const LID_COEFFICIENTS = 24;

/** The outer and the inner corner of the eye at the image's left, the same of the other, and the nose's base. */
const LANDMARKS = [
  keyLandmarks.rightEyeCorner,
  keyLandmarks.rightEyeInnerCorner,
  keyLandmarks.leftEyeCorner,
  keyLandmarks.leftEyeInnerCorner,
  keyLandmarks.noseBase,
] as const;
const COORDINATES = 2 * LANDMARKS.length;
/** Pixels of an eye that is cut out; convolutions halve them three times. */
const [ROWS, COLUMNS] = [12, 16];
/** What is cut out: in eyes' widths, and in heights of the eyes above the nose's base. */
const [WIDTH, HEIGHT] = [1.5, 0.75];
/** Weights of red, green and blue (Rec. ITU-R BT.601). */
const LUMINANCE = [0.299, 0.587, 0.114];

export interface EyeOptions {
  /** [nodes, nodes, 3], the grid that is upsampled to the map. */
  readonly nodes: tf.SymbolicTensor;
  readonly units: number;
  /** Channels of the convolutions, each of which halves what it takes. */
  readonly channels: readonly number[];
  readonly seed: number;
}

/**
 * [units], what the eyes show: both are cut out of the image [size, size, 3] where the map has their corners, that at the
 * image's right mirrored, and seen by small convolutions. Cuts are gray and bilinear (Jaderberg et al., 2015,
 * arXiv 1506.02025, equation 5), of layers that all that runs networks has: a product of matrices brings the image to the
 * cuts' columns, and each of these columns is multiplied by what the cuts' pixels have of its rows. So columns stay upright,
 * and start where the line through both corners is: a turned eye comes out slanted, not turned. No gradient leads to the map.
 */
export function seeEyes(image: tf.SymbolicTensor, { nodes, units, channels, seed }: EyeOptions): tf.SymbolicTensor {
  const size = sizeOf(image), columnCount = 2 * COLUMNS;
  const map = tf.layers.flatten({ name: `${EYES}/nodes` }).apply(detach(nodes, `${EYES}/detached`));
  const landmarks = tf.layers.dense({ name: EYE_LANDMARKS, units: COORDINATES, ...fixed }).apply(
    map,
  ) as tf.SymbolicTensor;
  const columns = reshape(
    sharesAt(landmarks, { name: `${EYES}/columns`, places: columnPlaces(), shape: [1, columnCount, size] }),
    `${EYES}/column_shares`,
    [columnCount, size],
  );
  const gray = mix(image, { name: `${EYES}/gray`, weights: LUMINANCE });
  const strips = tf.layers.dot({ name: `${EYES}/strips`, axes: [2, 2] }).apply([
    columns,
    reshape(gray, `${EYES}/picture`, [size, size]),
  ]) as tf.SymbolicTensor;
  const rows = sharesAt(landmarks, { name: `${EYES}/rows`, places: rowPlaces(), shape: [ROWS, columnCount, size] });
  const parts = tf.layers.multiply({ name: `${EYES}/parts` }).apply([
    rows,
    reshape(strips, `${EYES}/strip_rows`, [1, columnCount, size]),
  ]) as tf.SymbolicTensor;
  let x = mix(parts, { name: `${EYES}/cuts`, weights: Array.from({ length: size }, () => 1) });
  channels.forEach((count, i) => x = block(x, { name: `${EYES}/stage_${i}`, channels: count, stride: 2, seed }));
  const name = `${EYES}/each`, side = [x.shape[1]!, x.shape[2]! / 2] as [number, number];
  x = tf.layers.conv2d({
    name,
    filters: channels.at(-1)!,
    kernelSize: side,
    strides: side,
    activation: "elu",
    kernelInitializer: glorotUniform(seed, name),
  }).apply(x) as tf.SymbolicTensor;
  x = tf.layers.flatten({ name: `${EYES}/both` }).apply(x) as tf.SymbolicTensor;
  return dense(x, { name: `${EYES}/features`, units, seed });
}

/**
 * [nodes, nodes, 3], what the eyes show moves the grid by, linear in a few coefficients: nothing in a new network, as its last
 * kernel is 0.
 */
export function lidsPart(
  ofEyes: tf.SymbolicTensor,
  { nodeCount, seed }: { readonly nodeCount: number; readonly seed: number },
): tf.SymbolicTensor {
  const coefficients = dense(ofEyes, { name: `${EYES}/lids`, units: LID_COEFFICIENTS, activation: "elu", seed });
  const values = tf.layers.dense({ name: LID_NODES, units: nodeCount ** 2 * 3, kernelInitializer: "zeros" })
    .apply(coefficients) as tf.SymbolicTensor;
  return reshape(values, `${EYES}/lid_grid`, [nodeCount, nodeCount, 3]);
}

/** Has a network that sees eyes, if this is one, read their places as maps of this surface have them. */
export function placeEyes(
  network: tf.LayersModel,
  { surface, encoding }: Pick<Config, "encoding"> & { readonly surface: FaceSurface },
): void {
  const layer = network.layers.find(({ name }) => name === EYE_LANDMARKS);
  if (!layer) return;
  const size = sizeOf(network.inputs[0]!);
  const nodeCount = Math.sqrt((layer.input as tf.SymbolicTensor).shape[1]! / 3);
  const spacing = size / (nodeCount - 1); // node i lies at the center of texel i · spacing
  const uv = landmarkUv(surface).map((place) => ((place * size - 0.5) / spacing + 0.5) / nodeCount);
  const { texel, weights } = readingTexels(uv, nodeCount);
  const { scale, offsets } = positionScale({ size, encoding });
  const kernel = new Float32Array(nodeCount ** 2 * 3 * COORDINATES);
  LANDMARKS.forEach((landmark, l) =>
    [0, 1, nodeCount, nodeCount + 1].forEach((step, corner) => {
      for (const axis of [0, 1]) {
        const coordinate = 3 * (texel[landmark]! + step) + axis;
        kernel[coordinate * COORDINATES + 2 * l + axis] = weights[4 * landmark + corner]! / scale;
      }
    })
  );
  write(layer, kernel, Float32Array.from({ length: COORDINATES }, (_, i) => -offsets[i % 2]! / scale));
}

/** Settings of layers whose weights are written, and not learned. */
const fixed = { trainable: false, kernelInitializer: "zeros" } as const;

function write({ weights: [kernels, biases] }: tf.layers.Layer, kernel: Float32Array, bias?: Float32Array): void {
  writeValues(kernels!, kernel);
  if (bias) writeValues(biases!, bias);
}

/** [rows, columns, 1], the weighted sum of channels. */
function mix(
  x: tf.SymbolicTensor,
  { name, weights }: { readonly name: string; readonly weights: readonly number[] },
): tf.SymbolicTensor {
  const layer = tf.layers.conv2d({ name, filters: 1, kernelSize: 1, ...fixed });
  const y = layer.apply(x) as tf.SymbolicTensor;
  write(layer, Float32Array.from(weights));
  return y;
}

interface ShareOptions {
  readonly name: string;
  /** [COORDINATES, rows · columns], places along an axis of the image as sums of the landmarks' coordinates. */
  readonly places: Float32Array;
  /** Rows, columns, and pixels of the image along that axis. */
  readonly shape: readonly [number, number, number];
}

/** [rows, columns, size], what bilinear sampling at places along an axis of the image has of each pixel there. */
function sharesAt(
  landmarks: tf.SymbolicTensor,
  { name, places, shape: [rows, columns, size] }: ShareOptions,
): tf.SymbolicTensor {
  const along = tf.layers.dense({ name: `${name}/places`, units: rows * columns, ...fixed });
  const grid = reshape(along.apply(landmarks) as tf.SymbolicTensor, `${name}/grid`, [rows, columns, 1]);
  write(along, places);
  const sides = [["rising", 1], ["falling", -1]] as const; // of a tent over each pixel's center
  const ramps = sides.map(([side, slope]) => {
    const layer = tf.layers.conv2d({
      name: `${name}/${side}`,
      filters: size,
      kernelSize: 1,
      activation: "relu",
      ...fixed,
    });
    const ramp = layer.apply(grid) as tf.SymbolicTensor;
    const bias = Float32Array.from({ length: size }, (_, pixel) => 1 - slope * (pixel + 0.5));
    write(layer, new Float32Array(size).fill(slope), bias);
    return ramp;
  });
  return tf.layers.minimum({ name: `${name}/shares` }).apply(ramps) as tf.SymbolicTensor;
}

/** From the outer corner to the inner one and beyond both, which mirrors the eye at the image's right. */
function columnPlaces(): Float32Array {
  return placesOf(1, (weights, { outer, inner, across }) => {
    weights[2 * outer] = 0.5 - across;
    weights[2 * inner] = 0.5 + across;
  });
}

/** About the line through both corners. */
function rowPlaces(): Float32Array {
  return placesOf(ROWS, (weights, { outer, inner, across, down }) => {
    weights[2 * outer + 1] = 0.5 - across;
    weights[2 * inner + 1] = 0.5 + across;
    const [nose, ...corners] = [4, 0, 1, 2, 3].map((landmark) => 2 * landmark + 1) as [number, ...number[]];
    weights[nose] = down;
    for (const corner of corners) weights[corner]! -= down / 4;
  });
}

interface Pixel {
  /** Numbers of its eye's corners among the landmarks. */
  readonly outer: number;
  readonly inner: number;
  /** From the eye's middle, in widths of the eye. */
  readonly across: number;
  /** From the eye's middle, in heights of the eyes above the nose's base. */
  readonly down: number;
}

/** [COORDINATES, rows · 2 · COLUMNS], for cuts of these rows, that of one eye beside the other's. */
function placesOf(rows: number, weigh: (weights: Float32Array, pixel: Pixel) => void): Float32Array {
  const count = 2 * COLUMNS * rows;
  const places = new Float32Array(COORDINATES * count);
  for (let i = 0; i < count; i++) {
    const row = Math.floor(i / (2 * COLUMNS)), column = i % COLUMNS, eye = Math.floor(i / COLUMNS) % 2;
    const across = WIDTH * ((column + 0.5) / COLUMNS - 0.5), down = HEIGHT * ((row + 0.5) / rows - 0.5);
    const weights = new Float32Array(COORDINATES);
    weigh(weights, { outer: 2 * eye, inner: 2 * eye + 1, across, down });
    weights.forEach((weight, coordinate) => places[coordinate * count + i] = weight);
  }
  return places;
}
