import { type FoldedNetwork, type FoldedNode, inputsOf } from "@/lib/model/folded_network.ts";

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
  if (isLinear(nodes, last)) scaleNode(result, last, { scale, offset });
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

/** Whether a node that one other takes at most can be scaled by kernels before it. */
function isLinear(nodes: readonly FoldedNode[], place: number): boolean {
  const node = nodes[place]!;
  if (nodes.flatMap(inputsOf).filter((input) => input === place).length > 1) return false;
  switch (node.operation) {
    case "convolution":
    case "transposed convolution":
    case "dense":
      return node.activation === "linear";
    case "upsampling":
    case "average pooling":
      return isLinear(nodes, node.input);
    case "reshape":
      return nodes[node.input]!.operation === "dense" && isLinear(nodes, node.input);
    case "sum":
      return node.inputs.every((input) => isLinear(nodes, input));
  }
  return false;
}

/** In place; channels that are more than the scales repeat them. */
function scaleNode(nodes: FoldedNode[], place: number, { scale, offset }: OutputScale): void {
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
      return scaleNode(nodes, node.input, { scale, offset });
    case "sum": {
      const [first, ...rest] = node.inputs as [number, ...number[]];
      scaleNode(nodes, first, { scale, offset });
      for (const input of rest) scaleNode(nodes, input, { scale, offset: offset.map(() => 0) });
    }
  }
}
