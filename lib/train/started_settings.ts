import type { Config } from "@/lib/config.ts";
import type { NetworkShape } from "@/lib/model/trained_model.ts";

/**
 * The settings of a network that starts from a model of this shape. Of the same architecture it learns at a tenth of the rate: one
 * for new networks would undo first what it has learned. Of another, most of it is new.
 */
export function startedSettings(
  { architecture, imageSize, width, encoding }: NetworkShape,
  wanted: Pick<Config, "architecture" | "learningRate">,
): Omit<NetworkShape, "architecture"> & Pick<Config, "learningRate"> {
  const { learningRate } = wanted, grows = wanted.architecture !== architecture;
  return {
    imageSize,
    width,
    encoding,
    learningRate: grows ? learningRate : Number((learningRate / 10).toPrecision(2)),
  };
}
