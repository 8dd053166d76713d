import * as tf from "@tensorflow/tfjs";
import { type PositionEncoding, positionScale } from "@/lib/data/maps/position_map.ts";
import { add, channelsOf, convolve, glorotUniform, reshape, sizeOf } from "@/lib/model/layers.ts";
import { block, dense } from "@/lib/model/lite_layers.ts";
import { upsampleNodes } from "@/lib/model/lite_parts.ts";
import { writeValues } from "@/lib/model/normalization.ts";

/** What names of layers begin with, before a slash: of those that join features of all sizes, */
const PYRAMID = "pyramid";
/** and of those that find points in what they give. */
const HEATMAPS = "heatmaps";
/** What the names of layers begin with that move the map to what heatmaps found. */
const MOVES = "moves";
/** The layer that says where in the picture points of the map are, [POINTS_ACROSS, POINTS_ACROSS, 2], encoded. */
export const POINTS = `${HEATMAPS}/points`;
/** Points a side of their grid over the map: point i belongs to texel i · size / (POINTS_ACROSS - 1), the last to the last. */
export const POINTS_ACROSS = 17;
/** The layer that says how likely each point is at each cell, as logits, [POINTS_ACROSS², cells]. */
export const HEATMAP_ROWS = `${HEATMAPS}/rows`;

const POINT_COUNT = POINTS_ACROSS ** 2;
/** Between what describes the face and how far each point is trusted. */
const TRUST_UNITS = 16;
/** How far points are trusted before that is learned, as logits. */
const TRUST = -1;
/** Points a side that move a node, and channels of what is learned beside their mean. */
const [REACH, MOVE_CHANNELS] = [5, 16];
/** Channels of what is learned of what the picture shows at points. */
const SEEN_CHANNELS = 32;

export interface HeatmapOptions {
  /** For each of the features. */
  readonly channels: readonly number[];
  readonly imageSize: number;
  readonly encoding: PositionEncoding;
  readonly seed: number;
}

/** What is found in a picture. */
export interface FoundPoints {
  /** [POINTS_ACROSS, POINTS_ACROSS, 2], encoded x and y. */
  readonly points: tf.SymbolicTensor;
  /** [POINTS_ACROSS, POINTS_ACROSS, channels], what the finest features are there. */
  readonly seen: tf.SymbolicTensor;
  /** What the coarsest of the features became, for heads that judge the whole picture. */
  readonly coarsest: tf.SymbolicTensor;
}

/**
 * Where points of the map are in the picture, by heatmaps: features of all sizes are joined from the coarsest to the finest, as
 * in feature pyramids (Lin et al., 2017, arXiv 1612.03144), and a point is at the mean of the cells, each weighted by the
 * softmax over all of what is found there (Sun et al., 2018, "Integral Human Pose Regression", arXiv 1711.08229). What the
 * picture shows at a point is the mean of the finest features, so weighted, too (as Yuan et al., 2020, arXiv 1909.11065, have
 * it of regions).
 *
 * @param features [side, side, …], halved from one to the next, the finest first
 */
export function findPoints(
  features: readonly tf.SymbolicTensor[],
  { channels, imageSize, encoding, seed }: HeatmapOptions,
): FoundPoints {
  let x: tf.SymbolicTensor | undefined, coarsest: tf.SymbolicTensor | undefined;
  for (let level = features.length - 1; level >= 0; level--) {
    const [feature, count] = [features[level]!, channels[level]!], name = `${PYRAMID}_${sizeOf(feature)}`;
    const own = convolve(feature, { name: `${name}/lateral`, channels: count, kernel: 1, seed });
    x = x ? add([own, doubled(x, { name, channels: count, seed })], `${name}/sum`) : own;
    x = block(x, { name: `${name}/first`, channels: count, stride: 1, seed });
    coarsest ??= x;
  }
  const side = sizeOf(x!);
  x = block(x!, { name: `${PYRAMID}_${side}/second`, channels: channels[0]!, stride: 1, seed });
  const name = `${HEATMAPS}/logits`;
  const logits = tf.layers.conv2d({
    name,
    filters: POINT_COUNT,
    kernelSize: 1,
    useBias: false, // it would change nothing of the softmax over cells
    kernelInitializer: glorotUniform(seed, name),
  }).apply(x) as tf.SymbolicTensor;
  const cells = reshape(logits, `${HEATMAPS}/cells`, [side ** 2, POINT_COUNT]);
  const rows = tf.layers.permute({ name: HEATMAP_ROWS, dims: [2, 1] }).apply(cells);
  const shares = tf.layers.activation({ name: `${HEATMAPS}/shares`, activation: "softmax" }).apply(rows);
  const grid = reshape(shares as tf.SymbolicTensor, `${HEATMAPS}/grid`, [POINTS_ACROSS, POINTS_ACROSS, side ** 2]);
  const points = mix(grid, { name: POINTS, kernel: cellPlaces(side, { imageSize, encoding }), channels: 2 });
  const flat = reshape(x, `${HEATMAPS}/features`, [side ** 2, channels[0]!]);
  const seen = tf.layers.dot({ name: `${HEATMAPS}/seen`, axes: [2, 1] }).apply([shares as tf.SymbolicTensor, flat]);
  const seenGrid = [POINTS_ACROSS, POINTS_ACROSS, channels[0]!];
  return {
    points,
    seen: reshape(seen as tf.SymbolicTensor, `${HEATMAPS}/seen_grid`, seenGrid),
    coarsest: coarsest!,
  };
}

/**
 * The grid of nodes, moved to where points were found in the picture, as far as these are trusted by what describes the face.
 * Nodes move by a mean of what the points near them are off, and by what convolutions over UV space have learned of that and
 * of what the picture shows at the points: within a heatmap's cell, and in depth, that alone says where the face is.
 *
 * @param nodes [n, n, 3], encoded, as many as POINTS_ACROSS or each second, fourth, … one of these
 */
export function moveToPoints(
  nodes: tf.SymbolicTensor,
  { points, seen, face, seed }: Omit<FoundPoints, "coarsest"> & {
    readonly face: tf.SymbolicTensor;
    readonly seed: number;
  },
): tf.SymbolicTensor {
  const stride = (sizeOf(nodes) - 1) / (POINTS_ACROSS - 1);
  const at = stride === 1
    ? nodes
    : tf.layers.maxPooling2d({ name: `${MOVES}/nodes`, poolSize: 1, strides: stride }).apply(nodes);
  const opposite = mix(at as tf.SymbolicTensor, {
    name: `${MOVES}/opposite`,
    kernel: Float32Array.of(-1, 0, 0, -1, 0, 0),
    channels: 2,
  });
  const few = dense(face, { name: `${MOVES}/trust_features`, units: TRUST_UNITS, activation: "elu", seed });
  const trust = tf.layers.dense({
    name: `${MOVES}/trust`,
    units: POINT_COUNT,
    activation: "sigmoid",
    kernelInitializer: "zeros",
    biasInitializer: tf.initializers.constant({ value: TRUST }),
  }).apply(few) as tf.SymbolicTensor;
  const off = tf.layers.multiply({ name: `${MOVES}/trusted` }).apply([
    add([points, opposite], `${MOVES}/off`),
    reshape(trust, `${MOVES}/trust_grid`, [POINTS_ACROSS, POINTS_ACROSS, 1]),
  ]) as tf.SymbolicTensor;
  const near = { kernelSize: REACH, padding: "same", useBias: false } as const;
  const mean = tf.layers.conv2d({ ...near, name: `${MOVES}/mean`, filters: 3 });
  const name = `${MOVES}/learned`;
  const learned = tf.layers.conv2d({
    ...near,
    name,
    filters: MOVE_CHANNELS,
    activation: "relu",
    kernelInitializer: glorotUniform(seed, name),
  }).apply(off);
  const unmoving = { filters: 3, padding: "same", useBias: false, kernelInitializer: "zeros" } as const; // before it is learned
  let shown = block(seen, { name: `${MOVES}/seen_1`, channels: SEEN_CHANNELS, stride: 1, seed });
  shown = block(shown, { name: `${MOVES}/seen_2`, channels: SEEN_CHANNELS, stride: 1, seed });
  const moves = add([
    mean.apply(off) as tf.SymbolicTensor,
    tf.layers.conv2d({ ...unmoving, name: `${MOVES}/learned_moves`, kernelSize: REACH })
      .apply(learned) as tf.SymbolicTensor,
    tf.layers.conv2d({ ...unmoving, name: `${MOVES}/seen_moves`, kernelSize: 3 })
      .apply(shown) as tf.SymbolicTensor,
  ], `${MOVES}/moves`);
  writeValues(mean.weights[0]!, nearnesses());
  const spread = upsampleNodes(moves, { name: `${MOVES}/node_moves`, factor: stride, size: sizeOf(nodes) });
  return add([nodes, spread], "nodes_at_points");
}

interface DoubledOptions {
  readonly name: string;
  readonly channels: number;
  readonly seed: number;
}

function doubled(x: tf.SymbolicTensor, { name, channels, seed }: DoubledOptions): tf.SymbolicTensor {
  const narrow = channelsOf(x) === channels ? x : convolve(x, { name: `${name}/narrower`, channels, kernel: 1, seed });
  return tf.layers.upSampling2d({ name: `${name}/larger`, size: [2, 2] }).apply(narrow) as tf.SymbolicTensor;
}

/** [side², 2], encoded x and y of the middles of the cells of a picture. */
function cellPlaces(
  side: number,
  { imageSize, encoding }: Pick<HeatmapOptions, "imageSize" | "encoding">,
): Float32Array {
  const { scale, offsets: [left, top] } = positionScale({ size: imageSize, encoding });
  const places = new Float32Array(2 * side ** 2);
  for (let cell = 0; cell < side ** 2; cell++) {
    places[2 * cell] = scale * imageSize * (cell % side + 0.5) / side + left;
    places[2 * cell + 1] = scale * imageSize * (Math.floor(cell / side) + 0.5) / side + top;
  }
  return places;
}

/** [REACH, REACH, 2, 3]: x and y as the mean of those near by, by a Gaussian of one point's distance; z as it is. */
function nearnesses(): Float32Array {
  const square = (i: number) => (i - (REACH - 1) / 2) ** 2;
  const weights = Array.from(
    { length: REACH ** 2 },
    (_, i) => Math.exp(-(square(Math.floor(i / REACH)) + square(i % REACH)) / 2),
  );
  const sum = weights.reduce((total, weight) => total + weight);
  return Float32Array.from(weights.flatMap((weight) => [weight / sum, 0, 0, 0, weight / sum, 0]));
}

interface MixOptions {
  readonly name: string;
  /** [channels of x, channels] */
  readonly kernel: Float32Array;
  readonly channels: number;
}

/** Weighted sums of channels, which are not learned. */
function mix(x: tf.SymbolicTensor, { name, kernel, channels }: MixOptions): tf.SymbolicTensor {
  const layer = tf.layers.conv2d({
    name,
    filters: channels,
    kernelSize: 1,
    useBias: false,
    trainable: false,
    kernelInitializer: "zeros",
  });
  const y = layer.apply(x) as tf.SymbolicTensor;
  writeValues(layer.weights[0]!, kernel);
  return y;
}
