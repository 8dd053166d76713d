import * as tf from "@tensorflow/tfjs";
import { SMOOTH_COMPONENTS, SMOOTH_LAYER, SMOOTH_NODES } from "./lite_parts.ts";
import { principalComponents } from "./principal_components.ts";

export interface ExampleMaps {
  /** Each [size, size, 3], encoded positions. */
  readonly maps: readonly Float32Array[];
  /** [size, size], 1 where a texel shows the face. */
  readonly valid: Uint8Array;
}

/**
 * Starts a light network near the mean of these maps, with their principal components as its own: its coefficients then
 * differ by about 1 between faces, which is learned faster than positions are. A hundred maps are enough; components
 * that fewer do not tell stay random.
 */
export function initializeLite(network: tf.LayersModel, { maps, valid }: ExampleMaps): void {
  const toNodes = nodeSampler(valid);
  const { mean, components } = principalComponents(maps.map(toNodes), SMOOTH_COMPONENTS);
  const [kernel, bias] = network.getLayer(SMOOTH_LAYER).weights;
  tf.tidy(() => {
    const known = components.map((component) => tf.tensor2d(component, [1, component.length]));
    kernel!.write(tf.concat([...known, kernel!.read().slice([known.length])]));
    bias!.write(tf.tensor1d(mean));
  });
}

/** A weighted mean of texels, or of other nodes. */
interface Average {
  readonly indices: Uint32Array;
  /** One for each index; they add up to 1. */
  readonly weights: Float64Array;
}

/**
 * Takes maps [size, size, 3] to nodes [SMOOTH_NODES, SMOOTH_NODES, 3], row by row: the mean of a node's texels, each
 * weighted as bilinear upsampling weights the node there. Nodes away from the face continue their neighbors.
 */
function nodeSampler(valid: Uint8Array): (map: Float32Array) => Float32Array {
  const fromTexels = Array.from({ length: SMOOTH_NODES ** 2 }, (_, node) => texelAverage(node, valid));
  const fromNodes = continuations(fromTexels.map(({ indices }) => indices.length > 0));
  return (map) => {
    const nodes = new Float32Array(fromTexels.length * 3);
    fromTexels.forEach((average, node) => addAverage(nodes, node, average, map));
    for (const { node, average } of fromNodes) addAverage(nodes, node, average, nodes);
    return nodes;
  };
}

function addAverage(
  nodes: Float32Array,
  node: number,
  { indices, weights }: Average,
  positions: Float32Array,
): void {
  const to = 3 * node;
  for (let i = 0; i < indices.length; i++) {
    const from = 3 * indices[i]!;
    const weight = weights[i]!;
    nodes[to]! += weight * positions[from]!;
    nodes[to + 1]! += weight * positions[from + 1]!;
    nodes[to + 2]! += weight * positions[from + 2]!;
  }
}

/** The mean of the valid texels less than one node away; empty where there is none. */
function texelAverage(node: number, valid: Uint8Array): Average {
  const size = Math.sqrt(valid.length);
  const spacing = size / (SMOOTH_NODES - 1);
  const [row, column] = [Math.floor(node / SMOOTH_NODES) * spacing, (node % SMOOTH_NODES) * spacing];
  const [texels, weights]: [number[], number[]] = [[], []];
  let sum = 0;
  for (let y = Math.max(0, row - spacing + 1); y < Math.min(size, row + spacing); y++) {
    for (let x = Math.max(0, column - spacing + 1); x < Math.min(size, column + spacing); x++) {
      if (!valid[y * size + x]) continue;
      const weight = (1 - Math.abs(y - row) / spacing) * (1 - Math.abs(x - column) / spacing);
      texels.push(y * size + x);
      weights.push(weight);
      sum += weight;
    }
  }
  return { indices: Uint32Array.from(texels), weights: Float64Array.from(weights, (weight) => weight / sum) };
}

/** For nodes without a value, nearest to the others first, the mean of the neighbors that have one by then. */
function continuations(known: boolean[]): { node: number; average: Average }[] {
  if (!known.includes(true)) throw new RangeError("Cannot take nodes from maps without a valid texel");
  const steps: { node: number; average: Average }[] = [];
  while (known.includes(false)) {
    const ring = known.flatMap((has, node) => {
      const neighbors = has ? [] : neighborsOf(node).filter((neighbor) => known[neighbor]);
      const weights = new Float64Array(neighbors.length).fill(1 / neighbors.length);
      return neighbors.length > 0 ? [{ node, average: { indices: Uint32Array.from(neighbors), weights } }] : [];
    });
    for (const { node } of ring) known[node] = true;
    steps.push(...ring);
  }
  return steps;
}

function neighborsOf(node: number): number[] {
  const [row, column] = [Math.floor(node / SMOOTH_NODES), node % SMOOTH_NODES];
  const near = (center: number) => [center - 1, center, center + 1].filter((i) => i >= 0 && i < SMOOTH_NODES);
  return near(row).flatMap((y) => near(column).map((x) => y * SMOOTH_NODES + x)).filter((other) => other !== node);
}
