import * as tf from "@tensorflow/tfjs";
import type { PositionEncoding } from "@/lib/data/maps/position_map.ts";
import { findPoints, moveToPoints } from "@/lib/model/heatmaps.ts";
import {
  channelsFor,
  decodeNodes,
  describeFace,
  encodeImage,
  type FaceNetworkOptions,
  outputsOf,
} from "./lite_parts.ts";

export interface HeatmapNetworkOptions extends FaceNetworkOptions {
  /** What positions stand for, which points in the picture are to be the same as. */
  readonly encoding: PositionEncoding;
}

/** Channels of what heatmaps are found in, in widths: of the finest, and of all others. */
const [FINEST_SHARE, SHARE] = [3, 4];

/**
 * The heatmap network: takes and says what the light one does. Dense layers know to about a pixel where a face is: what the
 * picture shows at a place is lost before them. So a grid of the map's points is found in the picture first, by heatmaps,
 * these describe the face together with the whole picture, and the map is moved to them where they are trusted.
 */
export function buildHeatmapNetwork(options: HeatmapNetworkOptions): tf.LayersModel {
  const { imageSize, width, encoding, seed } = options;
  const channels = channelsFor(width);
  const image = tf.input({ shape: [imageSize, imageSize, 3], name: "image" });
  const features = encodeImage(image, { ...options, smallestBlocks: 1 });
  const { points, seen, coarsest } = findPoints(features, {
    channels: features.map((_, level) => channels(level === 0 ? FINEST_SHARE : SHARE)),
    imageSize,
    encoding,
    seed,
  });
  const flat = (x: tf.SymbolicTensor, name: string) => tf.layers.flatten({ name }).apply(x) as tf.SymbolicTensor;
  const known = tf.layers.concatenate({ name: "known" }).apply([
    flat(coarsest, "flat_picture"),
    flat(points, "flat_points"),
  ]);
  const face = describeFace(known as tf.SymbolicTensor, options);
  const nodes = moveToPoints(decodeNodes(face, options), { points, seen, face, seed });
  return tf.model({ inputs: image, outputs: outputsOf({ image, face, nodes }, options), name: "heatmap" });
}
