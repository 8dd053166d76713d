import * as tf from "@tensorflow/tfjs";
import { activate, channelsOf, convolve, convolveTransposed, normalize } from "./layers.ts";

const MOMENTUM = 0.99; // slim's 0.999 leaves the first thousands of steps with statistics of weights long gone

/** The first convolution. */
export const FIRST_LAYER = "Conv";

export interface PrnetOptions {
  /** Pixels a side, of the image and of the map; a multiple of 32. Published: 256. */
  readonly imageSize: number;
  /** Channels after the first convolution; all others are in proportion. Published: 16. */
  readonly width: number;
  readonly seed: number;
}

/**
 * PRNet (Feng et al., ECCV 2018, section 3.2) as its authors' code has it: RGB in [0, 1] to encoded positions in
 * (0, 1). Layers have the names that the published checkpoint gives its variables, below its scope `resfcn256`, so
 * `Conv2d_transpose_3` holds `resfcn256/Conv2d_transpose_3/weights`.
 */
export function buildPrnet({ imageSize, width, seed }: PrnetOptions): tf.LayersModel {
  if (imageSize % 32 !== 0) throw new RangeError(`Cannot halve ${imageSize} pixels five times: PRNet needs that`);
  const image = tf.input({ shape: [imageSize, imageSize, 3], name: "image" });
  const first = { name: FIRST_LAYER, channels: width, kernel: 4, seed };

  let x = normalized(convolve(image, first), first.name);
  x = residualBlock(x, { name: "resBlock", channels: 2 * width, stride: 2, seed });
  x = residualBlock(x, { name: "resBlock_1", channels: 2 * width, stride: 1, seed });
  x = residualBlock(x, { name: "resBlock_2", channels: 4 * width, stride: 2, seed });
  x = residualBlock(x, { name: "resBlock_3", channels: 4 * width, stride: 1, seed });
  x = residualBlock(x, { name: "resBlock_4", channels: 8 * width, stride: 2, seed });
  x = residualBlock(x, { name: "resBlock_5", channels: 8 * width, stride: 1, seed });
  x = residualBlock(x, { name: "resBlock_6", channels: 16 * width, stride: 2, seed });
  x = residualBlock(x, { name: "resBlock_7", channels: 16 * width, stride: 1, seed });
  x = residualBlock(x, { name: "resBlock_8", channels: 32 * width, stride: 2, seed });
  x = residualBlock(x, { name: "resBlock_9", channels: 32 * width, stride: 1, seed });

  x = decoderStage(x, { name: "Conv2d_transpose", channels: 32 * width, stride: 1, seed });
  x = decoderStage(x, { name: "Conv2d_transpose_1", channels: 16 * width, stride: 2, seed });
  x = decoderStage(x, { name: "Conv2d_transpose_2", channels: 16 * width, stride: 1, seed });
  x = decoderStage(x, { name: "Conv2d_transpose_3", channels: 16 * width, stride: 1, seed });
  x = decoderStage(x, { name: "Conv2d_transpose_4", channels: 8 * width, stride: 2, seed });
  x = decoderStage(x, { name: "Conv2d_transpose_5", channels: 8 * width, stride: 1, seed });
  x = decoderStage(x, { name: "Conv2d_transpose_6", channels: 8 * width, stride: 1, seed });
  x = decoderStage(x, { name: "Conv2d_transpose_7", channels: 4 * width, stride: 2, seed });
  x = decoderStage(x, { name: "Conv2d_transpose_8", channels: 4 * width, stride: 1, seed });
  x = decoderStage(x, { name: "Conv2d_transpose_9", channels: 4 * width, stride: 1, seed });
  x = decoderStage(x, { name: "Conv2d_transpose_10", channels: 2 * width, stride: 2, seed });
  x = decoderStage(x, { name: "Conv2d_transpose_11", channels: 2 * width, stride: 1, seed });
  x = decoderStage(x, { name: "Conv2d_transpose_12", channels: width, stride: 2, seed });
  x = decoderStage(x, { name: "Conv2d_transpose_13", channels: width, stride: 1, seed });
  x = decoderStage(x, { name: "Conv2d_transpose_14", channels: 3, stride: 1, seed });
  x = decoderStage(x, { name: "Conv2d_transpose_15", channels: 3, stride: 1, seed });
  x = decoderStage(x, { name: "Conv2d_transpose_16", channels: 3, stride: 1, seed, activation: "sigmoid" });
  return tf.model({ inputs: image, outputs: x, name: "prnet" });
}

interface StageOptions {
  readonly name: string;
  readonly channels: number;
  readonly stride: 1 | 2;
  readonly seed: number;
}

/** Narrow, convolve, widen; the shortcut joins before batch normalization. */
function residualBlock(x: tf.SymbolicTensor, { name, channels, stride, seed }: StageOptions): tf.SymbolicTensor {
  const [narrow, middle, wide] = [`${name}/Conv`, `${name}/Conv_1`, `${name}/Conv_2`];
  const shortcut = stride === 1 && channelsOf(x) === channels
    ? x
    : convolve(x, { name: `${name}/shortcut`, channels, kernel: 1, stride, seed });
  let y = normalized(convolve(x, { name: narrow, channels: channels / 2, kernel: 1, seed }), narrow);
  y = normalized(convolve(y, { name: middle, channels: channels / 2, kernel: 4, stride, seed }), middle);
  y = convolve(y, { name: wide, channels, kernel: 1, seed });
  y = tf.layers.add({ name: `${name}/add` }).apply([y, shortcut]) as tf.SymbolicTensor;
  return normalized(y, name);
}

function decoderStage(
  x: tf.SymbolicTensor,
  { name, channels, stride, seed, activation = "relu" }: StageOptions & { readonly activation?: "relu" | "sigmoid" },
): tf.SymbolicTensor {
  return normalized(convolveTransposed(x, { name, channels, kernel: 4, stride, seed }), name, activation);
}

/** Batch normalization and the activation. */
function normalized(x: tf.SymbolicTensor, name: string, activation: "relu" | "sigmoid" = "relu"): tf.SymbolicTensor {
  return activate(normalize(x, { name: `${name}/BatchNorm`, momentum: MOMENTUM }), `${name}/${activation}`, activation);
}
