import * as tf from "@tensorflow/tfjs";
import { hostWeights } from "@/lib/tensorflow/backend/host_tensors.ts";
import type { NormalizationLayer } from "@/lib/tensorflow/ops/batch_norm.ts";

/** One channel's y = scale · x + offset, for all channels. */
export interface Affine {
  readonly scale: Float32Array;
  readonly offset: Float32Array;
}

export function isChannelNormalization(layer: tf.layers.Layer): layer is NormalizationLayer {
  const { axis } = layer as NormalizationLayer;
  return layer.getClassName() === "BatchNormalization" && (axis === -1 || axis === 3);
}

/** What a normalization does outside of training. */
export function affineOf({ gamma, beta, movingMean, movingVariance, epsilon }: NormalizationLayer): Affine {
  const [mean, variance] = [valuesOf(movingMean), valuesOf(movingVariance)];
  const gains = gamma && valuesOf(gamma);
  const shifts = beta && valuesOf(beta);
  const scale = variance.map((value, i) => (gains?.[i] ?? 1) / Math.sqrt(value + epsilon));
  return { scale, offset: scale.map((factor, i) => (shifts?.[i] ?? 0) - factor * mean[i]!) };
}

/** Statistics of what comes into a normalization, of each channel. */
export interface ChannelStatistics {
  readonly mean: Float32Array;
  readonly variance: Float32Array;
}

/** Has a normalization do this outside of training, whatever the statistics that it keeps. */
export function setAffine(
  layer: NormalizationLayer,
  { scale, offset }: Affine,
  { mean, variance }: ChannelStatistics,
): void {
  writeValues(layer.movingMean, mean);
  writeValues(layer.movingVariance, variance);
  writeValues(layer.gamma!, scale.map((factor, i) => factor * Math.sqrt(variance[i]! + layer.epsilon)));
  writeValues(layer.beta!, offset.map((value, i) => value + scale[i]! * mean[i]!));
}

/**
 * Gives a network's normalizations, but those that are frozen, the statistics of these pictures, and changes nothing of what it computes outside of training:
 * in training, where normalizations use each batch's own, it then computes nearly the same, too.
 *
 * @param batches [count, size, size, 3] each, RGB in [0, 1], all of the same count
 * @param isMeant whether a normalization is meant, by the name of its mean: all are, unless given. New ones have nothing to
 * keep, and are to give what has been normalized
 */
export async function measureStatistics(
  network: tf.LayersModel,
  batches: AsyncIterable<tf.Tensor4D>,
  isMeant: (weightName: string) => boolean = () => true,
): Promise<void> {
  const layers = network.layers.filter(isChannelNormalization).filter(({ trainable, movingMean }) =>
    trainable && isMeant(movingMean.originalName)
  );
  if (layers.length === 0) return;
  const inputs = tf.model({ inputs: network.inputs, outputs: layers.map(({ input }) => input as tf.SymbolicTensor) });
  const sums = layers.map(({ input }) => {
    const channels = (input as tf.SymbolicTensor).shape.at(-1)!;
    return { mean: new Float64Array(channels), square: new Float64Array(channels) };
  });
  let count = 0;
  for await (const images of batches) {
    count++;
    const moments = tf.tidy(() =>
      [inputs.predict(images)].flat().flatMap((values) => {
        const { mean, variance } = tf.moments(values, [0, 1, 2]);
        return [mean, variance];
      })
    );
    const values = await Promise.all(moments.map((moment) => moment.data<"float32">()));
    tf.dispose(moments);
    sums.forEach(({ mean, square }, i) => {
      const [means, variances] = [values[2 * i]!, values[2 * i + 1]!];
      means.forEach((value, c) => {
        mean[c]! += value;
        square[c]! += variances[c]! + value ** 2;
      });
    });
  }
  await hostWeights(network);
  layers.forEach((layer, i) => {
    const mean = Float32Array.from(sums[i]!.mean, (sum) => sum / count);
    const variance = Float32Array.from(sums[i]!.square, (sum, c) => Math.max(0, sum / count - mean[c]! ** 2));
    setAffine(layer, affineOf(layer), { mean, variance });
  });
}

/** The weights, in row-major order. */
export function valuesOf(variable: tf.LayerVariable): Float32Array {
  return variable.read().dataSync<"float32">();
}

/** Writes weights in row-major order, as many as the variable has. */
export function writeValues(variable: tf.LayerVariable, values: Float32Array): void {
  tf.tidy(() => void variable.write(tf.tensor(values, variable.shape as number[])));
}
