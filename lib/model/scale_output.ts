import { type FoldedConvolution, type FoldedNetwork, type FoldedNode, inputsOf } from "@/lib/model/folded_network.ts";

/** What becomes of each of the output's channels: scale · x + offset. */
export interface OutputScale {
  readonly scale: readonly number[];
  readonly offset: readonly number[];
}

/**
 * A folded network whose first output is scaled and moved: by the kernels that lead there, where all that is between is
 * linear, and else by a node of its own.
 */
export function scaleOutput({ nodes, heads }: FoldedNetwork, { scale, offset }: OutputScale): FoldedNetwork {
  const result = [...nodes];
  const last = result.length - 1;
  if (isLinear({ nodes, heads }, last)) scaleNode(result, last, { scale, offset });
  else {
    result.push({
      operation: "affine",
      input: last,
      scale: Float32Array.from(scale),
      ...offset.some((value) => value !== 0) && { offset: Float32Array.from(offset) },
      shape: result[last]!.shape,
    });
  }
  return { nodes: result, heads };
}

/**
 * A folded network without nodes that scale what a relu gives, as a normalization after a sum leaves one on the sum's
 * shortcut: relu(s · x) is s · relu(x) for s above 0, so that kernels before the relu are scaled, and those of convolutions
 * that also take from it divided.
 */
export function absorbScales({ nodes, heads }: FoldedNetwork): FoldedNetwork {
  const result = [...nodes];
  /** Where what nodes gave is found instead. */
  const absorbed = new Map<number, number>();
  nodes.forEach((node, place) => {
    if (node.operation !== "affine" || node.offset || place === nodes.length - 1) return;
    const { input, scale } = node, relu = result[input]!;
    if (relu.operation !== "activation" || relu.activation !== "relu") return;
    const others = [...nodes.keys()].filter((user) => user !== place && inputsOf(nodes[user]!).includes(input));
    const isDivisible = others.every((user) => nodes[user]!.operation === "convolution") &&
      Math.min(...scale) > LEAST_SCALE * Math.max(...scale) && !Object.values(heads).includes(input);
    if (!isDivisible || !isLinear({ nodes: result, heads }, relu.input, input)) return;
    scaleNode(result, relu.input, { scale: [...scale], offset: [...scale.map(() => 0)] }, input);
    for (const user of others) {
      const convolution = result[user] as FoldedConvolution, [, , inputs, outputs] = convolution.kernelShape;
      const kernel = convolution.kernel.map((value, i) => value / scale[Math.floor(i / outputs) % inputs]!);
      result[user] = { ...convolution, kernel };
    }
    absorbed.set(place, input);
  });
  const kept = [...nodes.keys()].filter((place) => !absorbed.has(place));
  const moved = (place: number) => kept.indexOf(absorbed.get(place) ?? place);
  return {
    nodes: kept.map((place) => {
      const node = result[place]!;
      if ("inputs" in node) return { ...node, inputs: node.inputs.map(moved) };
      return "input" in node ? { ...node, input: moved(node.input) } : node;
    }),
    heads: Object.fromEntries(Object.entries(heads).map(([head, place]) => [head, moved(place)])),
  };
}

/** Least scale of a channel, relative to the largest: below it, numbers of eleven bits could not hold kernels. */
const LEAST_SCALE = 1e-3;

/** Whether a node can be scaled by kernels before it: but for one that is meant, all that take from it must take it back. */
function isLinear(network: FoldedNetwork, place: number, user?: number): boolean {
  const { nodes, heads } = network, node = nodes[place]!;
  if (
    Object.values(heads).includes(place) || !othersOf(nodes, place, user).every((other) => takesBack(network, other))
  ) {
    return false;
  }
  switch (node.operation) {
    case "convolution":
    case "transposed convolution":
    case "dense":
      return node.activation === "linear";
    case "upsampling":
    case "average pooling":
      return isLinear(network, node.input, place);
    case "reshape":
      return nodes[node.input]!.operation === "dense" && isLinear(network, node.input, place);
    case "sum":
      return new Set(node.inputs).size === node.inputs.length &&
        node.inputs.every((input) => isLinear(network, input, place));
  }
  return false;
}

/** The nodes that take from one, but for this user. */
function othersOf(nodes: readonly FoldedNode[], place: number, user: number | undefined): number[] {
  return [...nodes.keys()].filter((other) => other !== user && inputsOf(nodes[other]!).includes(place));
}

/** Whether a node that takes what is scaled can undo it in kernels of its own. */
function takesBack({ nodes, heads }: FoldedNetwork, place: number): boolean {
  const node = nodes[place]!;
  if (node.operation === "dense") return true;
  const isPassedOn = node.operation === "reshape" || (node.operation === "activation" && node.activation === "linear");
  return isPassedOn && !Object.values(heads).includes(place) &&
    othersOf(nodes, place, undefined).every((user) => takesBack({ nodes, heads }, user));
}

/** In place; what comes in is scaled, row by row, and channels that are more than the scales repeat them. */
function takeBack(nodes: FoldedNode[], place: number, { scale, offset }: OutputScale): void {
  const node = nodes[place]!;
  if (node.operation !== "dense") {
    for (const user of othersOf(nodes, place, undefined)) takeBack(nodes, user, { scale, offset });
    return;
  }
  const [, units] = node.kernelShape;
  const kernel = node.kernel.map((value, i) => value / scale[Math.floor(i / units) % scale.length]!);
  const bias = Float32Array.from({ length: units }, (_, unit) => node.bias?.[unit] ?? 0);
  kernel.forEach((value, i) => bias[i % units]! -= value * offset[Math.floor(i / units) % offset.length]!);
  nodes[place] = { ...node, kernel, bias };
}

/** In place; channels that are more than the scales repeat them. Others than the user compute what they did. */
function scaleNode(nodes: FoldedNode[], place: number, { scale, offset }: OutputScale, user?: number): void {
  for (const other of othersOf(nodes, place, user)) takeBack(nodes, other, { scale, offset });
  const node = nodes[place]!;
  switch (node.operation) {
    case "convolution":
    case "dense":
    case "transposed convolution": {
      const channels = node.shape.at(-1)!;
      const scales = Float32Array.from({ length: channels }, (_, c) => scale[c % scale.length]!);
      const inner = node.operation === "transposed convolution" ? node.kernelShape[3] : 1;
      const kernel = node.kernel.map((value, i) => value * scales[Math.floor(i / inner) % channels]!);
      const bias = scales.map((factor, c) => factor * (node.bias?.[c] ?? 0) + offset[c % offset.length]!);
      nodes[place] = { ...node, kernel, bias };
      return;
    }
    case "upsampling":
    case "average pooling":
    case "reshape":
      return scaleNode(nodes, node.input, { scale, offset }, place);
    case "sum": {
      const [first, ...rest] = node.inputs as [number, ...number[]];
      scaleNode(nodes, first, { scale, offset }, place);
      for (const input of rest) scaleNode(nodes, input, { scale, offset: offset.map(() => 0) }, place);
    }
  }
}
