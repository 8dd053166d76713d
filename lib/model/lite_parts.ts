import * as tf from "@tensorflow/tfjs";
import { upsampleBilinear, type UpsamplingOptions } from "@/lib/tensorflow/ops/upsampling.ts";
import { lidsPart, seeEyes } from "@/lib/model/eyes.ts";
import { EXPRESSION_FEATURES, EXPRESSIONS, PRESENCE } from "@/lib/model/heads.ts";
import { add, glorotUniform, reshape, sizeOf } from "./layers.ts";
import { block, dense, residualBlock, SMALL } from "./lite_layers.ts";

/** What the light and the heatmap network have in common. */

export interface FaceNetworkOptions {
  /** Pixels a side, of the image and of the map: 64, 128 or 256. */
  readonly imageSize: number;
  /** Channels after the first convolution; all others that the map needs are in proportion. */
  readonly width: number;
  /** Expressions whose amounts it says; by default it says nothing of them. */
  readonly expressionCount?: number;
  /** Whether it sees the eyes by themselves for these, too; see {@linkcode seeEyes}. */
  readonly seesEyes?: boolean;
  /** Whether what it sees of them moves the map, too. */
  readonly movesLids?: boolean;
  /** Whether it says if there is a face at all. */
  readonly saysPresence?: boolean;
  readonly seed: number;
}

/** Nodes a side of the smooth part of the map; see {@linkcode buildLite}. */
export const SMOOTH_NODES = 17;
/** The smooth part is a mean, this layer's bias, plus these many components, the rows of its kernel. */
export const SMOOTH_COMPONENTS = 64;
export const SMOOTH_LAYER = "smooth_nodes";
/** What is added to the smooth part. */
export const FINE_LAYER = "fine_part";

const SMALLEST_SIZE = 4; // texels a side where convolutions over the image end, and where those over UV begin
const UPSAMPLING = 4; // from the finest convolutions to the map
const SMOOTHING = 5; // texels a side of the mean that rounds the edges between the cells of upsampled nodes
/** Describes the face. */
export const FACE_LAYER = "face";
/** Its units, in widths. */
export const FACE_SHARE = 10;

/** Units between the face and its expressions, and what convolutions over eyes give: whatever the width, these need as many. */
const [EXPRESSION_UNITS, EYE_CHANNELS] = [96, [16, 32, 48]] as const;

export interface EncoderOptions extends Pick<FaceNetworkOptions, "imageSize" | "width" | "seed"> {
  /** Residual blocks where the image is 4×4. */
  readonly smallestBlocks: 1 | 2;
}

/**
 * Channels that are this share of the width's, rounded up to a multiple of four: convolutions of others come out wrong in ONNX
 * Runtime's WebGPU (onnxruntime-web 1.30, 18 channels).
 */
export function channelsFor(width: number): (share: number) => number {
  return (share) => 4 * Math.ceil(share * width / 4);
}

/**
 * What residual stages see of an image that is halved down to 4×4, the finest, of a fourth of its sides, first. Throws a
 * RangeError for sides that they do not halve to that.
 */
export function encodeImage(
  image: tf.SymbolicTensor,
  { imageSize, width, smallestBlocks, seed }: EncoderOptions,
): tf.SymbolicTensor[] {
  const stageCount = Math.log2(imageSize / 4 / SMALLEST_SIZE);
  if (![2, 3, 4].includes(stageCount)) {
    throw new RangeError(`Cannot build the network for ${imageSize} pixels: it takes 64, 128 or 256`);
  }
  const channels = channelsFor(width);
  let x = block(image, { name: "stem_1", channels: channels(1), stride: 2, seed });
  x = block(x, { name: "stem_2", channels: channels(1.5), stride: 2, seed });
  const features = [x];
  for (const share of [2, 3, 6, 10].slice(-stageCount)) {
    const name = `encoder_${sizeOf(x) / 2}`;
    x = residualBlock(x, { name: `${name}_a`, channels: channels(share), stride: 2, seed });
    if (sizeOf(x) > SMALLEST_SIZE || smallestBlocks === 2) {
      x = residualBlock(x, { name: `${name}_b`, channels: channels(share), stride: 1, seed });
    }
    features.push(x);
  }
  return features;
}

/** [FACE_SHARE · width], what describes the face, from all that is known of it. */
export function describeFace(
  known: tf.SymbolicTensor,
  { width, seed }: Pick<FaceNetworkOptions, "width" | "seed">,
): tf.SymbolicTensor {
  return dense(known, { name: FACE_LAYER, units: FACE_SHARE * width, activation: "elu", seed });
}

/**
 * [nodes, nodes, 3], the grid that is upsampled to the map, from what describes the face: the sum of a smooth part, linear in a
 * few coefficients, and a fine one, decoded by convolutions over UV space.
 */
export function decodeNodes(
  face: tf.SymbolicTensor,
  { imageSize, width, seed }: Pick<FaceNetworkOptions, "imageSize" | "width" | "seed">,
): tf.SymbolicTensor {
  const nodeCount = nodesAcross(imageSize);
  const fine = finePart(face, { nodeCount, channels: [4, 4, 3, 2, 1.5].map(channelsFor(width)), seed });
  return add([smoothPart(face, { nodeCount, seed }), fine], "nodes");
}

/** The map, [size, size, 3], and what else the network is to say, from the grid of nodes and what describes the face. */
export function outputsOf(
  { image, face, nodes }: Readonly<Record<"image" | "face" | "nodes", tf.SymbolicTensor>>,
  { imageSize, expressionCount = 0, seesEyes = false, movesLids = false, saysPresence = false, seed }: Omit<
    FaceNetworkOptions,
    "width"
  >,
): tf.SymbolicTensor[] {
  const units = EXPRESSION_UNITS, nodeCount = sizeOf(nodes);
  const ofEyes = seesEyes && (expressionCount > 0 || movesLids)
    ? seeEyes(image, { nodes, units, channels: EYE_CHANNELS, seed })
    : undefined;
  const shown = ofEyes && movesLids ? add([nodes, lidsPart(ofEyes, { nodeCount, seed })], "nodes_with_lids") : nodes;
  const cells = upsampleNodes(shown, { name: "cells", factor: UPSAMPLING, size: imageSize });
  const map = tf.layers.averagePooling2d({ name: "position_map", poolSize: SMOOTHING, strides: 1, padding: "same" })
    .apply(cells) as tf.SymbolicTensor;
  const outputs = [map];
  if (expressionCount > 0) {
    let features = dense(face, { name: EXPRESSION_FEATURES, units, activation: "elu", seed });
    if (ofEyes) features = add([features, ofEyes], "features_with_eyes");
    outputs.push(dense(features, { name: EXPRESSIONS, units: expressionCount, initialScale: SMALL, seed }));
  }
  if (saysPresence) outputs.push(dense(face, { name: PRESENCE, units: 1, activation: "sigmoid", seed }));
  return outputs;
}

/** Nodes a side of the grid that is upsampled to maps of this size. */
export function nodesAcross(imageSize: number): number {
  return imageSize / UPSAMPLING + 1;
}

interface PartOptions {
  /** Nodes a side of the grid that is wanted. */
  readonly nodeCount: number;
  readonly seed: number;
}

/** [SMOOTH_NODES, SMOOTH_NODES, 3], upsampled to [nodeCount, nodeCount, 3]. */
function smoothPart(face: tf.SymbolicTensor, { nodeCount, seed }: PartOptions): tf.SymbolicTensor {
  const coefficients = dense(face, { name: "coefficients", units: SMOOTH_COMPONENTS, initialScale: SMALL, seed });
  const values = dense(coefficients, { name: SMOOTH_LAYER, units: SMOOTH_NODES ** 2 * 3, seed });
  const grid = reshape(values, "smooth_grid", [SMOOTH_NODES, SMOOTH_NODES, 3]);
  const factor = (nodeCount - 1) / (SMOOTH_NODES - 1);
  return upsampleNodes(grid, { name: "smooth_part", factor, size: nodeCount });
}

/** [nodeCount, nodeCount, 3], by convolutions that double the sides from 4. */
function finePart(
  face: tf.SymbolicTensor,
  { nodeCount, channels, seed }: PartOptions & { readonly channels: readonly number[] },
): tf.SymbolicTensor {
  const [first, ...rest] = channels;
  const seedValues = dense(face, {
    name: "decoder_seed",
    units: SMALLEST_SIZE ** 2 * first!,
    activation: "elu",
    seed,
  });
  let x = reshape(seedValues, "decoder_4", [SMALLEST_SIZE, SMALLEST_SIZE, first!]);
  for (let stage = 0; sizeOf(x) < nodeCount - 1; stage++) {
    const name = `decoder_${2 * sizeOf(x)}`;
    x = tf.layers.upSampling2d({ name: `${name}_larger`, size: [2, 2] }).apply(x) as tf.SymbolicTensor;
    x = block(x, { name, channels: rest[stage]!, stride: 1, seed });
  }
  // one more node at the end, computed from its neighbors
  const padded = tf.layers.zeroPadding2d({ name: "fine_border", padding: [[1, 2], [1, 2]] }).apply(x);
  return tf.layers.conv2d({
    name: FINE_LAYER,
    filters: 3,
    kernelSize: 3,
    kernelInitializer: glorotUniform(seed, FINE_LAYER, SMALL),
  }).apply(padded) as tf.SymbolicTensor;
}

/** By a factor of 1, the nodes as they are. */
export function upsampleNodes(nodes: tf.SymbolicTensor, options: UpsamplingOptions): tf.SymbolicTensor {
  return options.factor === 1 ? nodes : upsampleBilinear(nodes, options);
}
