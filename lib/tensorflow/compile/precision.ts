import { type Attribute, attributeTypes } from "@/lib/formats/attr_value.ts";
import { dataTypes } from "@/lib/formats/data_types.ts";

/** What convolutions compute in. */
export type Precision = "float32" | "bfloat16";

interface Input {
  readonly shape: readonly number[];
  /** Whether it is there in bfloat16. */
  readonly isNarrow: boolean;
}

/**
 * Which of an op's inputs, by their places, it takes in bfloat16 where a graph mixes precisions; none for an op that
 * computes in float32. Convolutions and their gradients compute in bfloat16, what stands between them goes on in what it
 * is given, and all else, such as a loss, is in float32. So are convolutions of few channels: those see pixels, or give
 * positions, of which 8 bits would be a quarter of a pixel.
 */
export function narrowedInputs(op: string, inputs: readonly Input[]): number[] {
  const images = [...inputs.keys()].filter((i) => inputs[i]!.shape.length === 4);
  const kernel = convolutions.get(op);
  if (kernel !== undefined) {
    const channels = images.flatMap((i) => inputs[i]!.shape.slice(i === kernel ? 2 : 3));
    return Math.min(...channels) > FEW_CHANNELS ? images : [];
  }
  return followers.has(op) && images.every((i) => inputs[i]!.isNarrow) ? images : [];
}

/** The attributes of an op on float32 for the same in bfloat16. */
export function withNarrowType(attributes: readonly Attribute[]): Attribute[] {
  return attributes.map((attribute) =>
    attribute.name === "T" ? { name: "T", type: attributeTypes.type, value: dataTypes.bfloat16 } : attribute
  );
}

const FEW_CHANNELS = 4;

/** At which place they take a kernel; -1 where they give its gradient. */
const convolutions = new Map([["Conv2D", 1], ["Conv2DBackpropInput", 1], ["Conv2DBackpropFilter", -1]]);

/** Ops on images that are as good in bfloat16; statistics of a normalization stay in float32. */
const followers = new Set([
  "AddV2",
  "FusedBatchNormV3",
  "FusedBatchNormGradV3",
  "MaxPool",
  "MaxPoolGrad",
  "Relu",
  "ReluGrad",
]);
