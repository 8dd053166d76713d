import type { Config } from "@/lib/config.ts";
import type { NetworkShape } from "@/lib/model/trained_model.ts";

/** Whether a network may start from a model of this shape although it is of another architecture, most of it new. */
export function grows(
  { architecture }: Pick<NetworkShape, "architecture">,
  wanted: Pick<Config, "architecture">,
): boolean {
  return architecture === "lite" && wanted.architecture === "heatmap";
}

/** Whether a network may start from a model of this shape as it is the same but for channels that are new. */
export function widens(
  { architecture, width }: Pick<NetworkShape, "architecture" | "width">,
  wanted: Pick<Config, "architecture" | "width">,
): boolean {
  return architecture === wanted.architecture && wanted.width > width;
}

/**
 * The settings of a network that starts from a model of this shape. It sees the eyes, and moves lids, where either does: a
 * map that the model moves so is another without. Where the map is to stay, it moves them as the model does: what it could
 * not learn would see nothing of use. Of the same architecture it learns at a tenth of the rate: one for new networks would
 * undo first what it has learned. One that grows learns at the whole rate.
 */
export function startedSettings(
  shape: NetworkShape,
  wanted: Pick<Config, "architecture" | "learningRate" | "eyes" | "lids" | "freeze">,
): Omit<NetworkShape, "architecture"> & Pick<Config, "learningRate"> {
  const { imageSize, width, encoding } = shape, { learningRate } = wanted;
  const takes = (part: "eyes" | "lids") => wanted[part] || (shape[part] && wanted.architecture !== "prnet"); // it has neither
  return {
    imageSize,
    width,
    encoding,
    eyes: takes("eyes"),
    lids: wanted.freeze === "trunk" ? shape.lids : takes("lids"),
    learningRate: grows(shape, wanted) ? learningRate : Number((learningRate / 10).toPrecision(2)),
  };
}
