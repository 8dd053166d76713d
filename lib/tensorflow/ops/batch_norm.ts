import * as tf from "@tensorflow/tfjs";
import { execute } from "@/lib/tensorflow/backend/backend.ts";

const KERNEL = "PosmapFusedBatchNorm";

type Inputs = Record<"x" | "scale" | "offset" | "mean" | "variance", tf.Tensor>;

interface Attributes {
  readonly epsilon: number;
  readonly training: boolean;
}

/**
 * Normalizes each channel of x [batch, height, width, channels] by its mean and variance, in training those over all else of
 * x, then applies scale and offset [channels]: y, mean, variance, and three that the gradient, of y alone, needs.
 */
function normalize(inputs: Inputs, attributes: Attributes): tf.Tensor[] {
  return tf.engine().runKernel(KERNEL, inputs, { ...attributes }) as tf.Tensor[];
}

function opAttributes({ epsilon, training }: Attributes) {
  return { epsilon, is_training: training, data_format: "NHWC" };
}

/** What ranks whose statistics are those of all their batches do together; `Collectives` of `Ranks` do it. */
export interface StatisticsRanks {
  /** [ranks, length], every rank's tensor of shape [length]. */
  gather(tensor: tf.Tensor1D): tf.Tensor2D;
  /** The mean over ranks. */
  meanOf<T extends tf.Tensor>(tensor: T): T;
}

/**
 * As `normalize` in training, by mean and variance over the batches of all ranks, which are of one size: y, mean, and
 * variance with Bessel's correction.
 */
function normalizeTogether(
  { x, scale, offset }: Pick<Inputs, "x" | "scale" | "offset">,
  { epsilon, ranks }: Pick<Attributes, "epsilon"> & { readonly ranks: StatisticsRanks },
): tf.Tensor[] {
  const channels = scale.size;
  const count = x.size / channels; // of a channel, here
  const none = tf.tensor1d([], "float32");
  const training = opAttributes({ epsilon, training: true });
  const [, mean, variance] = execute("FusedBatchNormV3", training, [x, scale, offset, none, none], 6);
  const [means, variances] = tf.split(ranks.gather(tf.concat([mean!, variance!]) as tf.Tensor1D), 2, 1);
  const all = count * means!.shape[0]!;
  const meanOfAll = tf.mean(means!, 0);
  // within ranks and between them (Chan, Golub and LeVeque, 1983, equation 2.1, for parts of one size)
  const within = tf.mul(variances!, (count - 1) / count);
  const varianceOfAll = tf.mean(tf.add(within, tf.square(tf.sub(means!, meanOfAll))), 0);
  const attributes = opAttributes({ epsilon, training: false });
  const normalizeAll = tf.customGrad((...parameters) => {
    const [x, scale, offset, save] = parameters as unknown as [tf.Tensor, tf.Tensor, tf.Tensor, tf.GradSaveFunc];
    const outputs = execute("FusedBatchNormV3", attributes, [x, scale, offset, meanOfAll, varianceOfAll], 6);
    save([x, scale, ...outputs.slice(3)]);
    return {
      value: outputs[0]!,
      gradFunc: (dy: tf.Tensor, [x, scale, ...reserved]: tf.Tensor[]) => {
        const inputs = [dy, x!, scale!, ...reserved];
        const [dx, dScale, dOffset] = execute("FusedBatchNormGradV3", attributes, inputs, 5);
        // dx as if mean and variance were constants; now what they pass on (Ioffe and Szegedy, 2015, section 3)
        const [slope, shift] = tf.split(tf.div(ranks.meanOf(tf.concat([dScale!, dOffset!])), count), 2);
        const inverse = tf.rsqrt(tf.add(varianceOfAll, epsilon));
        const factor = tf.mul(scale!, inverse);
        const byX = tf.mul(tf.mul(factor, inverse), slope!);
        const constant = tf.sub(tf.mul(factor, shift!), tf.mul(byX, meanOfAll));
        return [tf.sub(dx!, tf.add(tf.mul(x!, byX), constant)), dScale!, dOffset!];
      },
    };
  });
  return [normalizeAll(x, scale, offset), meanOfAll, tf.mul(varianceOfAll, all / (all - 1))];
}

tf.registerKernel({
  kernelName: KERNEL,
  backendName: "tensorflow",
  kernelFunc: ({ inputs, attrs }) => {
    const { x, scale, offset, mean, variance } = inputs as Inputs;
    const attributes = opAttributes(attrs as unknown as Attributes);
    return execute("FusedBatchNormV3", attributes, [x, scale, offset, mean, variance], 6);
  },
});

tf.registerGradient({
  kernelName: KERNEL,
  inputsToSave: ["x", "scale"],
  outputsToSave: [false, false, false, true, true, true],
  gradFunc: (dys, saved, attrs) => {
    const [dy] = dys as tf.Tensor[]; // the statistics pass no gradient on
    const attributes = opAttributes(attrs as unknown as Attributes);
    const [x, scale, ...reserved] = saved;
    const [dx, dScale, dOffset] = execute("FusedBatchNormGradV3", attributes, [dy!, x!, scale!, ...reserved], 5);
    return { x: () => dx!, scale: () => dScale!, offset: () => dOffset! };
  },
});

/** What tfjs keeps private of its layer that normalizes channels. */
export interface NormalizationLayer extends tf.layers.Layer {
  readonly axis: number;
  readonly momentum: number;
  readonly epsilon: number;
  readonly gamma?: tf.LayerVariable;
  readonly beta?: tf.LayerVariable;
  readonly movingMean: tf.LayerVariable;
  readonly movingVariance: tf.LayerVariable;
}

type BatchNormalizationArgs = NonNullable<Parameters<typeof tf.layers.batchNormalization>[0]>;

// tfjs exports a function that makes its layer, but not the class
const StockBatchNormalization = tf.layers.batchNormalization({ name: "stock_batch_normalization" })
  .constructor as unknown as new (args: BatchNormalizationArgs) => NormalizationLayer;

interface NormalizationArguments {
  readonly training?: boolean;
  readonly ranks?: StatisticsRanks;
}

/**
 * tfjs's batch normalization layer on TensorFlow's fused op: the same settings, weights and class name, so what is
 * saved with it loads as the stock layer. It differs in that the moving variance has Bessel's correction, the sum of
 * squares divided by n - 1, as Keras's fused layer and PyTorch's have it; what is normalized is by the uncorrected one.
 * One that is not trainable does in training what it does outside of it, as Keras's.
 * In training with the argument `ranks`, mean and variance are those of all ranks. Other backends, and inputs that are not images with channels last, take the stock layer's way.
 */
export class FusedBatchNormalization extends StockBatchNormalization {
  override call(inputs: tf.Tensor | tf.Tensor[], kwargs: NormalizationArguments): tf.Tensor | tf.Tensor[] {
    const x = (Array.isArray(inputs) ? inputs[0]! : inputs) as tf.Tensor4D;
    const channelsLast = this.axis === -1 || this.axis === x.rank - 1;
    const training = kwargs.training === true && this.trainable;
    if (tf.getBackend() !== "tensorflow" || x.rank !== 4 || !channelsLast) {
      return super.call(inputs, { ...kwargs, training });
    }
    return tf.tidy(() => {
      const scale = this.gamma?.read() ?? tf.ones([x.shape[3]]);
      const offset = this.beta?.read() ?? tf.zeros([x.shape[3]]);
      const { epsilon, movingMean, movingVariance } = this;
      const { ranks } = kwargs;
      const none = tf.tensor1d([], "float32"); // the op takes no statistics where it finds its own
      const [mean, variance] = training ? [none, none] : [movingMean.read(), movingVariance.read()];
      const [y, batchMean, batchVariance] = training && ranks
        ? normalizeTogether({ x, scale, offset }, { epsilon, ranks })
        : normalize({ x, scale, offset, mean, variance }, { epsilon, training });
      if (training) {
        this.#update(movingMean, batchMean!);
        this.#update(movingVariance, batchVariance!);
      }
      return y!;
    });
  }

  #update(moving: tf.LayerVariable, batch: tf.Tensor): void {
    moving.write(tf.add(tf.mul(moving.read(), this.momentum), tf.mul(batch, 1 - this.momentum)));
  }
}
