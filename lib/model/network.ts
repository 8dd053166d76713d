// Provisional, by the lead, so that others can connect: MODEL replaces this whole file (keep these exports).
import * as tf from "@tensorflow/tfjs";
import type { Config } from "@/lib/config.ts";
import { decodePositions } from "@/lib/data/position_map.ts";
import { buildLite } from "@/lib/model/lite.ts";
import { buildPrnet } from "@/lib/model/prnet.ts";
import type { Photo, PositionMap } from "@/lib/types.ts";

export function buildNetwork(config: Pick<Config, "model" | "imageSize" | "width" | "seed">): tf.LayersModel {
  return config.model === "prnet" ? buildPrnet(config) : buildLite(config);
}

export function imagesTensor(photos: readonly Photo[]): tf.Tensor4D {
  const { width, height } = photos[0]!;
  const values = new Float32Array(photos.length * width * height * 3);
  photos.forEach(({ rgb }, i) => {
    for (let k = 0; k < rgb.length; k++) values[i * rgb.length + k] = rgb[k]! / 255;
  });
  return tf.tensor4d(values, [photos.length, height, width, 3]);
}

export function predictMaps(
  network: tf.LayersModel,
  photos: readonly Photo[],
  encoding: Config["encoding"],
): PositionMap[] {
  const size = photos[0]!.width;
  const encoded = tf.tidy(() =>
    (network.apply(imagesTensor(photos), { training: false }) as tf.Tensor4D).dataSync<"float32">()
  );
  const length = 3 * size * size;
  return photos.map((_, i) => ({
    size,
    positions: decodePositions(encoded.slice(i * length, (i + 1) * length), { size, encoding }),
  }));
}
