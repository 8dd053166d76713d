import type * as tf from "@tensorflow/tfjs";
import { positionScale } from "@/lib/data/maps/position_map.ts";
import { InputError, reasonOf } from "@/lib/errors.ts";
import { type OnnxFile, type OnnxWeights, readOnnx } from "@/lib/formats/onnx_file.ts";
import type { ModelDescription } from "@/lib/model/description.ts";
import { EYE_LANDMARKS, LID_COEFFICIENTS, LID_NODES } from "@/lib/model/eyes.ts";
import { EXPRESSIONS, PRESENCE } from "@/lib/model/heads.ts";
import type { KernelShape } from "@/lib/model/folded_network.ts";
import { permuted, phasesOf, pickTaps, turn } from "@/lib/model/kernels.ts";
import { addLayersTo, inputsOf } from "@/lib/model/layers.ts";
import { FINE_LAYER, nodesAcross, SMOOTH_LAYER } from "@/lib/model/lite_parts.ts";
import type { OnnxModel } from "@/lib/model/model_folder.ts";
import { buildNetwork, measuredLayers } from "@/lib/model/network.ts";
import { hostWeights } from "@/lib/tensorflow/backend/host_tensors.ts";
import { isChannelNormalization, setAffine, valuesOf, writeValues } from "@/lib/model/normalization.ts";
import type { NormalizationLayer } from "@/lib/tensorflow/ops/batch_norm.ts";

/**
 * The network of layers that a trained model's `model.onnx` was made of, to go on training it. What normalizations did lies in the
 * kernels there, so that they do next to nothing here but to give each channel its scale: their statistics are those of channels of
 * mean 0 and variance 1 until {@linkcode measureStatistics} has measured them. Kernels before normalizations are as long as new
 * ones, which is how fast they learn. The caller disposes it. Throws an InputError where the file holds another network than
 * posmap's.
 *
 * @param path for messages
 */
export async function readOnnxNetwork(
  { description, network: bytes }: OnnxModel,
  path: string,
): Promise<tf.LayersModel> {
  return await asInputError(path, async () => {
    const file = readOnnx(bytes);
    const network = emptyNetwork(file, description);
    try {
      await hostWeights(network);
      new WeightReader(file).read(network);
      if (description.architecture === "lite") encodeMaps(network, description);
      return network;
    } catch (error) {
      network.dispose();
      throw error;
    }
  });
}

/** What the layers of a network say of the settings that it was built by. */
export interface LayersShape {
  /** NaN where they fit none. */
  readonly width: number;
  /** Whether it sees the eyes by themselves. */
  readonly eyes: boolean;
  /** Whether what it sees of them moves its map. */
  readonly lids: boolean;
}

/** The shape of the network that a trained model's `model.onnx` was made of. Throws as {@linkcode readOnnxNetwork} does. */
export async function readOnnxShape({ description, network }: OnnxModel, path: string): Promise<LayersShape> {
  return await asInputError(path, () => shapeOf(readOnnx(network), description));
}

async function asInputError<T>(path: string, read: () => T | Promise<T>): Promise<T> {
  try {
    return await read();
  } catch (error) {
    if (!(error instanceof RangeError)) throw error;
    throw new InputError(`Cannot take the weights of ${path}: ${reasonOf(error)}; a model.onnx of posmap was expected`);
  }
}

function widthOf({ nodes, arrays }: OnnxFile, { architecture }: Pick<ModelDescription, "architecture">): number {
  const { operator, widths } = measuredLayers[architecture];
  const kernel = arrays.get(nodes.find((node) => node.operator === operator)?.inputs[1] ?? "");
  const width = (kernel?.shape[operator === "Conv" ? 0 : 1] ?? 0) / widths;
  if (Number.isInteger(width) && width > 0) return width;
  throw new RangeError(`its first layers fit no width of ${architecture}`);
}

function shapeOf(
  file: OnnxFile,
  description: Pick<ModelDescription, "architecture" | "imageSize">,
): LayersShape {
  const lidShape = [LID_COEFFICIENTS, 3 * nodesAcross(description.imageSize) ** 2].join();
  return {
    width: widthOf(file, description),
    eyes: file.nodes.some(({ operator }) => operator === "Min"), // nothing else takes one
    lids: [...file.arrays.values()].some(({ shape }) => shape.join() === lidShape),
  };
}

function emptyNetwork(file: OnnxFile, description: ModelDescription): tf.LayersModel {
  const { architecture, imageSize, encoding, expressionNames = [] } = description;
  return buildNetwork({
    architecture,
    imageSize,
    encoding,
    ...shapeOf(file, description),
    seed: 0,
    expressionWeight: Number(file.outputs.includes(EXPRESSIONS)),
    absentShare: Number(file.outputs.includes(PRESENCE)),
  }, expressionNames.length);
}

interface Linear extends tf.layers.Layer {
  readonly kernel: tf.LayerVariable;
  readonly bias?: tf.LayerVariable | null;
  readonly strides: [number, number];
}

/** Operators that hold weights of layers: `Mul` a shortcut's scales, where no kernel could take them in. */
const holders = ["Conv", "Gemm", "Mul"];

/** Reads weights in the order in which layers are written as ONNX. */
class WeightReader {
  readonly #arrays: OnnxFile["arrays"];
  readonly #holders: OnnxFile["nodes"];
  #next = 0;
  /** Kernels of layers without a bias that no normalization has come after yet. */
  readonly #kernels = new Map<tf.layers.Layer, Float32Array>();
  /** What is added after them. */
  readonly #biases = new Map<tf.layers.Layer, Float32Array>();

  constructor({ nodes, arrays }: OnnxFile) {
    this.#arrays = arrays;
    this.#holders = nodes.filter(({ operator, inputs }) => holders.includes(operator) && arrays.has(inputs[1] ?? ""));
  }

  read(network: tf.LayersModel): void {
    const [output, ...heads] = network.outputs as [tf.SymbolicTensor];
    const layers = new Set<tf.layers.Layer>();
    for (const tensor of [...heads, output]) addLayersTo(tensor, layers);
    for (const layer of layers) {
      if (["Conv2D", "Conv2DTranspose", "Dense"].includes(layer.getClassName())) this.#readLinear(layer as Linear);
      else if (isChannelNormalization(layer)) this.#normalize(layer);
    }
    for (const [layer, kernel] of this.#kernels) writeValues((layer as Linear).kernel, kernel); // of those without either
    const left = this.#holders.slice(this.#next).filter(({ operator }) => operator !== "Mul"); // by which maps are decoded
    if (left.length > 0) throw new RangeError(`it has ${left.length} layers of weights more than ${network.name}`);
  }

  #readLinear(layer: Linear): void {
    const kernel = new Float32Array(layer.kernel.shape.reduce((product, length) => product! * length!, 1)!);
    let bias: Float32Array | undefined;
    for (const { places, shape } of partsOf(layer, Float32Array.from(kernel.keys()))) {
      const part = this.#take(layer);
      if (part.kernel.shape.join() !== shape.join()) {
        throw new RangeError(`its weights for ${layer.name} have the shape [${part.kernel.shape}], not [${shape}]`);
      }
      part.kernel.values.forEach((value, i) => kernel[places[i]!] = value);
      bias = part.bias;
    }
    if (takesImage(layer)) kernel.forEach((value, i) => kernel[i] = 255 * value); // there, bytes
    if (layer.bias) {
      writeValues(layer.bias, bias ?? new Float32Array(layer.bias.shape[0]!));
      writeValues(layer.kernel, kernel);
    } else {
      this.#kernels.set(layer, kernel);
      this.#biases.set(layer, bias ?? new Float32Array(channelsOf(layer)));
    }
  }

  #take(layer: tf.layers.Layer): { readonly kernel: OnnxWeights; readonly bias: Float32Array | undefined } {
    const { operator, inputs } = this.#holders[this.#next++] ?? {};
    if (!operator || operator === "Mul") throw new RangeError(`it has no weights for ${layer.name}`);
    return { kernel: this.#arrays.get(inputs![1]!)!, bias: this.#arrays.get(inputs![2] ?? "")?.values };
  }

  /**
   * Kernels that were scaled are scaled back: where a shortcut is added to what they give, by what it was scaled by, and
   * else to the length of new ones.
   */
  #normalize(layer: NormalizationLayer): void {
    const source = (layer.input as tf.SymbolicTensor).sourceLayer;
    const terms = source.getClassName() === "Add" ? inputsOf(source).map(({ sourceLayer }) => sourceLayer) : [source];
    const linear = terms.filter((term) => this.#kernels.has(term)) as Linear[];
    const isAddedTo = linear.length < terms.length;
    const scale = isAddedTo ? this.#shortcutScale(layer) : this.#lengthsOf(linear);
    const offset = scale.map((_, c) => linear.reduce((sum, term) => sum + this.#biases.get(term)![c]!, 0));
    for (const term of linear) {
      const channelOf = channelPlaces(term);
      writeValues(term.kernel, this.#kernels.get(term)!.map((value, i) => value / scale[channelOf(i)]!));
      this.#kernels.delete(term);
    }
    // so that what is folded again is the same to the bit
    const variance = scale.map(() => 1 - layer.epsilon);
    setAffine(layer, { scale, offset }, { mean: scale.map(() => 0), variance });
  }

  /** [channels], a shortcut's scales; 1 where other kernels have taken them in. */
  #shortcutScale(layer: tf.layers.Layer): Float32Array {
    const channels = channelsOf(layer), next = this.#holders[this.#next];
    if (next?.operator !== "Mul") return new Float32Array(channels).fill(1);
    this.#next++;
    const { values } = this.#arrays.get(next.inputs[1]!)!;
    return Float32Array.from({ length: channels }, (_, c) => values[c % values.length]! || LEAST_SCALE);
  }

  /** [channels], length of each channel's kernels together, relative to that of the kernels that the layers have. */
  #lengthsOf(layers: readonly Linear[]): Float32Array {
    const channels = channelsOf(layers[0]!);
    const [found, usual] = [new Float64Array(channels), new Float64Array(channels)];
    for (const layer of layers) {
      const channelOf = channelPlaces(layer);
      this.#kernels.get(layer)!.forEach((value, i) => found[channelOf(i)]! += value ** 2);
      valuesOf(layer.kernel).forEach((value, i) => usual[channelOf(i)]! += value ** 2);
    }
    return Float32Array.from(found, (square, c) => Math.sqrt(square / usual[c]!) || 1);
  }
}

/** In place of 0, where all kernels are 0, too. */
const LEAST_SCALE = 1e-30;

interface Part {
  readonly shape: readonly number[];
  /** Where each of its numbers stands in the layer's kernel. */
  readonly places: Float32Array;
}

/** The constants of ONNX that a layer's kernel is written as, whose numbers are these. */
function partsOf(layer: Linear, places: Float32Array): Part[] {
  if (layer.getClassName() === "Dense") return [{ shape: layer.kernel.shape as number[], places }];
  const kernelShape = layer.kernel.shape as KernelShape;
  const [height, width, first, second] = kernelShape;
  if (layer.getClassName() === "Conv2D") {
    return [{ shape: [second, first, height, width], places: permuted(places, kernelShape, [3, 2, 0, 1]) }];
  }
  if (layer.strides.every((stride) => stride === 1)) {
    const turned = permuted(turn(places, kernelShape), [height, width, second, first], [3, 2, 0, 1]);
    return [{ shape: [first, second, height, width], places: turned }];
  }
  const shape = (layer.outputShape as number[]).slice(1);
  const transposed = { kernelShape, strides: layer.strides, padding: "same", shape } as const;
  return phasesOf(transposed, 0).flatMap(({ taps: rows }) =>
    phasesOf(transposed, 1).map(({ taps: columns }) => ({
      shape: [first, second, rows.length, columns.length],
      places: permuted(pickTaps(places, kernelShape, [rows, columns]), [rows.length, columns.length, first, second], [
        2,
        3,
        0,
        1,
      ]),
    }))
  );
}

/** Which output channel a place of a layer's kernel belongs to. */
function channelPlaces(layer: Linear): (place: number) => number {
  const [, , first, second] = layer.kernel.shape as KernelShape;
  return layer.getClassName() === "Conv2D" ? (place) => place % second : (place) => Math.floor(place / second) % first;
}

function channelsOf(layer: tf.layers.Layer): number {
  return (layer.outputShape as number[]).at(-1)!;
}

function takesImage(layer: tf.layers.Layer): boolean {
  return inputsOf(layer).some(({ sourceLayer }) => sourceLayer.getClassName() === "InputLayer");
}

/** The light network's last kernels give pixels in ONNX, which its eyes' places are read from, where its maps are encoded. */
function encodeMaps(network: tf.LayersModel, { imageSize, encoding }: ModelDescription): void {
  const { scale, offsets } = positionScale({ size: imageSize, encoding });
  for (const layer of network.layers as Linear[]) {
    const { name, kernel, bias } = layer;
    if (![SMOOTH_LAYER, FINE_LAYER, LID_NODES].includes(name)) continue;
    writeValues(kernel, valuesOf(kernel).map((value) => scale * value));
    const added = name === SMOOTH_LAYER ? offsets : [0, 0, 0];
    writeValues(bias!, valuesOf(bias!).map((value, i) => scale * value + added[i % 3]!));
  }
  const eyes = network.layers.find(({ name }) => name === EYE_LANDMARKS) as Linear | undefined;
  if (!eyes) return;
  const kernel = valuesOf(eyes.kernel).map((value) => value / scale), bias = valuesOf(eyes.bias!).slice();
  kernel.forEach((value, i) => bias[i % bias.length]! -= value * offsets[Math.floor(i / bias.length) % 3]!);
  writeValues(eyes.kernel, kernel);
  writeValues(eyes.bias!, bias);
}
