import * as tf from "@tensorflow/tfjs";
import type { Config } from "@/lib/config.ts";
import { decodePositions, type PositionEncoding } from "@/lib/data/position_map.ts";
import { type ExampleMaps, initializeLite } from "@/lib/model/initialize.ts";
import { buildLite } from "@/lib/model/lite.ts";
import { buildPrnet } from "@/lib/model/prnet.ts";
import type { Photo, PositionMap } from "@/lib/types.ts";

/**
 * The network of a run's settings, its weights drawn from the seed. It takes RGB [batch, size, size, 3] in [0, 1] to
 * encoded positions [batch, size, size, 3].
 */
export function buildNetwork(config: Pick<Config, "model" | "imageSize" | "width" | "seed">): tf.LayersModel {
  return config.model === "prnet" ? buildPrnet(config) : buildLite(config);
}

/** Gives a new network what it can know of faces before training: the light one these maps' mean, PRNet nothing. */
export function initializeNetwork(network: tf.LayersModel, examples: ExampleMaps & Pick<Config, "model">): void {
  if (examples.model === "lite") initializeLite(network, examples);
}

/** [batch, height, width, 3], RGB in [0, 1], of pictures of one size. Whoever calls disposes it. */
export function imagesTensor(photos: readonly Photo[]): tf.Tensor4D {
  if (photos.length === 0) throw new RangeError("Cannot make a tensor of no pictures");
  const { width, height } = photos[0]!;
  const length = width * height * 3;
  const values = new Float32Array(photos.length * length);
  photos.forEach((photo, i) => {
    if (photo.width !== width || photo.height !== height) {
      throw new TypeError(
        `Cannot make one tensor of pictures of ${width} × ${height} and of ${photo.width} × ${photo.height}`,
      );
    }
    for (let k = 0; k < length; k++) values[i * length + k] = photo.rgb[k]! / 255;
  });
  return tf.tensor4d(values, [photos.length, height, width, 3]);
}

/** The position maps that a network sees in crops of its image size, all at once. */
export function predictMaps(
  network: tf.LayersModel,
  crops: readonly Photo[],
  { encoding }: { readonly encoding: PositionEncoding },
): PositionMap[] {
  const size = network.inputs[0]!.shape[1]!;
  const maps = tf.tidy(() => network.apply(imagesTensor(crops), { training: false }) as tf.Tensor4D);
  const encoded = maps.dataSync<"float32">(); // not returned from tidy, which would look for tensors in every element
  maps.dispose();
  const length = 3 * size * size;
  return crops.map((_, i) => ({
    size,
    positions: decodePositions(encoded.slice(i * length, (i + 1) * length), { size, encoding }),
  }));
}
