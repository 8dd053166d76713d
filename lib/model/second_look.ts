import * as tf from "@tensorflow/tfjs";
import type { Config } from "@/lib/config.ts";
import { positionScale } from "@/lib/data/maps/position_map.ts";
import { fixed, LUMINANCE, mix, pixelShares, reshape, write } from "@/lib/model/image_sampling.ts";
import { sizeOf } from "@/lib/model/layers.ts";
import { block, blockOfAll, residualBlock } from "@/lib/model/lite_layers.ts";
import { detach } from "@/lib/tensorflow/ops/detach.ts";
import { upsampleBilinear } from "@/lib/tensorflow/ops/upsampling.ts";

/** What its layers' names begin with, before a slash. */
export const LOOK = "look";
/** The layer that brings the map's nodes to pixels. */
export const LOOK_PLACES = `${LOOK}/places`;
/** The layer that gives what the second look moves the map's nodes by. */
export const LOOK_NODES = `${LOOK}/nodes`;

/** Texels of the unwrapped picture between two nodes: half as many as the map has. */
const TEXELS = 2;

/**
 * [nodes, nodes, 3], what a second look moves the grid by that is upsampled to the map: the image [size, size, 3] is unwrapped
 * as the map says, so that texel and what it shows are at the same place, and convolutions over both, which halve them three times
 * and come back (Ronneberger et al., 2015), say where the map is off. Nothing in a new network, as its last kernel is 0. No
 * gradient leads to the map that is looked along.
 *
 * @param channels at half the map's side, a fourth, an eighth and a sixteenth
 */
export function lookAgain(
  image: tf.SymbolicTensor,
  { nodes, channels, seed }: {
    readonly nodes: tf.SymbolicTensor;
    readonly channels: readonly number[];
    readonly seed: number;
  },
): tf.SymbolicTensor {
  const size = sizeOf(image), nodeCount = sizeOf(nodes);
  const places = tf.layers.conv2d({ name: LOOK_PLACES, filters: 3, kernelSize: 1, ...fixed })
    .apply(detach(nodes, `${LOOK}/detached`)) as tf.SymbolicTensor;
  const side = TEXELS * (nodeCount - 1);
  const grid = upsampleBilinear(places, { name: `${LOOK}/grid`, factor: TEXELS, size: side });
  const unwrapped = unwrap(mix(image, { name: `${LOOK}/gray`, weights: LUMINANCE }), grid);
  const toUnit = tf.layers.conv2d({ name: `${LOOK}/unit_places`, filters: 3, kernelSize: 1, ...fixed });
  const unitPlaces = toUnit.apply(grid) as tf.SymbolicTensor;
  write(toUnit, diagonal(2 / size), Float32Array.of(-1, -1, -1)); // about -1 to 1, as brightness has 0 to 1

  const [first, ...deeper] = channels;
  let x = blockOfAll([unwrapped, unitPlaces], { name: `${LOOK}/down_${side}`, channels: first!, seed });
  const skipped: tf.SymbolicTensor[] = [];
  for (const count of deeper) {
    const name = `${LOOK}/down_${sizeOf(x) / 2}`;
    x = block(x, { name, channels: count, stride: 2, seed });
    x = residualBlock(x, { name: `${name}_more`, channels: count, stride: 1, seed });
    skipped.unshift(x);
  }
  for (const skip of skipped.slice(1)) {
    const name = `${LOOK}/up_${sizeOf(skip)}`;
    x = tf.layers.upSampling2d({ name: `${name}_larger`, size: [2, 2] }).apply(x) as tf.SymbolicTensor;
    x = block(x, { name, channels: skip.shape[3]!, stride: 1, seed });
    x = tf.layers.add({ name: `${name}_sum` }).apply([x, skip]) as tf.SymbolicTensor;
  }
  // one more node at the end, computed from its neighbors
  const padded = tf.layers.zeroPadding2d({ name: `${LOOK}/border`, padding: [[1, 2], [1, 2]] }).apply(x);
  return tf.layers.conv2d({ name: LOOK_NODES, filters: 3, kernelSize: 3, kernelInitializer: "zeros" }).apply(
    padded,
  ) as tf.SymbolicTensor;
}

/** Has a network that looks again, if this is one, read the image where maps of this encoding are. */
export function placeLook(network: tf.LayersModel, { encoding }: Pick<Config, "encoding">): void {
  const layer = network.layers.find(({ name }) => name === LOOK_PLACES);
  if (!layer) return;
  const { scale, offsets } = positionScale({ size: sizeOf(network.inputs[0]!), encoding });
  write(layer, diagonal(1 / scale), Float32Array.from(offsets, (offset) => -offset / scale));
}

/** [texels, texels, 1], the picture [size, size, 1] at places [texels, texels, 3] in it. */
function unwrap(picture: tf.SymbolicTensor, places: tf.SymbolicTensor): tf.SymbolicTensor {
  const size = sizeOf(picture), texels = sizeOf(places);
  const [columns, rows] = ["columns", "rows"].map((name, axis) => {
    const along = mix(places, { name: `${LOOK}/${name}_places`, weights: [0, 1, 2].map((i) => Number(i === axis)) });
    return pixelShares(along, { name: `${LOOK}/${name}`, size });
  }) as [tf.SymbolicTensor, tf.SymbolicTensor];
  const strips = tf.layers.dot({ name: `${LOOK}/strips`, axes: [2, 2] }).apply([
    reshape(columns, `${LOOK}/column_shares`, [texels ** 2, size]),
    reshape(picture, `${LOOK}/picture`, [size, size]),
  ]) as tf.SymbolicTensor;
  const parts = tf.layers.multiply({ name: `${LOOK}/parts` }).apply([
    rows,
    reshape(strips, `${LOOK}/strip_rows`, [texels, texels, size]),
  ]) as tf.SymbolicTensor;
  return mix(parts, { name: `${LOOK}/unwrapped`, weights: Array.from({ length: size }, () => 1) });
}

/** [1, 1, 3, 3] */
function diagonal(value: number): Float32Array {
  return Float32Array.from({ length: 9 }, (_, i) => i % 4 === 0 ? value : 0);
}
