import * as tf from "@tensorflow/tfjs";
import type { Config } from "@/lib/config.ts";
import { type ExampleMaps, initializeLite } from "@/lib/model/initialize.ts";
import { buildLite } from "@/lib/model/lite.ts";
import { buildPrnet } from "@/lib/model/prnet.ts";

/**
 * The network of a run's settings, its weights drawn from the seed. It takes RGB [batch, size, size, 3] in [0, 1] to
 * encoded positions [batch, size, size, 3].
 */
export function buildNetwork(config: Pick<Config, "architecture" | "imageSize" | "width" | "seed">): tf.LayersModel {
  return config.architecture === "prnet" ? buildPrnet(config) : buildLite(config);
}

/** Gives a new network what it can know of faces before training: the light one these maps' mean, PRNet nothing. */
export function initializeNetwork(network: tf.LayersModel, examples: ExampleMaps & Pick<Config, "architecture">): void {
  if (examples.architecture === "lite") initializeLite(network, examples);
}
