import * as tf from "@tensorflow/tfjs";
import type { Config } from "@/lib/config.ts";
import { type PositionEncoding, positionScale } from "@/lib/data/maps/position_map.ts";

/**
 * The mean over batch, texels and coordinates of the error, squared ("mse") or absolute ("l1"), each texel weighted by
 * the mask, and depth beside 1 of x and y: the sum of weighted errors divided by the sum of weights, so that it compares
 * across masks and sizes. PRNet's loss (equation 2) is "mse" without that division, all coordinates weighted alike.
 * Differentiable with respect to what was predicted; the gradient of a coordinate without an error is 0.
 *
 * @param predicted [batch, size, size, 3], encoded positions
 * @param target the same shape
 * @param mask [size, size], weights of which at least one is positive
 */
export function positionLoss(
  predicted: tf.Tensor4D,
  target: tf.Tensor4D,
  mask: tf.Tensor2D,
  { loss: kind, depthWeight = 1 }: Pick<Config, "loss"> & Partial<Pick<Config, "depthWeight">>,
): tf.Scalar {
  tf.util.assertShapesMatch(predicted.shape, target.shape, "Cannot compare the maps: ");
  const [batch, height, width, coordinates] = predicted.shape;
  const mapLength = height * width * coordinates;
  const axisWeights = [1, 1, depthWeight];
  // one op over full maps in place of several: they are the largest tensors of a step
  const weightedError = tf.customGrad((...parameters) => {
    const [x, save] = parameters as unknown as [tf.Tensor4D, tf.GradSaveFunc];
    // maps as rows: weights that span a whole row are multiplied many at a time
    const error = tf.reshape(tf.sub(x, target), [batch, mapLength]);
    const shares = tf.div(tf.reshape(mask, [height * width, 1]), tf.mul(tf.sum(mask), batch * (2 + depthWeight)));
    const weights = tf.reshape(tf.mul(shares, tf.tensor2d([axisWeights])), [mapLength, 1]);
    save([error, weights]);
    return {
      value: tf.sum(tf.matMul(kind === "mse" ? tf.square(error) : tf.abs(error), weights)),
      gradFunc: (dy: tf.Tensor, [error, weights]: tf.Tensor[]) => {
        const slope = kind === "mse" ? error! : tf.sign(error!);
        const factor = tf.mul(weights!, kind === "mse" ? tf.mul(dy, 2) : dy);
        return tf.reshape(tf.mul(slope, tf.reshape(factor, [1, mapLength])), predicted.shape);
      },
    };
  });
  return weightedError(predicted) as tf.Scalar;
}

/**
 * The mean squared error of expressions' amounts, those of faces that are there; mean over the batch. Most amounts are 0
 * in most faces: an absolute error is content with saying so of all.
 *
 * @param predicted [batch, count]
 * @param target [batch, count], 0 to 1
 * @param presence [batch], 1 or 0
 */
export function expressionLoss(predicted: tf.Tensor2D, target: tf.Tensor2D, presence: tf.Tensor1D): tf.Scalar {
  return tf.mean(tf.mul(tf.mean(tf.square(tf.sub(predicted, target)), 1), presence));
}

/** What a grid of points that are found in the picture is compared with. */
interface PointTruth {
  /** [batch, size, size, 3], encoded positions; the last point of a row or column belongs to the map's last texel. */
  readonly target: tf.Tensor4D;
  /** [size, size], how much a point counts by the texel that it belongs to. */
  readonly mask: tf.Tensor2D;
  /** [batch], 1 or 0 */
  readonly presence: tf.Tensor1D;
}

/**
 * The error of a grid of points that are found in the picture: the mean of absolute errors of x and y over the batch's faces
 * and the grid, each weighted by the mask where its point lies.
 *
 * @param points [batch, n, n, 2], encoded
 */
export function pointLoss(points: tf.Tensor4D, truth: PointTruth): tf.Scalar {
  const [batch, across] = points.shape, count = across ** 2;
  const { wanted, shares } = truthAt(across, truth);
  const errors = tf.sum(tf.abs(tf.sub(tf.reshape(points, [batch, count, 2]), wanted)), 2);
  return tf.sum(tf.mul(errors, tf.div(shares, 2)));
}

/**
 * The cross-entropy, in nats, of the heatmaps that these points are found by, weighted as their errors are: a point is to be
 * in the four cells around it, by bilinear shares, whose mean place is its own. Points beyond the middles of the outermost
 * cells count nothing. The error of the mean alone teaches heatmaps as wide as a face (Nibali et al., 2018, arXiv
 * 1801.07372, have them narrow for the same reason).
 *
 * @param logits [batch, n², cells], of a square of cells that the picture is divided into
 */
export function heatmapLoss(
  logits: tf.Tensor3D,
  { encoding, ...truth }: PointTruth & { readonly encoding: PositionEncoding },
): tf.Scalar {
  const [batch, count, cells] = logits.shape, side = Math.sqrt(cells), size = truth.target.shape[1];
  const { wanted, shares } = truthAt(Math.sqrt(count), truth);
  const { scale, offsets: [left, top] } = positionScale({ size, encoding });
  const places = tf.sub(tf.mul(tf.sub(wanted, [left, top]), side / (scale * size)), 0.5); // in cells from the first
  const isInside = tf.all(tf.logicalAnd(tf.greaterEqual(places, 0), tf.lessEqual(places, side - 1)), 2);
  const weights = tf.mul(shares, tf.cast(isInside, "float32"));
  const [across, down] = tf.split(places, 2, 2).map((place) =>
    tf.relu(tf.sub(1, tf.abs(tf.sub(tf.range(0, side), place)))) // a tent around each cell's middle
  );
  const aim = tf.reshape(
    tf.mul(tf.expandDims(down!, 3), tf.expandDims(across!, 2)),
    [batch, count, cells],
  );
  // one op: its gradient is what the softmax has too much, where that of a logarithm would divide by it
  const entropy = tf.customGrad((...parameters) => {
    const [x, save] = parameters as unknown as [tf.Tensor3D, tf.GradSaveFunc];
    const most = tf.max(x, 2, true), shifted = tf.sub(x, most);
    const powers = tf.exp(shifted), sums = tf.sum(powers, 2, true);
    const found = tf.sub(tf.squeeze(tf.log(sums), [2]), tf.sum(tf.mul(aim, shifted), 2));
    save([tf.sub(tf.div(powers, sums), aim), tf.expandDims(weights, 2)]);
    return {
      value: tf.sum(tf.mul(found, weights)),
      gradFunc: (dy: tf.Tensor, [excess, weights]: tf.Tensor[]) => tf.mul(excess!, tf.mul(weights!, dy)),
    };
  });
  return entropy(logits) as tf.Scalar;
}

/**
 * What a grid of n × n points is to be: `wanted`, [batch, n², 2], encoded; and what each point counts: `shares`, [batch, n²],
 * which add up to 1 if there is a face in every picture.
 */
function truthAt(across: number, { target, mask, presence }: PointTruth): { wanted: tf.Tensor3D; shares: tf.Tensor2D } {
  const [batch, size] = target.shape;
  const texel = (i: number) => Math.min(size - 1, i * size / (across - 1));
  const texels = tf.tensor1d(
    Array.from({ length: across ** 2 }, (_, i) => size * texel(Math.floor(i / across)) + texel(i % across)),
    "int32",
  );
  const positions = tf.gather<tf.Tensor3D>(tf.reshape(target, [batch, size ** 2, 3]), texels, 1);
  const weights = tf.gather(tf.reshape(mask, [size ** 2]), texels);
  return {
    wanted: tf.slice(positions, [0, 0, 0], [-1, -1, 2]),
    shares: tf.mul(tf.div(weights, tf.mul(tf.sum(weights), batch)), tf.expandDims(presence, 1)),
  };
}

/**
 * The cross-entropy of whether there is a face, in nats, mean over the batch.
 *
 * @param predicted [batch, 1], in (0, 1)
 * @param presence [batch], 1 or 0
 */
export function presenceLoss(predicted: tf.Tensor2D, presence: tf.Tensor1D): tf.Scalar {
  const chance = tf.clipByValue(tf.reshape(predicted, [-1]), 1e-6, 1 - 1e-6);
  const ofTruth = tf.add(tf.mul(presence, chance), tf.mul(tf.sub(1, presence), tf.sub(1, chance)));
  return tf.neg(tf.mean(tf.log(ofTruth)));
}

/** Targets of faces that are there; in place of the others, what was predicted: they teach the map nothing. */
export function targetsOfPresent(
  targets: tf.Tensor4D,
  { predicted, presence }: { readonly predicted: tf.Tensor4D; readonly presence: tf.Tensor1D },
): tf.Tensor4D {
  return tf.where(tf.cast(tf.reshape(presence, [-1, 1, 1, 1]), "bool"), targets, predicted);
}

/** Half the sum of squares of all convolution kernels, as slim's `l2_regularizer` has it, times its strength. */
export function weightPenalty(network: tf.LayersModel, strength: number): tf.Scalar {
  return tf.tidy(() => {
    const kernels = network.trainableWeights.filter(({ originalName }) => originalName.endsWith("/kernel"));
    const squares = kernels.map((kernel) => tf.sum(tf.square(kernel.read())));
    return tf.mul(tf.addN(squares), strength / 2) as tf.Scalar;
  });
}
