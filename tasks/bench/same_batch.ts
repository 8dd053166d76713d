import type { Config } from "@/lib/config.ts";
import type { HostBatch } from "@/lib/data/batches/batches.ts";
import { LANDMARK_COUNT } from "@/lib/face/landmarks.ts";
import { Random } from "@/lib/random.ts";

/** One batch of noise, again and again: data that costs nothing. */
export async function* sameBatch(
  { imageSize, batchSize }: Pick<Config, "imageSize" | "batchSize">,
): AsyncGenerator<HostBatch> {
  const random = new Random("noise");
  const length = batchSize * imageSize * imageSize * 3;
  const images = new Uint8Array(length).map(() => random.integer(0, 255));
  const targets = Float32Array.from(images, (value) => 0.3 + 0.4 * value / 255);
  const landmarks = new Float32Array(batchSize * LANDMARK_COUNT * 3);
  for (let index = 0;; index++) yield { index, imageSize, batchSize, images, targets, landmarks };
}
