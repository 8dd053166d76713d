import * as tf from "@tensorflow/tfjs";
import type { Config } from "@/lib/config.ts";
import { type ExampleMaps, initializeLite } from "@/lib/model/initialize.ts";
import { SettingError } from "@/lib/errors.ts";
import { addLayersTo } from "@/lib/model/layers.ts";
import { buildHeatmapNetwork } from "@/lib/model/heatmap_network.ts";
import { buildLite } from "@/lib/model/lite.ts";
import { FACE_LAYER, FACE_SHARE, SMOOTH_LAYER } from "@/lib/model/lite_parts.ts";
import { buildPrnet, FIRST_LAYER } from "@/lib/model/prnet.ts";

/** The part of a run's settings that gives a network its shape. */
export type NetworkConfig =
  & Pick<Config, "architecture" | "width" | "seed">
  & { readonly imageSize: number }
  & Partial<Pick<Config, "encoding" | "expressionWeight" | "eyes" | "lids" | "absentShare">>;

/**
 * The network of a run's settings, its weights drawn from the seed. It takes RGB [batch, size, size, 3] in [0, 1] to
 * encoded positions [batch, size, size, 3], its first output; the light and the heatmap one also to what else the loss is to teach them.
 *
 * @param expressionCount of the source's faces
 */
export function buildNetwork(config: NetworkConfig, expressionCount = 0): tf.LayersModel {
  if (config.architecture === "prnet") return buildPrnet(config);
  const { encoding = "centered", absentShare = 0, eyes: seesEyes = false, lids: movesLids = false } = config;
  const said = expressionsSaid(config, expressionCount);
  const options = { ...config, encoding, expressionCount: said, seesEyes, movesLids, saysPresence: absentShare > 0 };
  return config.architecture === "heatmap" ? buildHeatmapNetwork(options) : buildLite(options);
}

/** Has trainings leave all as it is that leads to the map, statistics of normalizations included. */
export function freezeTrunk(network: tf.LayersModel): void {
  const trunk = new Set<tf.layers.Layer>();
  addLayersTo(network.outputs[0]!, trunk);
  for (const layer of trunk) layer.trainable = false;
}

/** Throws a SettingError where all is frozen that there is to learn. */
export function checkFreeze(
  { freeze, architecture, expressionWeight, absentShare }: Pick<
    Config,
    "freeze" | "architecture" | "expressionWeight" | "absentShare"
  >,
): void {
  if (freeze === "nothing" || (architecture !== "prnet" && expressionWeight + absentShare > 0)) return;
  throw new SettingError((nameOf) =>
    `Cannot set ${nameOf("freeze")} to ${freeze}: nothing else is there to learn, as it is for lite and heatmap with ` +
    `${nameOf("expressionWeight")} above 0 and faces whose expressions are known, or ${
      nameOf("absentShare")
    } above 0 ` +
    `and drawn faces with ${nameOf("augment")} true`
  );
}

/** Throws a SettingError where eyes are to be seen, or to move lids, by a network that does not. */
export function checkEyes(
  { eyes, lids, architecture, expressionWeight }: Pick<Config, "eyes" | "lids" | "architecture" | "expressionWeight">,
): void {
  const refuse = (setting: "eyes" | "lids", reason: (nameOf: (key: string) => string) => string) => {
    throw new SettingError((nameOf) => `Cannot set ${nameOf(setting)} to true: ${reason(nameOf)}`);
  };
  if (lids && !eyes) refuse("lids", (nameOf) => `what moves them is seen with ${nameOf("eyes")} true alone`);
  if (!eyes || (architecture !== "prnet" && (lids || expressionWeight > 0))) return;
  refuse(
    "eyes",
    (nameOf) =>
      `they are seen by lite and heatmap, with ${nameOf("expressionWeight")} above 0 or ${nameOf("lids")} true`,
  );
}

/** The layer of each architecture whose channels are a multiple of the width. */
export const measuredLayers = {
  lite: { layer: FACE_LAYER, operator: "Gemm", widths: FACE_SHARE },
  heatmap: { layer: FACE_LAYER, operator: "Gemm", widths: FACE_SHARE },
  prnet: { layer: FIRST_LAYER, operator: "Conv", widths: 1 },
} as const;

/** How many of its source's expressions a network of these settings says. */
export function expressionsSaid(
  { architecture, expressionWeight = 0 }: Pick<NetworkConfig, "architecture" | "expressionWeight">,
  expressionCount: number,
): number {
  return architecture !== "prnet" && expressionWeight > 0 ? expressionCount : 0;
}

/** Gives a new network what it can know of faces before training: these maps' mean, where it has a layer that takes it. */
export function initializeNetwork(network: tf.LayersModel, examples: ExampleMaps): void {
  if (network.layers.some(({ name }) => name === SMOOTH_LAYER)) initializeLite(network, examples);
}
