import * as tf from "@tensorflow/tfjs";
import { multiplyAddsOf } from "@/lib/model/multiply_adds.ts";

/** What a reader of a network's diagram sees as one box. */
export interface Stage {
  /** What the names of its layers begin with. */
  readonly name: string;
  /** Such as "residual block" or "dense"; a class's own name where it has no other. */
  readonly kind: string;
  /** Numbers of the stages that it takes from, rising; -1 stands for the network's input. */
  readonly inputs: readonly number[];
  /** [height, width, channels] or [units], of its first input. */
  readonly inputShape: readonly number[];
  /** [height, width, channels] or [units]. */
  readonly outputShape: readonly number[];
  readonly parameters: number;
  /** For one image, in convolutions and dense layers. */
  readonly multiplyAdds: number;
}

type Layer = tf.layers.Layer;

/** Layers that belong to what comes before them: they change no more than values, or how these are arranged. */
const followers = new Set([
  "Activation",
  "BatchNormalization",
  "FusedBatchNormalization",
  "LayerNormalization",
  "ReLU",
  "LeakyReLU",
  "PReLU",
  "ELU",
  "ThresholdedReLU",
  "Softmax",
  "Dropout",
  "SpatialDropout1D",
  "GaussianNoise",
  "GaussianDropout",
  "Reshape",
  "Cropping2D",
]);

/** Layers that belong to the convolution or dense layer after them. */
const leaders = new Set(["Flatten", "ZeroPadding2D", "UpSampling2D"]);

const kindNames: Readonly<Record<string, string>> = {
  Add: "sum",
  Average: "mean",
  AveragePooling2D: "average pooling",
  Concatenate: "concatenation",
  Conv2D: "convolution",
  Conv2DTranspose: "transposed convolution",
  Dense: "dense",
  DepthwiseConv2D: "depthwise convolution",
  Flatten: "flattening",
  GlobalAveragePooling2D: "global average pooling",
  GlobalMaxPooling2D: "global max pooling",
  InputLayer: "input",
  MaxPooling2D: "max pooling",
  Multiply: "product",
  SeparableConv2D: "separable convolution",
  UpSampling2D: "upsampling",
  ZeroPadding2D: "padding",
};

/**
 * A network's stages, each after those that it takes from. Layers are one stage where their names share what comes
 * before the first slash; activations, normalizations and the like join the stage before them, and upsampling, padding
 * and flattening the convolution or dense layer after them.
 */
export function stagesOf(network: tf.LayersModel): Stage[] {
  const inputs = new Set(network.inputs.map(({ sourceLayer }) => sourceLayer));
  const groups = groupLayers(network.layers.filter((layer) => !inputs.has(layer)));
  const stageOf = new Map<Layer, number>([...inputs].map((layer) => [layer, -1]));
  groups.forEach((group, stage) => group.forEach((layer) => stageOf.set(layer, stage)));
  return groups.map((group, stage) => {
    const sources = group.flatMap((layer) => sourcesOf(layer).filter((source) => stageOf.get(source) !== stage));
    return {
      name: nameOf(group),
      kind: kindOf(group, new Set(sources.map((source) => stageOf.get(source))).size),
      inputs: [...new Set(sources.flatMap((source) => stageOf.get(source) ?? []))].sort((a, b) => a - b),
      inputShape: shapeOf(group[0]!.input),
      outputShape: shapeOf(group.at(-1)!.output),
      parameters: sum(group.map((layer) => layer.countParams())),
      multiplyAdds: sum(group.map((layer) => multiplyAddsOf(layer) ?? 0)),
    };
  });
}

/** In the model's order, which has every layer after those that it takes from. */
function groupLayers(layers: readonly Layer[]): Layer[][] {
  const groups = new Map<string, Layer[]>();
  const keyOf = new Map<Layer, string>();
  for (const layer of layers) {
    const [prefix, ...rest] = layer.name.split("/");
    const sources = sourcesOf(layer);
    const [source] = sources;
    const only = sources.length === 1 && source && consumersOf(source) === 1 ? keyOf.get(source) : undefined;
    const previous = only === undefined ? undefined : groups.get(only);
    const joins = previous !== undefined && !(rest.length > 0 && groups.has(prefix!)) &&
      (followers.has(layer.getClassName()) || leads(previous, layer));
    const key = joins ? only! : prefix!;
    keyOf.set(layer, key);
    const group = groups.get(key);
    if (group) group.push(layer);
    else groups.set(key, [layer]);
  }
  return inOrder([...groups.values()]);
}

/** Whether all of the group only prepares what this layer takes. */
function leads(group: readonly Layer[], layer: Layer): boolean {
  return /Conv|Dense/.test(layer.getClassName()) && group.every((member) => leaders.has(member.getClassName()));
}

/** Sorted so that a stage comes after those that it takes from, and a branch is followed to where it joins another. */
function inOrder(groups: readonly Layer[][]): Layer[][] {
  const groupOf = new Map(groups.flatMap((group) => group.map((layer) => [layer, group] as const)));
  const visited = new Set<Layer[]>();
  const ordered: Layer[][] = [];
  const place = (group: Layer[]) => {
    if (visited.has(group)) return;
    visited.add(group);
    for (const source of group.flatMap(sourcesOf)) place(groupOf.get(source) ?? group);
    ordered.push(group);
  };
  for (const group of groups) if (group.some((layer) => consumersOf(layer) === 0)) place(group);
  return ordered;
}

function sourcesOf(layer: Layer): Layer[] {
  return layer.inboundNodes[0]?.inboundLayers ?? [];
}

function consumersOf(layer: Layer): number {
  return layer.outboundNodes.length;
}

/** That of the layer that the others prepare or follow. */
function nameOf(group: readonly Layer[]): string {
  const main = group.find((layer) => !leaders.has(layer.getClassName())) ?? group[0]!;
  return main.name.split("/")[0]!;
}

/** @param sourceCount stages that it takes from: of several, sums join what these are, and are no shortcuts */
function kindOf(group: readonly Layer[], sourceCount: number): string {
  const names = group.map((layer) => layer.getClassName());
  if (names.includes("Permute")) return "heatmaps";
  if (names.includes("Add") && names.some((name) => name.includes("Conv"))) {
    return sourceCount === 1 ? "residual block" : "sum, convolution";
  }
  const main = names.find((name) => !leaders.has(name) && !followers.has(name)) ??
    names.find((name) => leaders.has(name)) ?? names[0]!;
  const kind = kindNames[main] ?? main;
  return main !== "UpSampling2D" && names.includes("UpSampling2D") ? `upsampling, ${kind}` : kind;
}

/** Without the batch; the first where there are several. */
function shapeOf(tensors: tf.SymbolicTensor | tf.SymbolicTensor[]): number[] {
  const [first] = Array.isArray(tensors) ? tensors : [tensors];
  return first!.shape.slice(1).map((side) => side ?? 0);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
